#include "base/duration.h"

/* Appends value / 10^digits without zeros at the end. */
static void put_decimal(struct buf *out, uint64_t value, unsigned digits)
{
    uint64_t unit = 1;
    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    buf_uint(out, value / unit);
    uint64_t rest = value % unit;
    if (rest == 0)
        return;
    char text[16] = "";
    for (unsigned i = digits; i-- > 0; rest /= 10)
        text[i] = (char)('0' + rest % 10);
    while (digits > 1 && text[digits - 1] == '0')
        digits--;
    buf_byte(out, '.');
    buf_bytes(out, text, digits);
}

static void put_long(struct buf *out, uint64_t ns)
{
    uint64_t seconds = ns / 1000000000, minutes = seconds / 60, hours = minutes / 60;
    if (hours > 0) {
        buf_uint(out, hours);
        buf_byte(out, 'h');
    }
    if (minutes > 0) {
        buf_uint(out, minutes % 60);
        buf_byte(out, 'm');
    }
    put_decimal(out, ns - minutes * 60 * 1000000000, 9);
    buf_byte(out, 's');
}

void buf_duration(struct buf *out, int64_t ns)
{
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (ns < 0)
        buf_byte(out, '-');
    if (size == 0) {
        buf_str(out, STR("0s"));
    } else if (size < 1000) {
        buf_uint(out, size);
        buf_str(out, STR("ns"));
    } else if (size < 1000000) {
        put_decimal(out, size, 3);
        buf_str(out, STR("µs"));
    } else if (size < 1000000000) {
        put_decimal(out, size, 6);
        buf_str(out, STR("ms"));
    } else {
        put_long(out, size);
    }
}
