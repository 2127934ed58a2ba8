/* Java profiles: attributes, samples, and what each address is called:
 *
 *     --- heapz 1 ---
 *     format = java
 *     resolution=bytes
 *         7 1234567 @ 0x00000003 0x00000004
 *     0x00000003 com.example.Main.work (Main.java:42)
 */
#include <string.h>

#include "profile/legacy.h"

static const char attribute_line[] = "([\\w ]+)=([\\w ]+)";
static const char sample_line[] = " *(\\d+) +(\\d+) +@ +([ x0-9a-f]*)";
static const char location_line[] = "^\\s*0x([[:xdigit:]]+)\\s+(.*)\\s*$";
static const char file_line[] = "^(.*)\\s+\\((.+):(-?[[:digit:]]+)\\)$";
static const char library_line[] = "^(.*)\\s+\\((.*)\\)$";

enum { java_sampling_rate = 524288 };

struct java {
    struct legacy *legacy;
    struct pattern *attribute, *sample;
    struct legacy_lines lines;
    bool is_heap;
};

/* Names the second sample type's unit. */
static bool set_resolution(struct java *j, struct str unit)
{
    static const char *const none[2] = {"", ""};
    static const char *const heap[][2] = {{"inuse_objects", "count"}, {"inuse_space", ""}};
    static const char *const contention[][2] = {{"contentions", "count"}, {"delay", ""}};
    struct profile *p = &j->legacy->profile;
    struct profile_value_type period_type = p->period_type;
    if (!legacy_set_types(j->legacy, none, p->period, j->is_heap ? heap : contention, 2))
        return false;
    p->period_type = period_type;
    p->sample_types[1].unit = profile_string(p, unit);
    return p->sample_types[1].unit != PROFILE_NONE;
}

static bool set_period(struct java *j, int64_t period)
{
    struct profile *p = &j->legacy->profile;
    p->period = period;
    p->period_type.type = profile_string(p, STR("contentions"));
    p->period_type.unit = profile_string(p, STR("count"));
    return p->period_type.type != PROFILE_NONE && p->period_type.unit != PROFILE_NONE;
}

static enum legacy_result done_if(struct java *j, bool ok)
{
    return ok ? legacy_done : legacy_exhausted(j->legacy);
}

static enum legacy_result take_attribute(struct java *j, struct str line, struct str name, struct str value)
{
    int64_t number;
    if (str_equal(name, STR("format")))
        return str_equal(value, STR("java")) ? legacy_done : legacy_other;
    if (str_equal(name, STR("resolution")))
        return done_if(j, set_resolution(j, value));
    bool is_period = str_equal(name, STR("sampling period"));
    if (j->is_heap || (!is_period && !str_equal(name, STR("ms since reset"))))
        return legacy_other;
    if (!legacy_parse_int(value, 0, &number))
        return legacy_fail(j->legacy, line.p, "a number behind the equals sign");
    if (is_period)
        return done_if(j, set_period(j, number));
    j->legacy->profile.duration_nanos = (int64_t)((uint64_t)number * 1000000);
    return legacy_done;
}

/* The next line, trimmed; false at the end. Go counts only lines that end with a newline. */
static bool next_line(struct java *j, struct str *line)
{
    struct legacy_lines before = j->lines;
    if (!legacy_next_line(&j->lines))
        return false;
    if (j->lines.next > j->lines.text.n) {
        j->lines = before;
        return false;
    }
    *line = legacy_trim(j->lines.line);
    return true;
}

/* Reads attributes; the next line is the first behind them then. */
static enum legacy_result read_attributes(struct java *j)
{
    enum legacy_result result = legacy_done;
    struct str line, groups[3];
    for (size_t before = j->lines.next; result == legacy_done && next_line(j, &line); before = j->lines.next) {
        if (line.n == 0)
            continue;
        if (!pattern_find(j->attribute, line, groups, 3)) {
            j->lines.next = before;
            break;
        }
        result = take_attribute(j, line, legacy_trim(groups[1]), legacy_trim(groups[2]));
    }
    return result;
}

static enum legacy_result read_sample(struct java *j, struct str line, const struct str *groups)
{
    struct legacy *l = j->legacy;
    int64_t values[2], size = 0;
    uint64_t period = (uint64_t)l->profile.period;
    bool fits;
    if (!legacy_parse_int(groups[2], 0, &values[0]) || !legacy_parse_int(groups[1], 0, &values[1]))
        return legacy_fail(l, line.p, "two 64-bit numbers");
    if (j->is_heap) {
        if (values[0] == 0)
            return legacy_fail(l, line.p, "a count of objects that is not 0");
        size = values[1] / values[0];
        legacy_unsample(&values[0], &values[1], java_sampling_rate);
    } else if (period != 0) {
        values[0] = (int64_t)((uint64_t)values[0] * period);
        values[1] = (int64_t)((uint64_t)values[1] * period);
    }
    if (!legacy_add_sample(l, values, 2) || !legacy_add_frames(l, groups[3], UINT64_MAX, &fits))
        return legacy_exhausted(l);
    l->samples.at[l->samples.n - 1].has_size = j->is_heap;
    l->samples.at[l->samples.n - 1].size = size;
    return fits ? legacy_done : legacy_fail(l, line.p, "addresses of at most 64 bits");
}

