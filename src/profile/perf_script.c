/* The text of perf script:
 *
 *     comm 30074/30075 [001]  2047.749023:    5000000 cpu-clock:u:
 *     	           191a1 symbol+0x1f (/usr/lib/x86_64-linux-gnu/libc.so.6)
 *
 * A header a sample, its frames (leaf first) indented below it, and an empty line. The tid may stand alone, CPU and
 * period may be missing, and the comm may hold spaces. */
#include <string.h>

#include "profile/assembly.h"
#include "profile/foreign.h"
#include "profile/legacy.h"

static const char header_line[] =
    "^(\\S.*?)\\s+(\\d+)(?:/(\\d+))?\\s+(?:\\[\\d+\\]\\s+)?(\\d+)\\.(\\d+):\\s+(?:(\\d+)\\s+)?(\\S+):\\s*$";
static const char frame_line[] = "^\\s+([0-9a-f]+) (.*) \\((.*)\\)$";

/* Every sample has a value for every event, so they must be few. */
enum { events_most = 64 };

/* What a sample counts: the event's number and how much of it. */
struct amount {
    uint32_t event;
    int64_t value;
};

struct perf_script {
    struct mem *mem;
    struct fault *fault;
    struct str text;
    struct pattern *header, *frame;
    struct assembly assembly; /* with the one type "samples" until all events are known */
    struct str_map events;
    VEC(struct str) event_names;
    VEC(struct amount) amounts; /* one a sample */
    struct arena names;
    VEC(uint32_t) frames;
    uint32_t comm;    /* string */
    int64_t pid, tid; /* -1: not told */
    struct amount amount;
    bool open; /* a sample was begun */
};

static enum foreign_result fail(struct perf_script *s, const char *at, const char *expected)
{
    *s->fault = (struct fault){expected, at ? (uint64_t)(at - s->text.p) : 0};
    return foreign_broken;
}

static enum foreign_result exhausted(struct perf_script *s)
{
    return fail(s, NULL, "enough memory to read the profile");
}

/* The event without its modifiers: "cpu-clock" of "cpu-clock:u", but "sched:sched_switch" as it is. */
static struct str bare_event(struct str event)
{
    size_t colon = str_find_last_byte(event, ':');
    if (colon == event.n || event.n - colon > 6)
        return event;
    for (size_t i = colon + 1; i < event.n; i++) {
        if (!memchr("ukhGHpPSDWIe", event.p[i], 12))
            return event;
    }
    return str_first(event, colon);
}

static bool find_event(struct perf_script *s, struct str event)
{
    struct str copy = arena_str(&s->names, bare_event(event));
    uint32_t fresh = (uint32_t)s->event_names.n, *index = copy.p ? str_map_add(&s->events, copy, fresh) : NULL;
    if (!index)
        return false;
    s->amount.event = *index;
    return *index != fresh || vec_push(&s->event_names, s->mem, copy);
}

/* Ends the sample at hand. False on exhaustion. */
static bool end_sample(struct perf_script *s)
{
    const int64_t one = 1;
    if (!s->open)
        return true;
    s->open = false;
    uint32_t *frames = assembly_frames(&s->assembly, s->frames.n);
    if (!frames)
        return false;
    if (s->frames.n > 0)
        memcpy(frames, s->frames.at, s->frames.n * sizeof *frames);
    return assembly_add_sample(&s->assembly, s->frames.n, &one) && vec_push(&s->amounts, s->mem, s->amount) &&
           assembly_add_text_label(&s->assembly, STR("comm"), profile_text(&s->assembly.profile, s->comm)) &&
           (s->pid < 0 || assembly_add_number_label(&s->assembly, STR("pid"), s->pid)) &&
           assembly_add_number_label(&s->assembly, STR("tid"), s->tid);
}

static enum foreign_result begin_sample(struct perf_script *s, struct str line)
{
    struct str groups[8];
    if (!pattern_find(s->header, line, groups, 8))
        return fail(s, line.p, "a line \"comm pid time: period event:\" of perf script");
    s->open = true;
    s->frames.n = 0;
    s->comm = profile_string(&s->assembly.profile, groups[1]);
    s->pid = -1;
    s->amount.value = 1;
    bool numbers = legacy_parse_int(groups[groups[3].p ? 3 : 2], 10, &s->tid) &&
                   (!groups[3].p || legacy_parse_int(groups[2], 10, &s->pid)) &&
                   (!groups[6].p || legacy_parse_int(groups[6], 10, &s->amount.value));
    if (!numbers)
        return fail(s, line.p, "numbers of at most 64 bits");
    if (s->event_names.n > events_most)
        return fail(s, line.p, "at most 64 kinds of events");
    return s->comm != PROFILE_NONE && find_event(s, groups[7]) ? foreign_done : exhausted(s);
}

/* A symbol without the offset behind it. */
static struct str bare_symbol(struct str symbol)
{
    size_t plus = str_find_last_byte(symbol, '+');
    bool offset = plus < symbol.n && plus > 0 && str_starts_with(str_skip(symbol, plus), STR("+0x"));
    return offset ? str_first(symbol, plus) : symbol;
}

static enum foreign_result add_frame(struct perf_script *s, struct str line)
{
    struct str groups[4];
    struct frame frame = {0};
    if (!s->open || !pattern_find(s->frame, line, groups, 4) || !legacy_parse_hex(groups[1], &frame.address))
        return fail(s, line.p, "a frame \"address symbol (binary)\" of perf script");
    const struct str unknown = STR("[unknown]");
    if (!str_equal(groups[2], unknown))
        frame.function = bare_symbol(groups[2]);
    if (!str_equal(groups[3], unknown))
        frame.binary = groups[3];
    if (frame.function.n == 0 && frame.binary.n == 0)
        frame.binary = unknown;
    uint32_t location = assembly_location(&s->assembly, &frame);
    return location != PROFILE_NONE && vec_push(&s->frames, s->mem, location) ? foreign_done : exhausted(s);
}

