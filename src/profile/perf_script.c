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
#include "profile/perf_events.h"

static const char header_line[] =
    "^(\\S.*?)\\s+(\\d+)(?:/(\\d+))?\\s+(?:\\[\\d+\\]\\s+)?(\\d+)\\.(\\d+):\\s+(?:(\\d+)\\s+)?(\\S+):\\s*$";
static const char frame_line[] = "^\\s+([0-9a-f]+) (.*) \\((.*)\\)$";

struct perf_script {
    struct mem *mem;
    struct fault *fault;
    struct str text;
    struct pattern *header, *frame;
    struct assembly assembly; /* with the one type "samples" until all events are known */
    struct perf_events events;
    VEC(uint32_t) frames;
    uint32_t comm;    /* string */
    int64_t pid, tid; /* -1: not told */
    struct perf_amount amount;
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
    return assembly_add_sample(&s->assembly, s->frames.n, &one) && perf_events_count(&s->events, s->amount) &&
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
    if (s->events.names.n >= perf_events_most)
        return fail(s, line.p, "fewer than 64 kinds of events");
    s->amount.event = perf_events_find(&s->events, bare_event(groups[7]));
    return s->comm != PROFILE_NONE && s->amount.event != PROFILE_NONE ? foreign_done : exhausted(s);
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
    bool ok = end_sample(s) && perf_events_put(&s->events, &s->assembly) && assembly_hand_over(&s->assembly, out);
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
    perf_events_init(&s.events, mem);
    s.header = pattern_create_with_groups(str_of(header_line), mem, &error);
    s.frame = pattern_create_with_groups(str_of(frame_line), mem, &error);
    enum foreign_result result = !s.header || !s.frame ? exhausted(&s)
                                 : is_perf_script(&s)  ? read_lines(&s, out)
                                                       : foreign_other;
    assembly_finish(&s.assembly);
    pattern_destroy(s.header);
    pattern_destroy(s.frame);
    perf_events_finish(&s.events);
    vec_finish(&s.frames, mem);
    buf_finish(&error);
    return result;
}
