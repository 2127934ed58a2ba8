/* Contention texts, of C++ programs and Go's mutex and block profiles:
 *
 *     --- contentionz 1 ---
 *     cycles/second = 3201000000
 *     sampling period = 100
 *     2298580 4 @ 0x7f47fb3a1b6d 0x40c6a8
 */
#include "profile/legacy.h"

static const char sample_line[] = "(\\d+) *(\\d+) @([ x0-9a-f]*)";

struct contention {
    struct legacy *legacy;
    struct legacy_lines lines;
    int64_t hertz;
};

/* Takes "name = value". False where the name or value is not one of this format's. */
static bool take_attribute(struct contention *c, struct str line, size_t equals)
{
    struct profile *p = &c->legacy->profile;
    struct str name = legacy_trim(str_first(line, equals)), value = legacy_trim(str_skip(line, equals + 1));
    int64_t milliseconds;
    if (str_equal(name, STR("cycles/second")))
        return legacy_parse_int(value, 0, &c->hertz);
    if (str_equal(name, STR("sampling period")))
        return legacy_parse_int(value, 0, &p->period);
    if (str_equal(name, STR("ms since reset"))) {
        if (!legacy_parse_int(value, 0, &milliseconds))
            return false;
        p->duration_nanos = (int64_t)((uint64_t)milliseconds * 1000000);
        return true;
    }
    return str_equal(name, STR("discarded samples"));
}

/* Reads the attributes before the samples; the line at hand is the first behind them. */
static bool read_attributes(struct contention *c)
{
    while (legacy_next_line(&c->lines)) {
        struct str line = legacy_trim(c->lines.line);
        if (legacy_is_blank(line))
            continue;
        size_t equals = str_find(line, STR("="), 0);
        if (str_starts_with(line, STR("---")) || equals == line.n)
            return true;
        if (!take_attribute(c, line, equals))
            return false;
    }
    return true;
}

static int64_t to_int64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

static enum legacy_result read_sample(struct contention *c, struct pattern *sample, struct str line)
{
    struct legacy *l = c->legacy;
    struct str groups[4];
    int64_t delay, values[2], period = l->profile.period;
    bool fits;
    if (!pattern_find(sample, line, groups, 4))
        return legacy_other;
    if (!legacy_parse_int(groups[1], 10, &delay) || !legacy_parse_int(groups[2], 10, &values[0]))
        return legacy_fail(l, line.p, "a contention sample \"delay count @ addresses\" of 64-bit numbers");
    if (period > 0) {
        if (c->hertz > 0)
            delay = to_int64((double)delay * (double)period / ((double)c->hertz / 1e9));
        values[0] = (int64_t)((uint64_t)values[0] * (uint64_t)period);
    }
    values[1] = delay;
    if (!legacy_add_sample(l, values, 2) || !legacy_add_frames(l, groups[3], 0, &fits))
        return legacy_exhausted(l);
    return fits ? legacy_done : legacy_fail(l, line.p, "addresses of at most 64 bits");
}

/* Reads samples from the line at hand on. */
static enum legacy_result read_samples(struct contention *c)
{
    struct pattern *sample = legacy_pattern(c->legacy, sample_line);
    enum legacy_result result = sample ? legacy_done : legacy_exhausted(c->legacy);
    do {
        struct str line = legacy_trim(c->lines.line);
        if (str_starts_with(line, STR("---")))
            break;
        if (result == legacy_done && !legacy_is_blank(line))
            result = read_sample(c, sample, line);
    } while (result == legacy_done && legacy_next_line(&c->lines));
    pattern_destroy(sample);
    if (result == legacy_done && !legacy_read_sections(c->legacy, &c->lines))
        return legacy_exhausted(c->legacy);
    return result;
}

enum legacy_result legacy_read_contention(struct legacy *l)
{
    static const char *const contentions[2] = {"contentions", "count"};
    static const char *const types[][2] = {{"contentions", "count"}, {"delay", "nanoseconds"}};
    struct contention c = {.legacy = l, .lines = {.text = l->text}};
    struct str *line = &c.lines.line;
    if (!legacy_next_line(&c.lines) ||
        (!str_starts_with(*line, STR("--- contentionz ")) && !str_starts_with(*line, STR("--- mutex:")) &&
         !str_starts_with(*line, STR("--- contention:"))))
        return legacy_other;
    if (!legacy_set_types(l, contentions, 1, types, 2))
        return legacy_exhausted(l);
    return read_attributes(&c) ? read_samples(&c) : legacy_other;
}
