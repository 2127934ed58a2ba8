/* Go's count texts, of goroutines, created threads and whatever else a program counts:
 *
 *     goroutine profile: total 7
 *     3 @ 0x4312ab 0x42f1cd
 */
#include "profile/legacy.h"

static const char first_line[] = "\\A(\\S+) profile: total \\d+\\z";
static const char sample_line[] = "\\A(\\d+) @(( 0x[0-9a-f]+)+)\\z";

static enum legacy_result read_sample(struct legacy *l, struct pattern *sample, struct str line)
{
    struct str groups[3];
    int64_t count;
    bool fits;
    if (!pattern_find(sample, line, groups, 3) || !legacy_parse_int(groups[1], 0, &count))
        return legacy_fail(l, line.p, "a line \"count @ addresses\"");
    if (!legacy_add_sample(l, &count, 1) || !legacy_add_frames(l, groups[2], 0, &fits))
        return legacy_exhausted(l);
    return fits ? legacy_done : legacy_fail(l, line.p, "addresses of at most 64 bits");
}

static enum legacy_result read_samples(struct legacy *l, struct legacy_lines *lines)
{
    struct pattern *sample = legacy_pattern(l, sample_line);
    enum legacy_result result = sample ? legacy_done : legacy_exhausted(l);
    while (result == legacy_done && legacy_next_line(lines)) {
        if (legacy_is_blank(lines->line))
            continue;
        if (str_starts_with(lines->line, STR("---")))
            break;
        result = read_sample(l, sample, lines->line);
    }
    pattern_destroy(sample);
    if (result == legacy_done && !legacy_read_sections(l, lines))
        return legacy_exhausted(l);
    return result;
}

/* Names the types after what is counted. */
static bool set_types(struct legacy *l, struct str what)
{
    static const char *const unnamed[][2] = {{"", "count"}};
    if (!legacy_set_types(l, unnamed[0], 1, unnamed, 1))
        return false;
    uint32_t name = profile_string(&l->profile, what);
    l->profile.period_type.type = l->profile.sample_types[0].type = name;
    return name != PROFILE_NONE;
}

enum legacy_result legacy_read_count(struct legacy *l)
{
    struct legacy_lines lines = {.text = l->text};
    struct str groups[2];
    bool more;
    do
        more = legacy_next_line(&lines);
    while (more && legacy_is_blank(lines.line));
    if (str_find(lines.line, STR(" profile: total "), 0) == lines.line.n)
        return legacy_other;
    struct pattern *first = legacy_pattern(l, first_line);
    enum legacy_result result = legacy_other;
    if (!first)
        result = legacy_exhausted(l);
    else if (pattern_find(first, lines.line, groups, 2))
        result = set_types(l, groups[1]) ? read_samples(l, &lines) : legacy_exhausted(l);
    pattern_destroy(first);
    return result;
}
