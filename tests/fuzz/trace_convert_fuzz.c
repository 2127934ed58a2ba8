/* Whatever a v2 trace holds, as far as it is good: it can be drawn, sampled, and cut, and so can the part. (That parts
 * of real traces are not refused is tested against Go: a hostile trace may put a processor on two threads at once,
 * which no statuses can say.) The first byte chooses the version, the second the part. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "trace/chrome.h"
#include "trace/cut.h"
#include "trace/pass.h"
#include "trace/perfetto.h"
#include "trace/samples.h"

struct state {
    struct chrome chrome;
    struct perfetto perfetto;
    struct trace_cut cut;
    struct buf out;
};

static bool take_for_chrome(void *state, const struct trace_event *event)
{
    struct state *s = state;
    s->out.n = 0;
    return chrome_add(&s->chrome, event, &s->out);
}

static bool take_for_perfetto(void *state, const struct trace_event *event)
{
    struct state *s = state;
    s->out.n = 0;
    return perfetto_add(&s->perfetto, event, &s->out);
}

static bool take_for_survey(void *state, const struct trace_event *event)
{
    return trace_cut_survey(&((struct state *)state)->cut, event);
}

static bool take_for_cut(void *state, const struct trace_event *event)
{
    return trace_cut_add(&((struct state *)state)->cut, event, &((struct state *)state)->out);
}

static bool pass(struct str bytes, trace_take *take, struct state *state)
{
    struct trace_extent extent;
    struct trace_fault fault = {0};
    return trace_pass(bytes, mem_libc(), UINT64_MAX, take, state, &extent, &fault);
}

static void draw(struct str bytes, struct state *s)
{
    const bool groups[] = {true, true, true, true, true};
    if (!chrome_begin(&s->chrome, mem_libc(), groups, TRACE_RANGE_ALL, &s->out))
        abort();
    if (pass(bytes, take_for_chrome, s))
        chrome_end(&s->chrome, &s->out);
    chrome_finish(&s->chrome);
    if (!perfetto_begin(&s->perfetto, mem_libc(), groups, (struct trace_range){3, 50}))
        abort();
    if (pass(bytes, take_for_perfetto, s))
        perfetto_end(&s->perfetto, &s->out);
    perfetto_finish(&s->perfetto);
    for (int i = 0; i < 2; i++) {
        struct profile profile;
        struct trace_share share;
        struct trace_fault fault = {0};
        if (trace_samples(bytes, (enum trace_sampling)i, NULL, mem_libc(), &profile, &share, &fault))
            profile_finish(&profile);
        else if (!fault.set)
            abort();
    }
}

/* Cuts a part, and does with it what is done with the whole. */
static void cut(struct str bytes, unsigned version, unsigned depth, int64_t end, const struct map *goroutines)
{
    struct state s = {0};
    buf_init(&s.out, mem_libc());
    if (!trace_cut_init(&s.cut, mem_libc(), version, (struct trace_range){end / 2, end}, goroutines))
        abort();
    if (pass(bytes, take_for_survey, &s) && pass(bytes, take_for_cut, &s) && trace_cut_end(&s.cut, &s.out) &&
        s.cut.active) {
        struct state again = {.out = {.mem = mem_libc()}};
        draw(buf_text(&s.out), &again);
        buf_finish(&again.out);
        if (depth > 0)
            cut(buf_text(&s.out), version, depth - 1, end / 2, goroutines);
    }
    trace_cut_finish(&s.cut);
    buf_finish(&s.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const unsigned versions[] = {22, 23, 25, 26};
    struct buf trace;
    struct state s = {.out = {.mem = mem_libc()}};
    struct map goroutines;
    if (size < 2)
        return 0;
    unsigned version = versions[bytes[0] % 4];
    buf_init(&trace, mem_libc());
    map_init(&goroutines, mem_libc());
    map_add(&goroutines, bytes[1] % 8, 1);
    buf_printf(&trace, "go 1.%u trace", version);
    buf_fill(&trace, 0, 3);
    buf_bytes(&trace, bytes + 2, size - 2);
    draw(buf_text(&trace), &s);
    cut(buf_text(&trace), version, 1, bytes[1], NULL);
    cut(buf_text(&trace), version, 1, bytes[1], &goroutines);
    buf_finish(&s.out);
    buf_finish(&trace);
    map_finish(&goroutines);
    return 0;
}
