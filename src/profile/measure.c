/* The tables are small and looked up seldom (once a column or label value), so a look-up is a linear search; what has
 * to be exact is the arithmetic: one multiplication and one division of doubles, in pprof's order. */
#include "profile/measure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct unit {
    struct str name;       /* as printed */
    struct str aliases[3]; /* lower case, without a plural s; unused ones are empty */
    double factor;         /* how many base units it is */
};

struct kind {
    struct unit fallback; /* where the wanted unit is of another kind, or nothing fits */
    size_t n;
    struct unit units[9]; /* ascending */
};

#define NAME(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static const struct kind kinds[] = {
    {{NAME("B"), {{0}}, 1},
     6,
     {{NAME("B"), {NAME("b"), NAME("byte")}, 1},
      {NAME("kB"), {NAME("kb"), NAME("kbyte"), NAME("kilobyte")}, 0x1p10},
      {NAME("MB"), {NAME("mb"), NAME("mbyte"), NAME("megabyte")}, 0x1p20},
      {NAME("GB"), {NAME("gb"), NAME("gbyte"), NAME("gigabyte")}, 0x1p30},
      {NAME("TB"), {NAME("tb"), NAME("tbyte"), NAME("terabyte")}, 0x1p40},
      {NAME("PB"), {NAME("pb"), NAME("pbyte"), NAME("petabyte")}, 0x1p50}}},
    {{NAME("s"), {{0}}, 1e9},
     5,
     {{NAME("ns"), {NAME("ns"), NAME("nanosecond")}, 1},
      {NAME("us"), {NAME("\u03bcs"), NAME("us"), NAME("microsecond")}, 1e3},
      {NAME("ms"), {NAME("ms"), NAME("millisecond")}, 1e6},
      {NAME("s"), {NAME("s"), NAME("sec"), NAME("second")}, 1e9},
      {NAME("hrs"), {NAME("hour"), NAME("hr")}, 3600e9}}},
    {{NAME("GCU"), {{0}}, 1},
     9,
     {{NAME("n*GCU"), {NAME("nanogcu")}, 1e-9},
      {NAME("u*GCU"), {NAME("microgcu")}, 1e-6},
      {NAME("m*GCU"), {NAME("milligcu")}, 1e-3},
      {NAME("GCU"), {NAME("gcu")}, 1},
      {NAME("k*GCU"), {NAME("kilogcu")}, 1e3},
      {NAME("M*GCU"), {NAME("megagcu")}, 1e6},
      {NAME("G*GCU"), {NAME("gigagcu")}, 1e9},
      {NAME("T*GCU"), {NAME("teragcu")}, 1e12},
      {NAME("P*GCU"), {NAME("petagcu")}, 1e15}}},
};

enum { nkinds = sizeof kinds / sizeof *kinds, longest_alias = 11 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool has_alias(const struct unit *unit, struct str alias)
{
    for (size_t i = 0; i < sizeof unit->aliases / sizeof *unit->aliases; i++) {
        if (unit->aliases[i].n > 0 && str_equal(unit->aliases[i], alias))
            return true;
    }
    return false;
}

/* The unit of a kind that a name stands for, in whatever case and number; NULL where the kind has none. */
static const struct unit *find_unit(const struct kind *kind, struct str name)
{
    char text[longest_alias + 1];
    if (name.n > sizeof text)
        return NULL;
    for (size_t i = 0; i < name.n; i++)
        text[i] = lower(name.p[i]);
    size_t n = name.n > 2 && text[name.n - 1] == 's' ? name.n - 1 : name.n;
    for (size_t i = 0; i < kind->n; i++) {
        if (has_alias(&kind->units[i], (struct str){text, n}))
            return &kind->units[i];
    }
    return NULL;
}

static bool is_automatic(struct str unit)
{
    return str_equal(unit, STR("minimum")) || str_equal(unit, STR("auto"));
}

/* The largest unit in which so many base units are at least 1; the fallback where they are less than the smallest. */
static const struct unit *fitting_unit(const struct kind *kind, double value)
{
    const struct unit *fit = &kind->fallback;
    for (size_t i = 0; i < kind->n; i++) {
        if (value / kind->units[i].factor >= 1)
            fit = &kind->units[i];
    }
    return fit;
}

/* The unit of a kind that is asked for by name. */
static const struct unit *named_unit(const struct kind *kind, struct str to)
{
    const struct unit *unit = find_unit(kind, to);
    return unit ? unit : &kind->fallback;
}

static struct measure convert(const struct kind *kind, double value, struct str to)
{
    const struct unit *unit = is_automatic(to) ? fitting_unit(kind, value) : named_unit(kind, to);
    return (struct measure){value / unit->factor, unit->name};
}

static bool is_plain_word(struct str unit)
{
    return str_equal(unit, STR("count")) || str_equal(unit, STR("sample")) || str_equal(unit, STR("unit")) ||
           is_automatic(unit);
}

struct measure measure_scale(int64_t value, struct str from, struct str to)
{
    if (value < 0 && value != INT64_MIN) {
        struct measure positive = measure_scale(-value, from, to);
        return (struct measure){-positive.value, positive.unit};
    }
    for (size_t i = 0; i < nkinds; i++) {
        const struct unit *unit = find_unit(&kinds[i], from);
        if (unit)
            return convert(&kinds[i], (double)value * unit->factor, to);
    }
    return (struct measure){(double)value, is_plain_word(to) ? (struct str){0} : to};
}

bool measure_ratio(struct str from, struct str to, struct measure_ratio *ratio)
{
    for (size_t i = 0; i < nkinds; i++) {
        const struct unit *unit = find_unit(&kinds[i], from);
        if (unit && is_automatic(to))
            return false;
        if (unit) {
            *ratio = (struct measure_ratio){unit->factor, named_unit(&kinds[i], to)->factor};
            return true;
        }
    }
    *ratio = (struct measure_ratio){1, 1};
    return true;
}

void measure_put_scaled(struct buf *out, int64_t value, struct str from, struct str to)
{
    struct measure scaled = measure_scale(value, from, to);
    char text[64];
    size_t n = (size_t)snprintf(text, sizeof text, "%.2f", scaled.value);
    if (n > 3 && memcmp(text + n - 3, ".00", 3) == 0)
        n -= 3;
    struct str number = {text, n};
    if (str_equal(number, STR("0")) || str_equal(number, STR("-0"))) {
        buf_byte(out, '0');
        return;
    }
    buf_str(out, number);
    buf_str(out, scaled.unit);
}

void measure_put(struct buf *out, int64_t value, struct str unit)
{
    measure_put_scaled(out, value, unit, STR("auto"));
}

void measure_put_percentage(struct buf *out, int64_t value, int64_t total)
{
    double ratio = total == 0 ? 0 : fabs((double)value / (double)total) * 100;
    if (ratio >= 99.95 && ratio <= 100.05)
        buf_str(out, STR("  100%"));
    else
        buf_printf(out, ratio >= 1 ? "%5.2f%%" : "%5.2g%%", ratio);
}

bool measure_same_kind(struct str a, struct str b)
{
    for (size_t i = 0; i < nkinds; i++) {
        if (find_unit(&kinds[i], a) && find_unit(&kinds[i], b))
            return true;
    }
    return false;
}
