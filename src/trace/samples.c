/* Stacks are nodes of a frame tree, so that equal ones of all generations are one; what is added up is kept by node and
 * labels, and made a profile at the end, when the period is known. */
#include "trace/samples.h"

#include <stdlib.h>

#include "base/hash.h"
#include "profile/assembly.h"
#include "trace/frame_tree.h"

enum { usual_period = 10000000 /* ns */, most_gaps = 1 << 16 };

struct total {
    uint32_t stack; /* node */
    int64_t g, m, p;
    int64_t count, time;
};

/* A goroutine while it is looked at: when it began to run, and where. */
struct runner {
    int64_t g;
    bool runs;
    int64_t since;
    uint32_t stack;
};

struct samples {
    struct mem *mem;
    enum trace_sampling sampling;
    const struct delay_intervals *intervals; /* NULL for no goroutine or region in particular */
    struct trace_range range;                /* in the trace's time once it began */
    bool began, has_clocks;
    int64_t begin, last;
    struct trace_clocks clocks; /* of the first generation */
    int64_t clocks_time;
    struct frame_tree frames;
    struct map total_of; /* by a hash of what tells totals apart */
    VEC(struct total) totals;
    struct map runner_of_g;
    VEC(struct runner) runners;
    struct map last_of_m; /* index in lasts */
    VEC(int64_t) lasts;   /* when a thread was sampled last */
    VEC(int64_t) gaps;
    bool failed;
};

/* How much of a stretch of a goroutine's time is wanted. */
static int64_t wanted(const struct samples *s, int64_t g, int64_t from, int64_t to)
{
    return s->intervals ? delay_intervals_overlap(s->intervals, g, from, to) : trace_range_overlap(s->range, from, to);
}

static uint32_t node_of(struct samples *s, const struct trace_event *e, uint64_t stack)
{
    uint32_t node = frame_tree_stack(&s->frames, e->table, stack);
    s->failed |= node == UINT32_MAX;
    return node == UINT32_MAX ? 0 : node;
}

static void add(struct samples *s, struct total total)
{
    uint64_t hash =
        hash_fold(hash_fold(hash_fold(total.stack, (uint64_t)total.g), (uint64_t)total.m), (uint64_t)total.p);
    uint32_t fresh = (uint32_t)s->totals.n, *index = map_add(&s->total_of, hash, fresh);
    if (!index || (*index == fresh &&
                   !vec_push(&s->totals, s->mem, (struct total){total.stack, total.g, total.m, total.p, 0, 0}))) {
        s->failed = true;
        return;
    }
    s->totals.at[*index].count += total.count;
    s->totals.at[*index].time += total.time;
}

/* Notes the time since a thread was sampled before. */
static void note_gap(struct samples *s, const struct trace_event *e)
{
    uint32_t fresh = (uint32_t)s->lasts.n, *index = map_add(&s->last_of_m, (uint64_t)e->m, fresh);
    if (!index || (*index == fresh && !vec_push(&s->lasts, s->mem, e->time))) {
        s->failed = true;
        return;
    }
    if (*index != fresh && s->gaps.n < most_gaps)
        s->failed |= !vec_push(&s->gaps, s->mem, e->time - s->lasts.at[*index]);
    s->lasts.at[*index] = e->time;
}

static void take_sample(struct samples *s, const struct trace_event *e)
{
    if (e->m != TRACE_NO_THREAD)
        note_gap(s, e);
    if (wanted(s, e->g, e->time, e->time + 1) > 0)
        add(s, (struct total){node_of(s, e, e->args[0]), e->g, e->m, e->p, 1, 0});
}

static struct runner *runner_of(struct samples *s, int64_t g)
{
    uint32_t fresh = (uint32_t)s->runners.n, *index = map_add(&s->runner_of_g, (uint64_t)g, fresh);
    if (!index || (*index == fresh && !vec_push(&s->runners, s->mem, (struct runner){.g = g}))) {
        s->failed = true;
        return NULL;
    }
    return &s->runners.at[*index];
}

