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

/* The unit at the begin of a text: its length in ns, and its letters are cut off; 0 where there is none. */
static uint64_t take_unit(struct str *text)
{
    static const struct {
        struct str name;
        uint64_t ns;
    } units[] = {{STR("ns"), 1},       {STR("us"), 1000},      {STR("\xc2\xb5s"), 1000}, {STR("\xce\xbcs"), 1000},
                 {STR("ms"), 1000000}, {STR("s"), 1000000000}, {STR("m"), 60000000000},  {STR("h"), 3600000000000}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_starts_with(*text, units[i].name)) {
            *text = str_skip(*text, units[i].name.n);
            return units[i].ns;
        }
    }
    return 0;
}

static bool is_digit(struct str text)
{
    return text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9';
}

/* One number with its unit, taken from the begin of a text. */
static bool take_part(struct str *text, uint64_t *ns)
{
    uint64_t whole = 0, fraction = 0;
    double scale = 1;
    bool any = false, full = false;
    for (; is_digit(*text); *text = str_skip(*text, 1), any = true) {
        if (whole > (uint64_t)INT64_MAX / 10)
            return false;
        whole = whole * 10 + (uint64_t)(text->p[0] - '0');
    }
    if (text->n > 0 && text->p[0] == '.') {
        *text = str_skip(*text, 1);
        for (; is_digit(*text); *text = str_skip(*text, 1), any = true) {
            full |= fraction > ((uint64_t)INT64_MAX - 9) / 10; /* more digits than matter */
            if (full)
                continue;
            fraction = fraction * 10 + (uint64_t)(text->p[0] - '0');
            scale *= 10;
        }
    }
    uint64_t unit = any ? take_unit(text) : 0;
    if (unit == 0 || whole > (uint64_t)INT64_MAX / unit)
        return false;
    *ns = whole * unit + (uint64_t)((double)fraction * ((double)unit / scale));
    return true;
}

bool duration_parse(struct str text, int64_t *ns)
{
    uint64_t sum = 0, part;
    if (str_equal(text, STR("0"))) {
        *ns = 0;
        return true;
    }
    if (text.n == 0)
        return false;
    while (text.n > 0) {
        if (!take_part(&text, &part) || part > (uint64_t)INT64_MAX - sum)
            return false;
        sum += part;
    }
    *ns = (int64_t)sum;
    return true;
}