static enum foreign_result take_line(struct perf_script *s, struct str line)
{
    if (legacy_trim(line).n == 0)
        return end_sample(s) ? foreign_done : exhausted(s);
    if (line.p[0] == '#')
        return foreign_done;
    if (line.p[0] == '\t' || line.p[0] == ' ')
        return add_frame(s, line);
    return end_sample(s) ? begin_sample(s, line) : exhausted(s);
}

/* Events that count nanoseconds. */
static bool is_clock(struct str event)
{
    return str_equal(event, STR("cpu-clock")) || str_equal(event, STR("task-clock"));
}

/* Adds a sample type for each event and spreads the values over them. */
static bool put_events(struct perf_script *s)
{
    struct assembly *a = &s->assembly;
    size_t ntypes = s->event_names.n + 1, n = s->amounts.n * ntypes;
    for (size_t i = 0; i < s->event_names.n; i++) {
        struct str name = s->event_names.at[i];
        if (!assembly_add_type(a, is_clock(name) ? STR("cpu") : name,
                               is_clock(name) ? STR("nanoseconds") : STR("count")))
            return false;
    }
    if (s->amounts.n > 0 && n / s->amounts.n != ntypes)
        return false;
    if (!vec_reserve(&a->values, s->mem, n - a->values.n))
        return false;
    memset(a->values.at, 0, n * sizeof *a->values.at);
    a->values.n = n;
    for (size_t i = 0; i < s->amounts.n; i++) {
        a->values.at[i * ntypes] = 1;
        a->values.at[i * ntypes + 1 + s->amounts.at[i].event] = s->amounts.at[i].value;
    }
    return true;
}

/* The period: what every sample counts, where all count the same. */
static bool put_period(struct perf_script *s)
{
    if (s->amounts.n == 0)
        return true;
    struct str name = s->event_names.at[0];
    struct amount first = s->amounts.at[0];
    for (size_t i = 1; i < s->amounts.n; i++) {
        if (s->amounts.at[i].event != first.event || s->amounts.at[i].value != first.value)
            first.value = 0;
    }
    return assembly_set_period(&s->assembly, is_clock(name) ? STR("cpu") : name,
                               is_clock(name) ? STR("nanoseconds") : STR("count"), first.value);
}

/* Whether a mapping may be the program's own: not a library, the kernel, or memory without a file. */
static bool may_be_main(const struct perf_script *s, uint32_t mapping)
{
    struct str file = s->assembly.profile.strings[s->assembly.mappings.at[mapping].file];
    return file.n > 0 && file.p[0] == '/' && !str_starts_with(file, STR("//")) &&
           str_find(file, STR(".so"), 0) == file.n;
}

/* The first mapping counts as the program: puts the first one there that may be it. */
static void put_main_first(struct perf_script *s)
{
    struct assembly *a = &s->assembly;
    uint32_t main = 0;
    while (main < a->mappings.n && !may_be_main(s, main))
        main++;
    if (main == 0 || main == a->mappings.n)
        return;
    struct profile_mapping first = a->mappings.at[0];
    a->mappings.at[0] = a->mappings.at[main];
    a->mappings.at[main] = first;
    a->mappings.at[0].id = 1;
    a->mappings.at[main].id = (uint64_t)main + 1;
    for (size_t i = 0; i < a->locations.n; i++) {
        uint32_t *mapping = &a->locations.at[i].mapping;
        *mapping = *mapping == main ? 0 : *mapping == 0 ? main : *mapping;
    }
}

static enum foreign_result read_lines(struct perf_script *s, struct profile *out)
{
    struct legacy_lines lines = {.text = s->text};
    enum foreign_result result = foreign_done;
    if (!assembly_init(&s->assembly, s->mem) || !assembly_add_type(&s->assembly, STR("samples"), STR("count")))
        return exhausted(s);
    while (result == foreign_done && legacy_next_line(&lines))
        result = take_line(s, lines.line);
    if (result != foreign_done)
        return result;
    put_main_first(s);
    bool ok = end_sample(s) && put_events(s) && put_period(s) && assembly_hand_over(&s->assembly, out);
    return ok ? foreign_done : exhausted(s);
}

/* Whether the first line that says something is a header. */
static bool is_perf_script(const struct perf_script *s)
{
    struct legacy_lines lines = {.text = s->text};
    while (legacy_next_line(&lines)) {
        if (legacy_trim(lines.line).n > 0 && lines.line.p[0] != '#')
            return pattern_matches(s->header, lines.line);
    }
    return false;
}

enum foreign_result foreign_read_perf_script(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct perf_script s = {.mem = mem, .fault = fault, .text = text, .assembly = {.mem = mem}};
    struct buf error;
    buf_init(&error, mem);
    arena_init(&s.names, mem);
    str_map_init(&s.events, mem);
    s.header = pattern_create_with_groups(str_of(header_line), mem, &error);
    s.frame = pattern_create_with_groups(str_of(frame_line), mem, &error);
    enum foreign_result result = !s.header || !s.frame ? exhausted(&s)
                                 : is_perf_script(&s)  ? read_lines(&s, out)
                                                       : foreign_other;
    assembly_finish(&s.assembly);
    pattern_destroy(s.header);
    pattern_destroy(s.frame);
    str_map_finish(&s.events);
    vec_finish(&s.event_names, mem);
    vec_finish(&s.amounts, mem);
    vec_finish(&s.frames, mem);
    arena_finish(&s.names);
    buf_finish(&error);
    return result;
}
