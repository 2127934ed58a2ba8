#include "report/gotime.h"

#include <time.h>

enum { nanos_per_second = 1000000000 };

static bool local_time(int64_t nanos, struct tm *local)
{
    time_t seconds = nanos / nanos_per_second - (nanos % nanos_per_second < 0);
    return localtime_r(&seconds, local) != NULL;
}

/* Appends ".5": a fraction of `unit`, without zeros at the end; nothing where it is 0. */
static void put_fraction(struct buf *out, uint64_t fraction, uint64_t unit)
{
    if (fraction == 0)
        return;
    buf_byte(out, '.');
    for (; fraction != 0; fraction = fraction * 10 % unit)
        buf_byte(out, (char)('0' + fraction * 10 / unit));
}

void gotime_put_moment(struct buf *out, int64_t nanos)
{
    struct tm local;
    char text[64];
    if (local_time(nanos, &local) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &local) > 0)
        buf_str(out, str_of(text));
}

void gotime_put_moment_exactly(struct buf *out, int64_t nanos)
{
    struct tm local;
    char text[64];
    if (!local_time(nanos, &local))
        return;
    int64_t fraction = nanos % nanos_per_second;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    buf_str(out, str_of(text));
    put_fraction(out, (uint64_t)(fraction < 0 ? fraction + nanos_per_second : fraction), nanos_per_second);
    strftime(text, sizeof text, " %z %Z", &local);
    buf_str(out, str_of(text));
}

static void put_short(struct buf *out, uint64_t nanos)
{
    static const struct {
        uint64_t nanos;
        const char *name;
    } units[] = {{1000000, "ms"}, {1000, "µs"}, {1, "ns"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (nanos < units[i].nanos)
            continue;
        buf_uint(out, nanos / units[i].nanos);
        put_fraction(out, nanos % units[i].nanos, units[i].nanos);
        buf_str(out, str_of(units[i].name));
        return;
    }
    buf_str(out, STR("0s"));
}

void gotime_put_duration(struct buf *out, int64_t nanos)
{
    uint64_t left = nanos < 0 ? 0 - (uint64_t)nanos : (uint64_t)nanos;
    if (nanos < 0)
        buf_byte(out, '-');
    if (left < nanos_per_second) {
        put_short(out, left);
        return;
    }
    uint64_t seconds = left / nanos_per_second;
    if (seconds >= 3600)
        buf_printf(out, "%luh", (unsigned long)(seconds / 3600));
    if (seconds >= 60)
        buf_printf(out, "%lum", (unsigned long)(seconds / 60 % 60));
    buf_uint(out, seconds % 60);
    put_fraction(out, left % nanos_per_second, nanos_per_second);
    buf_byte(out, 's');
}