static void end_run(struct samples *s, struct runner *runner, int64_t now)
{
    int64_t time = runner->runs ? wanted(s, runner->g, runner->since, now) : 0;
    runner->runs = false;
    if (time > 0)
        add(s, (struct total){runner->stack, 0, 0, 0, 1, time});
}

static void take_change(struct samples *s, const struct trace_event *e, const struct trace_transition *t)
{
    struct runner *runner = runner_of(s, t->id);
    if (!runner || t->from == t->to)
        return;
    if (runner->runs && t->to != go_syscall)
        end_run(s, runner, e->time);
    if (t->has_stack && t->to != go_running)
        runner->stack = node_of(s, e, t->stack);
    if (t->to == go_running && !runner->runs) {
        runner->runs = true;
        runner->since = t->from == go_undetermined ? s->begin : e->time;
    }
    if (t->to == go_not_exist)
        *runner = (struct runner){.g = t->id};
}

static bool take(void *state, const struct trace_event *e)
{
    struct samples *s = state;
    struct trace_transition t;
    if (!s->began) {
        s->began = true;
        s->begin = e->time;
        s->range = trace_range_from(s->range, e->time);
        s->has_clocks = e->type == ev_mark && e->table && e->table->has_clocks;
        if (s->has_clocks) {
            s->clocks = e->table->clocks;
            s->clocks_time = trace_ns(e->table, s->clocks.time);
        }
    }
    s->last = e->time;
    if (s->sampling == trace_sampling_cpu && e->type == ev_cpu_sample)
        take_sample(s, e);
    else if (s->sampling == trace_sampling_run && e->type != ev_mark && trace_event_transition(e, &t) && t.is_goroutine)
        take_change(s, e, &t);
    return !s->failed;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Profilers are told a rate in Hz: the period of the round rate that is nearest to a short gap. */
static int64_t round_period(int64_t gap)
{
    enum { second = 1000000000 };
    int64_t rate = (second + gap / 2) / gap, round = rate < 2000 ? 100 : 1000;
    rate = (rate + round / 2) / round * round;
    return second / rate;
}

/* A thread's samples are a period of its processor time apart, and so no less of real time, or any more where it does
 * not always run. Nearly all profilers take 100 a second: only a higher rate can be told, by many gaps that are
 * shorter. */
static int64_t find_period(struct samples *s)
{
    enum { fewest = 32, shortest = 6000000 /* of gaps at the usual rate, timers being what they are */ };
    if (s->gaps.n < fewest)
        return usual_period;
    qsort(s->gaps.at, s->gaps.n, sizeof *s->gaps.at, compare_times);
    int64_t many = s->gaps.at[s->gaps.n / 10];
    return many > 0 && many < shortest ? round_period(many) : usual_period;
}

static bool add_total(struct samples *s, struct assembly *a, const struct total *total, int64_t period)
{
    const struct frame_node *nodes = s->frames.nodes.at;
    const struct str *texts = s->frames.texts.at;
    bool is_cpu = s->sampling == trace_sampling_cpu;
    uint32_t *places = assembly_frames(a, trace_max_stack);
    uint64_t depth = 0;
    for (uint32_t i = total->stack; places && i != 0 && depth < trace_max_stack; i = nodes[i].parent) {
        struct frame frame = {.function = texts[nodes[i].func],
                              .file = texts[nodes[i].file],
                              .line = (int64_t)nodes[i].line,
                              .address = nodes[i].pc};
        places[depth] = assembly_location(a, &frame);
        if (places[depth++] == PROFILE_NONE)
            return false;
    }
    const int64_t values[] = {total->count, is_cpu ? total->count * period : total->time};
    if (!places || !assembly_add_sample(a, depth, values))
        return false;
    return !is_cpu || ((total->g < 0 || assembly_add_number_label(a, STR("goroutine"), total->g)) &&
                       (total->p < 0 || assembly_add_number_label(a, STR("processor"), total->p)) &&
                       (total->m < 0 || assembly_add_number_label(a, STR("thread"), total->m)));
}

/* When the profile begins, and how long it is. */
static void set_times(const struct samples *s, struct profile *profile)
{
    int64_t start = s->begin > s->range.start ? s->begin : s->range.start;
    int64_t end = s->last < s->range.end ? s->last : s->range.end;
    profile->duration_nanos = end > start ? end - start : 0;
    if (s->has_clocks)
        profile->time_nanos =
            (int64_t)(s->clocks.sec * 1000000000 + s->clocks.nsec + (uint64_t)start - (uint64_t)s->clocks_time);
}

static bool assemble(struct samples *s, struct profile *profile)
{
    bool is_cpu = s->sampling == trace_sampling_cpu;
    int64_t period = is_cpu ? find_period(s) : 1;
    struct assembly a;
    bool good = assembly_init(&a, s->mem);
    good = good && assembly_add_type(&a, is_cpu ? STR("samples") : STR("runs"), STR("count")) &&
           assembly_add_type(&a, is_cpu ? STR("cpu") : STR("running"), STR("nanoseconds")) &&
           assembly_set_period(&a, is_cpu ? STR("cpu") : STR("running"), STR("nanoseconds"), period);
    for (size_t i = 0; i < s->totals.n && good; i++)
        good = add_total(s, &a, &s->totals.at[i], period);
    good = good && assembly_hand_over(&a, profile);
    if (good)
        set_times(s, profile);
    assembly_finish(&a);
    return good;
}

static bool init(struct samples *s)
{
    struct map *maps[] = {&s->total_of, &s->runner_of_g, &s->last_of_m};
    for (int i = 0; i < 3; i++)
        map_init(maps[i], s->mem);
    return frame_tree_init(&s->frames, s->mem);
}

static void finish(struct samples *s)
{
    frame_tree_finish(&s->frames);
    map_finish(&s->total_of);
    map_finish(&s->runner_of_g);
    map_finish(&s->last_of_m);
    vec_finish(&s->totals, s->mem);
    vec_finish(&s->runners, s->mem);
    vec_finish(&s->lasts, s->mem);
    vec_finish(&s->gaps, s->mem);
}

/* Reads the trace and ends the runs that are open at its end. */
static bool read_all(struct samples *s, struct str bytes, struct trace_share *share, struct trace_fault *fault)
{
    struct trace_extent extent;
    if (!trace_pass(bytes, s->mem, UINT64_MAX, take, s, &extent, fault))
        return false;
    *share = extent.share;
    for (size_t i = 0; s->sampling == trace_sampling_run && i < s->runners.n; i++) {
        end_run(s, &s->runners.at[i], s->last);
    }
    return true;
}

bool trace_samples(struct str bytes, enum trace_sampling sampling, const struct trace_delay_filter *filter,
                   struct mem *mem, struct profile *profile, struct trace_share *share, struct trace_fault *fault)
{
    bool by_interval = filter && (filter->by_goroutine || filter->by_region);
    struct samples s = {.mem = mem, .sampling = sampling, .range = filter ? filter->range : TRACE_RANGE_ALL};
    struct delay_intervals intervals;
    struct trace_extent extent;
    struct trace_fault first = {0};
    if (by_interval && !delay_intervals_find(bytes, filter, mem, &intervals, &extent, &first)) {
        *fault = first;
        return false;
    }
    s.intervals = by_interval ? &intervals : NULL;
    bool good = (init(&s) || trace_fault_at(fault, 0, "out of memory")) && read_all(&s, bytes, share, fault);
    if (good && !assemble(&s, profile)) {
        fault->set = false;
        good = trace_fault_at(fault, 0, "out of memory");
    }
    finish(&s);
    if (by_interval)
        delay_intervals_finish(&intervals);
    return good;
}