static enum legacy_result read_samples(struct java *j)
{
    enum legacy_result result = legacy_done;
    struct str line, groups[4];
    for (size_t before = j->lines.next; result == legacy_done && next_line(j, &line); before = j->lines.next) {
        if (line.n == 0)
            continue;
        if (!pattern_find(j->sample, line, groups, 4)) {
            j->lines.next = before;
            break;
        }
        result = read_sample(j, line, groups);
    }
    return result;
}

/* Reads the names. */
struct java_names {
    struct legacy *legacy;
    struct pattern *location, *file, *library;
    struct map by_name; /* from a function's name (a string id) to the function */
};

struct java_name {
    struct str function, file;
    int64_t line;
};

static struct str base_name(struct str path)
{
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    size_t slash = str_find_last_byte(path, '/');
    if (path.n == 0)
        return STR(".");
    return slash == path.n || path.n == 1 ? path : str_skip(path, slash + 1);
}

/* Understands "function (file:line)", "function (library)", or anything else as a name. */
static struct java_name parse_name(struct java_names *n, struct str text)
{
    struct str groups[4];
    struct java_name name = {.function = text};
    if (pattern_find(n->file, text, groups, 4)) {
        name = (struct java_name){groups[1], groups[2], 0};
        if (!legacy_parse_int(groups[3], 10, &name.line) || name.line < 0)
            name.line = 0;
    } else if (pattern_find(n->library, text, groups, 3)) {
        name = (struct java_name){groups[1], base_name(groups[2]), 0};
    } else if (str_find(text, STR("generated stub/JIT"), 0) < text.n) {
        name.function = STR("STUB");
    }
    return name;
}

/* The function of a name, added where it is new; PROFILE_NONE on exhaustion. */
static uint32_t add_function(struct java_names *n, const struct java_name *name)
{
    struct profile *p = &n->legacy->profile;
    uint32_t function = profile_string(p, name->function), file = profile_string(p, name->file);
    if (function == PROFILE_NONE || file == PROFILE_NONE)
        return PROFILE_NONE;
    uint32_t fresh = p->nfunctions, *known = map_add(&n->by_name, function, fresh);
    if (!known || *known != fresh)
        return known ? *known : PROFILE_NONE;
    if (!profile_resize(p, &p->functions, fresh, (uint64_t)fresh + 1, sizeof *p->functions))
        return PROFILE_NONE;
    p->functions[p->nfunctions++] =
        (struct profile_function){.name = function, .system_name = function, .filename = file};
    return fresh;
}

static enum legacy_result take_name(struct java_names *n, struct str line)
{
    struct legacy *l = n->legacy;
    struct str groups[3];
    uint64_t address;
    if (!pattern_find(n->location, line, groups, 3))
        return legacy_done;
    if (!legacy_parse_hex(groups[1], &address))
        return legacy_fail(l, line.p, "an address of at most 64 bits");
    const uint32_t *index = map_find(&l->by_address, address);
    if (!index)
        return legacy_done;
    struct java_name name = parse_name(n, groups[2]);
    uint32_t function = add_function(n, &name);
    if (function == PROFILE_NONE)
        return legacy_exhausted(l);
    l->locations.at[*index] = (struct legacy_location){.function = function, .line = name.line};
    return legacy_done;
}

enum legacy_result legacy_read_java_names(struct legacy *l, struct str text)
{
    struct java_names n = {.legacy = l,
                           .location = legacy_pattern(l, location_line),
                           .file = legacy_pattern(l, file_line),
                           .library = legacy_pattern(l, library_line)};
    struct legacy_lines lines = {.text = text};
    map_init(&n.by_name, l->mem);
    enum legacy_result result = n.location && n.file && n.library ? legacy_done : legacy_exhausted(l);
    while (result == legacy_done && legacy_next_line(&lines)) {
        struct str line = legacy_trim(lines.line);
        if (line.n > 0)
            result = take_name(&n, line);
    }
    l->strips_addresses = true;
    pattern_destroy(n.location);
    pattern_destroy(n.file);
    pattern_destroy(n.library);
    map_finish(&n.by_name);
    return result;
}

enum legacy_result legacy_read_java(struct legacy *l)
{
    struct java j = {.legacy = l, .lines = {.text = l->text}};
    struct str line;
    if (!next_line(&j, &line))
        return legacy_other;
    j.is_heap = str_equal(line, STR("--- heapz 1 ---"));
    if (!j.is_heap && !str_equal(line, STR("--- contentionz 1 ---")))
        return legacy_other;
    j.attribute = legacy_pattern(l, attribute_line);
    j.sample = legacy_pattern(l, sample_line);
    enum legacy_result result = j.attribute && j.sample ? read_attributes(&j) : legacy_exhausted(l);
    if (result == legacy_done)
        result = read_samples(&j);
    if (result == legacy_done && l->samples.n > 0 && l->profile.nsample_types == 0)
        result = legacy_fail(l, NULL, "a line \"resolution=\" before the samples");
    if (result == legacy_done)
        result = legacy_read_java_names(l, str_skip(j.lines.text, j.lines.next));
    pattern_destroy(j.attribute);
    pattern_destroy(j.sample);
    return result;
}
