/* Who gets which row, slice and arrow follows cmd/trace's generators; where theirs lose something (arrows from
 * processor 0, the end of a goroutine that dies in a system call, system calls that end with a run of their thread) it
 * is kept here. */
#include "trace/timeline.h"

#include <inttypes.h>
#include <stdio.h>

#include "trace/timeline_step.h"

enum { no_slot = UINT32_MAX };

const char *const timeline_group_names[timeline_groups] = {
    [timeline_procs] = "PROCS",        [timeline_stats] = "STATS",           [timeline_tasks] = "TASKS",
    [timeline_threads] = "OS THREADS", [timeline_goroutines] = "GOROUTINES",
};

const char *const timeline_counter_names[timeline_counters] = {
    [timeline_goroutine_counts] = "Goroutines",
    [timeline_heap] = "Heap",
    [timeline_thread_counts] = "Threads",
};

const char *const timeline_value_names[timeline_counters][3] = {
    [timeline_goroutine_counts] = {"Running", "Runnable", "GCWaiting"},
    [timeline_heap] = {"Allocated", "NextGC"},
    [timeline_thread_counts] = {"Running", "InSyscall"},
};

bool timeline_init(struct timeline *tl, struct mem *mem, struct timeline_sink *sink, const bool groups[timeline_groups],
                   struct trace_range range)
{
    *tl = (struct timeline){.mem = mem, .sink = sink, .range = range};
    for (int i = 0; i < timeline_groups; i++) {
        tl->groups[i] = groups[i];
        map_init(&tl->rows[i], mem);
    }
    map_init(&tl->surveyed, mem);
    slots_init(&tl->goroutine_slots, mem);
    map_init(&tl->syscall_of_proc, mem);
    map_init(&tl->task_of_id, mem);
    buf_init(&tl->name, mem);
    sink->frames = &tl->frames;
    return frame_tree_init(&tl->frames, mem);
}

static void finish_goroutine(struct timeline *tl, struct timeline_goroutine *g)
{
    for (int i = 0; i < 3; i++) {
        vec_finish(&g->tracks[i].open, tl->mem);
        vec_finish(&g->tracks[i].done, tl->mem);
    }
    vec_finish(&g->regions, tl->mem);
}

void timeline_finish(struct timeline *tl)
{
    for (size_t i = 0; i < tl->goroutines.n; i++)
        finish_goroutine(tl, &tl->goroutines.at[i]);
    for (int i = 0; i < timeline_groups; i++)
        map_finish(&tl->rows[i]);
    map_finish(&tl->surveyed);
    slots_finish(&tl->goroutine_slots);
    map_finish(&tl->syscall_of_proc);
    map_finish(&tl->task_of_id);
    vec_finish(&tl->goroutines, tl->mem);
    vec_finish(&tl->syscalls, tl->mem);
    vec_finish(&tl->ranges, tl->mem);
    vec_finish(&tl->tasks, tl->mem);
    buf_finish(&tl->name);
    frame_tree_finish(&tl->frames);
}

uint32_t number_of(struct timeline *tl, struct str text)
{
    uint32_t number = frame_tree_text(&tl->frames, text);
    tl->failed |= number == UINT32_MAX;
    return number == UINT32_MAX ? 0 : number;
}

uint32_t node_of(struct timeline *tl, const struct trace_table *table, uint64_t stack)
{
    uint32_t node = table ? frame_tree_stack(&tl->frames, table, stack) : 0;
    tl->failed |= node == UINT32_MAX;
    return node == UINT32_MAX ? 0 : node;
}

static struct str make_name(struct timeline *tl, int64_t id, uint32_t func_text, uint32_t label_text)
{
    struct str func = text_of(tl, func_text), label = text_of(tl, label_text);
    tl->name.n = 0;
    buf_printf(&tl->name, "G%" PRId64, id);
    if (func.n > 0)
        buf_printf(&tl->name, " %.*s", STR_ARG(func));
    if (label.n > 0)
        buf_printf(&tl->name, " (%.*s)", STR_ARG(label));
    return buf_text(&tl->name);
}

struct str goroutine_name(struct timeline *tl, const struct timeline_goroutine *g)
{
    return make_name(tl, g->id, g->func, g->label);
}

static struct timeline_goroutine *find_goroutine(struct timeline *tl, int64_t id)
{
    uint32_t slot = slots_find(&tl->goroutine_slots, (uint64_t)id);
    return slot == NO_SLOT ? NULL : &tl->goroutines.at[slot];
}

/* The goroutine of an id, added where it is new; NULL with `failed` set on exhaustion. */
static struct timeline_goroutine *goroutine_of(struct timeline *tl, int64_t id)
{
    struct timeline_goroutine *known = find_goroutine(tl, id);
    if (known)
        return known;
    uint32_t slot = slots_add(&tl->goroutine_slots, (uint64_t)id);
    if (slot == NO_SLOT ||
        (slot == tl->goroutines.n && !vec_push(&tl->goroutines, tl->mem, (struct timeline_goroutine){0}))) {
        tl->failed = true;
        return NULL;
    }
    tl->goroutines.at[slot] = (struct timeline_goroutine){.id = id, .live = true, .since = tl->begin};
    return &tl->goroutines.at[slot];
}

/* What a row is called, and a mark that changes with it. */
static struct str row_name(struct timeline *tl, struct timeline_row row, char buffer[64], uint32_t *mark)
{
    *mark = 1;
    if (row.group == timeline_goroutines) {
        const struct timeline_goroutine *g = find_goroutine(tl, row.id);
        uint32_t *found = map_find(&tl->surveyed, (uint64_t)row.id);
        uint32_t func = g && g->func != 0 ? g->func : found ? *found : 0;
        *mark = 1 + func;
        return make_name(tl, row.id, func, 0);
    }
    if (row.group == timeline_procs && row.id == timeline_collector_row)
        return STR("GC");
    if (row.group == timeline_procs && row.id == timeline_network_row)
        return STR("Network");
    if (row.group == timeline_procs && row.id == timeline_syscalls_row)
        return STR("Syscalls");
    const char *kind = row.group == timeline_procs ? "Proc " : "Thread ";
    int n = snprintf(buffer, 64, "%s%" PRId64, kind, row.id);
    return (struct str){buffer, (size_t)n};
}

/* Tells the sink of a row before it is used. Tasks are told with each slice. */
static void tell_row(struct timeline *tl, struct timeline_row row)
{
    char buffer[64];
    uint32_t mark;
    if (row.group == timeline_tasks)
        return;
    struct str name = row_name(tl, row, buffer, &mark);
    uint32_t *known = map_add(&tl->rows[row.group], (uint64_t)row.id, 0);
    if (!known) {
        tl->failed = true;
    } else if (*known != mark && (*known == 0 || row.group != timeline_goroutines || find_goroutine(tl, row.id))) {
        /* A goroutine that is gone keeps its name. */
        bool again = *known != 0;
        *known = mark;
        tl->sink->row(tl->sink, row, name, again);
    }
}

static bool is_shown(const struct timeline *tl, struct timeline_row row)
{
    return tl->groups[row.group] || (row.group == timeline_procs && row.id == timeline_collector_row);
}

void tell_slice(struct timeline *tl, struct timeline_slice slice)
{
    if (!is_shown(tl, slice.row) || slice.end < tl->range.start || slice.start > tl->range.end)
        return;
    if (slice.start < tl->range.start) {
        slice.start = tl->range.start;
        slice.arrow = 0;
    }
    if (slice.end > tl->range.end)
        slice.end = tl->range.end;
    if (slice.end < slice.start)
        return;
    tell_row(tl, slice.row);
    tl->sink->slice(tl->sink, &slice);
}

void tell_instant(struct timeline *tl, const struct timeline_instant *instant)
{
    if (!is_shown(tl, instant->row) || instant->row.id < 0 || instant->time < tl->range.start ||
        instant->time > tl->range.end)
        return;
    tell_row(tl, instant->row);
    tl->sink->instant(tl->sink, instant);
}

uint64_t tell_arrow(struct timeline *tl, struct timeline_arrow arrow)
{
    if (!is_shown(tl, arrow.from) || !is_shown(tl, arrow.to) || arrow.from.id < 0 || arrow.start < tl->range.start ||
        arrow.end > tl->range.end)
        return 0;
    tell_row(tl, arrow.from);
    tell_row(tl, arrow.to);
    arrow.id = ++tl->arrows;
    tl->sink->arrow(tl->sink, &arrow);
    return arrow.id;
}

void tell_count(struct timeline *tl, enum timeline_counter counter, int64_t time, uint64_t a, uint64_t b, uint64_t c)
{
    if (time < tl->range.start || time > tl->range.end || !tl->groups[timeline_stats])
        return;
    struct timeline_count count = {.counter = counter, .time = time, .values = {a, b, c}};
    tl->sink->count(tl->sink, &count);
}

/* The text of a stack's outermost function. */
static uint32_t outermost(struct timeline *tl, const struct trace_table *table, uint64_t stack)
{
    uint32_t node = node_of(tl, table, stack);
    while (node != 0 && tl->frames.nodes.at[node].parent != 0)
        node = tl->frames.nodes.at[node].parent;
    return tl->frames.nodes.at[node].func;
}

/* The first stack that is said of a goroutine names it. */
static void name_goroutine(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                           const struct trace_transition *t)
{
    if (g->named || !t->has_stack)
        return;
    g->func = outermost(tl, e->table, t->stack);
    g->named = true;
}

bool timeline_survey(struct timeline *tl, const struct trace_event *e)
{
    struct trace_transition t;
    if (!trace_event_transition(e, &t) || !t.is_goroutine || t.stack == 0 || map_find(&tl->surveyed, (uint64_t)t.id))
        return true;
    return map_add(&tl->surveyed, (uint64_t)t.id, outermost(tl, e->table, t.stack)) && !tl->failed;
}

static bool executes(unsigned state)
{
    return state == go_running || state == go_syscall;
}

/* Notes which goroutine is in a system call on a processor; TRACE_NO_GOROUTINE for none. */
static void set_syscall(struct timeline *tl, int64_t proc, int64_t goroutine)
{
    uint32_t fresh = (uint32_t)tl->syscalls.n, *index = map_add(&tl->syscall_of_proc, (uint64_t)proc, fresh);
    if (!index || (*index == fresh && !vec_push(&tl->syscalls, tl->mem, goroutine)))
        tl->failed = true;
    else
        tl->syscalls.at[*index] = goroutine;
}

static struct timeline_goroutine *syscall_on(struct timeline *tl, int64_t proc)
{
    uint32_t *index = map_find(&tl->syscall_of_proc, (uint64_t)proc);
    return index && tl->syscalls.at[*index] != TRACE_NO_GOROUTINE ? find_goroutine(tl, tl->syscalls.at[*index]) : NULL;
}

/* What woke a goroutine: the arrow to its next run starts here. */
static void note_unblock(struct timeline *tl, struct timeline_goroutine *g, enum timeline_group group,
                         const struct trace_event *e)
{
    struct timeline_track *track = track_of(g, group);
    struct str reason = text_of(tl, track->block_reason);
    struct timeline_row from = {group, group == timeline_procs ? e->p : group == timeline_threads ? e->m : e->g};
    struct buf name;
    buf_init(&name, tl->mem);
    buf_str(&name, STR("unblock"));
    if (reason.n > 0)
        buf_printf(&name, " (%.*s)", STR_ARG(reason));
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    if (str_find(reason, STR("network"), 0) < reason.n) {
        if (group == timeline_procs)
            from.id = timeline_network_row;
        tell_instant(tl,
                     &(struct timeline_instant){.row = from, .name = buf_text(&name), .time = e->time, .stack = stack});
    }
    track->block_reason = 0;
    track_cause(track, from, number_of(tl, buf_text(&name)), e->time, stack);
    tl->failed |= name.failed;
    buf_finish(&name);
}

/* The back-dated time of a state that was there when the trace began. */
static int64_t since(const struct timeline *tl, const struct trace_event *e, const struct trace_transition *t)
{
    return t->from == go_undetermined ? tl->begin : e->time;
}

static void stop_track(struct timeline *tl, struct timeline_goroutine *g, enum timeline_group group,
                       const struct trace_event *e, const struct trace_transition *t)
{
    if (t->to == go_waiting)
        track_of(g, group)->block_reason = t->reason ? number_of(tl, trace_string(e->table, t->reason)) : 0;
    track_stop(tl, g, group, e->time, node_of(tl, e->table, trace_event_stack(e)));
}

static void change_on_proc(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                           const struct trace_transition *t)
{
    struct timeline_track *track = track_of(g, timeline_procs);
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    struct timeline_row here = {timeline_procs, e->p};
    if (t->from == go_running && !executes(t->to))
        stop_track(tl, g, timeline_procs, e, t);
    if (!executes(t->from) && t->to == go_running && e->p != TRACE_NO_PROC)
        track_start(tl, track, timeline_procs, since(tl, e, t), e->p);
    if (t->from == go_waiting)
        note_unblock(tl, g, timeline_procs, e);
    if (t->from == go_not_exist && t->to == go_runnable && e->p != TRACE_NO_PROC)
        track_cause(track, here, number_of(tl, STR("go")), e->time, stack);
    if (t->from == go_syscall && t->to != go_running) {
        struct timeline_row row = {timeline_procs, timeline_syscalls_row};
        struct str name = STR("exit blocked syscall");
        track_cause(track, row, number_of(tl, name), e->time, stack);
        tell_instant(tl, &(struct timeline_instant){.row = row, .name = name, .time = e->time, .stack = stack});
    }
    if (t->to == go_syscall && e->p != TRACE_NO_PROC) {
        track_syscall_begin(track, since(tl, e, t), e->p, stack);
        set_syscall(tl, e->p, g->id);
    }
    if (t->from == go_syscall && syscall_on(tl, e->p)) {
        track_syscall_end(tl, track, e->time, false);
        set_syscall(tl, e->p, TRACE_NO_GOROUTINE);
    }
}

static void change_on_thread(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                             const struct trace_transition *t)
{
    struct timeline_track *track = track_of(g, timeline_threads);
    struct timeline_row here = {timeline_threads, e->m};
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    if (t->from == go_syscall)
        track_syscall_end(tl, track, e->time, t->to != go_running);
    if (executes(t->from) && !executes(t->to))
        stop_track(tl, g, timeline_threads, e, t);
    if (!executes(t->from) && executes(t->to) && e->m != TRACE_NO_THREAD)
        track_start(tl, track, timeline_threads, since(tl, e, t), e->m);
    if (t->from == go_waiting)
        note_unblock(tl, g, timeline_threads, e);
    if (t->from == go_not_exist && t->to == go_runnable && e->m != TRACE_NO_THREAD)
        track_cause(track, here, number_of(tl, STR("go")), e->time, stack);
    if (t->to == go_syscall && e->m != TRACE_NO_THREAD)
        track_syscall_begin(track, since(tl, e, t), e->m, stack);
}

/* Tells the state that a goroutine was in, on its own row. */
static void tell_state(struct timeline *tl, struct timeline_goroutine *g, int64_t time)
{
    static const struct str names[] = {[go_runnable] = STR("runnable"),
                                       [go_running] = STR("running"),
                                       [go_waiting] = STR("waiting"),
                                       [go_syscall] = STR("syscall")};
    static const uint8_t kinds[] = {[go_runnable] = timeline_runnable,
                                    [go_running] = timeline_run,
                                    [go_waiting] = timeline_waiting,
                                    [go_syscall] = timeline_syscall_state};
    if (g->state < go_runnable || !tl->groups[timeline_goroutines])
        return;
    struct timeline_row row = {timeline_goroutines, g->id};
    struct str reason = g->state == go_waiting ? text_of(tl, g->reason) : (struct str){0};
    tell_slice(tl, (struct timeline_slice){.row = row,
                                           .kind = (enum timeline_kind)kinds[g->state],
                                           .name = reason.n > 0 ? reason : names[g->state],
                                           .start = g->since,
                                           .end = time,
                                           .stack = g->stack,
                                           .arrow = g->state == go_running ? track_of(g, row.group)->arrow : 0});
}

/* The arrows between rows of goroutines: who created or woke this one, at its next run. */
static void change_cause(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                         const struct trace_transition *t)
{
    struct timeline_track *track = track_of(g, timeline_goroutines);
    if (t->from == go_waiting)
        note_unblock(tl, g, timeline_goroutines, e);
    if (t->from == go_not_exist && t->to == go_runnable)
        track_cause(track, (struct timeline_row){timeline_goroutines, e->g}, number_of(tl, STR("go")), e->time,
                    node_of(tl, e->table, trace_event_stack(e)));
    track->block_reason = g->reason;
    track->arrow = 0;
    if (t->to == go_running && track->has_cause)
        track_start(tl, track, timeline_goroutines, e->time, g->id);
}

static void change_state(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                         const struct trace_transition *t)
{
    tell_state(tl, g, e->time);
    g->state = t->to;
    g->since = since(tl, e, t);
    g->reason = t->reason ? number_of(tl, trace_string(e->table, t->reason)) : 0;
    /* Where it is: what is said of itself, else what happened on it. */
    g->stack = t->has_stack    ? node_of(tl, e->table, t->stack)
               : e->g == t->id ? node_of(tl, e->table, trace_event_stack(e))
                               : 0;
    change_cause(tl, g, e, t);
}

static void tell_region(struct timeline *tl, const struct timeline_goroutine *g,
                        const struct timeline_user_region *region, int64_t end, uint32_t end_stack)
{
    /* What is clipped keeps its place within the regions around it. */
    int64_t least = tl->range.start == INT64_MIN ? INT64_MIN : tl->range.start + (int64_t)g->regions.n;
    tell_slice(tl, (struct timeline_slice){.row = {timeline_goroutines, g->id},
                                           .kind = timeline_region,
                                           .name = text_of(tl, region->name),
                                           .start = region->since < least ? least : region->since,
                                           .end = end,
                                           .stack = region->stack,
                                           .end_stack = end_stack,
                                           .task = region->task});
}

/* Tells what is open of a goroutine that ends, or at the end of the trace. */
static void end_goroutine(struct timeline *tl, struct timeline_goroutine *g, int64_t time)
{
    for (enum timeline_group group = timeline_procs; group <= timeline_threads; group += timeline_threads) {
        track_syscall_end(tl, track_of(g, group), time, false);
        track_stop(tl, g, group, time, 0);
    }
    tell_state(tl, g, time);
    while (g->regions.n > 0) {
        g->regions.n--;
        tell_region(tl, g, &g->regions.at[g->regions.n], time, 0);
    }
}

static void forget_goroutine(struct timeline *tl, struct timeline_goroutine *g)
{
    slots_remove(&tl->goroutine_slots, (uint64_t)g->id);
    finish_goroutine(tl, g);
    *g = (struct timeline_goroutine){0};
}

/* The states that are counted; the reference counts changes by whether the goroutine helps the collector at the time.
 */
enum { counted_running, counted_runnable, counted_helping, counted_not };

static unsigned counted(unsigned state, bool helps)
{
    return executes(state)                ? counted_running
           : state == go_runnable         ? counted_runnable
           : state == go_waiting && helps ? counted_helping
                                          : counted_not;
}

static void count_goroutine(struct timeline *tl, struct timeline_goroutine *g, const struct trace_event *e,
                            const struct trace_transition *t)
{
    bool helps = track_has_range(track_of(g, timeline_procs), number_of(tl, STR("GC mark assist")));
    unsigned from = counted(t->from, helps), to = counted(t->to, helps);
    int64_t *n = tl->goroutine_counts;
    if (from != counted_not)
        n[from]--;
    if (to != counted_not)
        n[to]++;
    if (from != to)
        tell_count(tl, timeline_goroutine_counts, e->time, (uint64_t)n[0], (uint64_t)n[1],
                   (uint64_t)(n[2] < 0 ? 0 : n[2]));
}

static void count_threads(struct timeline *tl, int64_t time, int64_t running, int64_t in_syscall)
{
    tl->running_threads += running;
    tl->syscall_threads += in_syscall;
    tell_count(tl, timeline_thread_counts, time, (uint64_t)tl->running_threads, (uint64_t)tl->syscall_threads, 0);
}

static void change_goroutine(struct timeline *tl, const struct trace_event *e, const struct trace_transition *t)
{
    struct timeline_goroutine *g = goroutine_of(tl, t->id);
    if (!g)
        return;
    name_goroutine(tl, g, e, t);
    if (t->from == t->to)
        return;
    change_on_proc(tl, g, e, t);
    change_on_thread(tl, g, e, t);
    change_state(tl, g, e, t);
    count_goroutine(tl, g, e, t);
    if (t->from == go_syscall || t->to == go_syscall)
        count_threads(tl, since(tl, e, t), 0, (t->to == go_syscall) - (t->from == go_syscall));
    if (t->to == go_not_exist) {
        end_goroutine(tl, g, e->time);
        forget_goroutine(tl, g);
    }
}

static void change_proc(struct timeline *tl, const struct trace_event *e, const struct trace_transition *t)
{
    if (t->from == t->to)
        return;
    bool starts = t->to == proc_running;
    if (!starts && t->from != proc_running)
        return;
    int64_t time = starts && t->from == proc_undetermined ? tl->begin : e->time;
    count_threads(tl, time, starts ? 1 : -1, 0);
    struct timeline_goroutine *caller = starts ? NULL : syscall_on(tl, t->id);
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    if (caller) {
        track_syscall_end(tl, track_of(caller, timeline_procs), time, true);
        track_stop(tl, caller, timeline_procs, time, stack);
        set_syscall(tl, t->id, TRACE_NO_GOROUTINE);
    }
    struct timeline_instant instant = {.name = starts ? STR("proc start") : STR("proc stop"),
                                       .row = {timeline_procs, t->id},
                                       .time = time,
                                       .stack = stack,
                                       .has_context = true,
                                       .proc = t->id,
                                       .thread = e->m};
    tell_instant(tl, &instant);
    instant.row = (struct timeline_row){timeline_threads, e->m};
    tell_instant(tl, &instant);
}

static void add_count(struct timeline *tl, const struct trace_event *e)
{
    enum { most_goal = 50 }; /* no goal yet is said as 2^63 or so */
    if (e->type == ev_procs_change)
        return;
    if (e->type == ev_heap_alloc)
        tl->heap = e->args[0];
    else
        tl->goal = e->args[0] >> most_goal ? 0 : e->args[0];
    if (tl->has_heap && tl->heap == tl->shown_heap[0] && tl->goal == tl->shown_heap[1])
        return;
    tl->has_heap = true;
    tl->shown_heap[0] = tl->heap;
    tl->shown_heap[1] = tl->goal;
    tell_count(tl, timeline_heap, e->time, tl->heap, tl->goal > tl->heap ? tl->goal - tl->heap : 0, 0);
}

/* Puts an instant on the rows of a processor, a thread and a goroutine. */
static void add_instant(struct timeline *tl, const struct trace_event *e, struct str name, struct str category)
{
    struct timeline_instant instant = {
        .name = name, .category = category, .time = e->time, .stack = node_of(tl, e->table, trace_event_stack(e))};
    const struct timeline_row rows[] = {{timeline_procs, e->p}, {timeline_threads, e->m}, {timeline_goroutines, e->g}};
    for (int i = 0; i < 3; i++) {
        instant.row = rows[i];
        tell_instant(tl, &instant);
    }
}

static void add_log(struct timeline *tl, const struct trace_event *e)
{
    struct str category = trace_string(e->table, e->args[1]), message = trace_string(e->table, e->args[2]);
    struct buf name;
    buf_init(&name, tl->mem);
    if (category.n > 0) {
        buf_byte(&name, '[');
        buf_str(&name, category);
        buf_bytes(&name, "] ", 2);
    }
    buf_str(&name, message);
    tl->failed |= name.failed;
    add_instant(tl, e, buf_text(&name), STR("user event"));
    buf_finish(&name);
}

static void add_task(struct timeline *tl, const struct trace_event *e)
{
    uint32_t slot = (uint32_t)tl->tasks.n, *known = map_find(&tl->task_of_id, e->args[0]);
    struct timeline_user_task task = {.id = e->args[0], .since = tl->begin, .live = true};
    if (e->type == ev_user_task_begin) {
        task.parent = e->args[1] == TRACE_NO_TASK ? 0 : e->args[1];
        task.name = number_of(tl, trace_string(e->table, e->args[2]));
        task.stack = node_of(tl, e->table, trace_event_stack(e));
        task.since = e->time;
        if (!vec_push(&tl->tasks, tl->mem, task) || !(known = map_add(&tl->task_of_id, task.id, slot)))
            tl->failed = true;
        else
            *known = slot;
        return;
    }
    if (known && *known == no_slot) /* it ended before: programs may say so twice */
        return;
    if (known) {
        task = tl->tasks.at[*known];
    } else {
        task.name = number_of(tl, e->table->extras.at[e->args[3]]);
        task.parent = e->args[2] == TRACE_NO_TASK ? 0 : e->args[2];
    }
    tell_slice(tl, (struct timeline_slice){.row = {timeline_tasks, (int64_t)task.id},
                                           .kind = timeline_task,
                                           .name = text_of(tl, task.name),
                                           .start = task.since,
                                           .end = e->time,
                                           .stack = task.stack,
                                           .end_stack = node_of(tl, e->table, trace_event_stack(e)),
                                           .task = task.id,
                                           .parent = task.parent});
    uint32_t place = known ? *known : no_slot;
    if (!known && !(known = map_add(&tl->task_of_id, task.id, no_slot)))
        tl->failed = true;
    else
        *known = no_slot;
    if (place != no_slot) { /* the last one takes its place */
        tl->tasks.at[place] = tl->tasks.at[--tl->tasks.n];
        if (place < tl->tasks.n)
            *map_find(&tl->task_of_id, tl->tasks.at[place].id) = place;
    }
}

static void add_region(struct timeline *tl, const struct trace_event *e)
{
    struct timeline_goroutine *g = goroutine_of(tl, e->g);
    if (!g)
        return;
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    struct timeline_user_region region = {.task = e->args[0],
                                          .name = number_of(tl, trace_string(e->table, e->args[1])),
                                          .stack = stack,
                                          .since = e->time};
    if (e->type == ev_user_region_begin) {
        tl->failed |= !vec_push(&g->regions, tl->mem, region);
        return;
    }
    if (g->regions.n > 0) {
        region = g->regions.at[--g->regions.n];
    } else {
        region.since = tl->begin;
        region.stack = 0;
    }
    tell_region(tl, g, &region, e->time, stack);
}

static uint32_t range_name(struct timeline *tl, const struct trace_event *e, uint8_t start)
{
    if (start == ev_gc_begin)
        return number_of(tl, STR("GC concurrent mark phase"));
    if (start == ev_gc_sweep_begin)
        return number_of(tl, STR("GC incremental sweep"));
    if (start == ev_gc_mark_assist_begin)
        return number_of(tl, STR("GC mark assist"));
    struct buf name;
    buf_init(&name, tl->mem);
    buf_printf(&name, "stop-the-world (%.*s)", STR_ARG(trace_string(e->table, e->args[0])));
    uint32_t number = number_of(tl, buf_text(&name));
    tl->failed |= name.failed;
    buf_finish(&name);
    return number;
}

/* Tells a range of a processor or of the collector. */
static void tell_range(struct timeline *tl, const struct timeline_proc_range *range, int64_t end, uint32_t end_stack)
{
    struct timeline_row row = {timeline_procs, range->proc < 0 ? timeline_collector_row : range->proc};
    tell_slice(tl, (struct timeline_slice){.row = row,
                                           .kind = timeline_range,
                                           .name = text_of(tl, range->open.name),
                                           .start = range->open.time,
                                           .end = end,
                                           .stack = range->open.stack,
                                           .end_stack = end_stack});
}

enum range_step { range_begins, range_goes_on, range_ends };

static void add_proc_range(struct timeline *tl, const struct trace_event *e, enum range_step step, uint32_t name,
                           int64_t proc)
{
    size_t i = 0;
    while (i < tl->ranges.n && (tl->ranges.at[i].proc != proc || tl->ranges.at[i].open.name != name))
        i++;
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    if (step == range_ends) {
        if (i == tl->ranges.n)
            return;
        tell_range(tl, &tl->ranges.at[i], e->time, stack);
        tl->ranges.at[i] = tl->ranges.at[--tl->ranges.n];
    } else if (i == tl->ranges.n) {
        struct timeline_open open = {name, true, step == range_begins ? e->time : tl->begin, stack};
        tl->failed |= !vec_push(&tl->ranges, tl->mem, (struct timeline_proc_range){proc, open});
    }
}

static void add_range(struct timeline *tl, const struct trace_event *e)
{
    uint8_t start = trace_specs[e->type].start;
    bool is_active = e->type == ev_gc_active || e->type == ev_gc_sweep_active || e->type == ev_gc_mark_assist_active;
    enum range_step step = is_active ? range_goes_on : start ? range_ends : range_begins;
    start = start ? start : e->type;
    uint32_t name = range_name(tl, e, start);
    if (start == ev_gc_begin || start == ev_gc_sweep_begin) {
        int64_t proc = start == ev_gc_begin ? -1 : is_active ? (int64_t)e->args[0] : e->p;
        add_proc_range(tl, e, step, name, proc);
        return;
    }
    struct timeline_goroutine *g = goroutine_of(tl, is_active ? (int64_t)e->args[0] : e->g);
    uint32_t stack = node_of(tl, e->table, trace_event_stack(e));
    for (int i = 0; g && i < 2; i++) {
        struct timeline_track *track = &g->tracks[i];
        if (step == range_begins)
            track_range_begin(tl, track, name, e->time, stack);
        else if (step == range_goes_on)
            track_range_active(tl, track, name);
        else
            track_range_end(tl, track, name, e->time, stack);
    }
}

static void add_label(struct timeline *tl, const struct trace_event *e)
{
    struct timeline_goroutine *g = goroutine_of(tl, e->g);
    if (g)
        g->label = number_of(tl, trace_string(e->table, e->args[0]));
}

static void add_other(struct timeline *tl, const struct trace_event *e)
{
    switch (e->type) {
    case ev_cpu_sample:
        add_instant(tl, e, STR("CPU profile sample"), (struct str){0});
        break;
    case ev_procs_change:
    case ev_heap_alloc:
    case ev_heap_goal:
        add_count(tl, e);
        break;
    case ev_go_label:
        add_label(tl, e);
        break;
    case ev_user_log:
        add_log(tl, e);
        break;
    case ev_user_task_begin:
    case ev_user_task_end:
        add_task(tl, e);
        break;
    case ev_user_region_begin:
    case ev_user_region_end:
        add_region(tl, e);
        break;
    default:
        if (e->type >= ev_stw_begin && e->type <= ev_gc_mark_assist_end)
            add_range(tl, e);
    }
}

bool timeline_add(struct timeline *tl, const struct trace_event *e)
{
    struct trace_transition t;
    if (!tl->began) {
        tl->began = true;
        tl->begin = e->time;
        tl->range = trace_range_from(tl->range, e->time);
    }
    tl->last = e->time;
    if (e->type == ev_mark)
        tl->marks++;
    else if (!trace_event_transition(e, &t))
        add_other(tl, e);
    else if (t.is_goroutine)
        change_goroutine(tl, e, &t);
    else
        change_proc(tl, e, &t);
    return !tl->failed;
}

bool timeline_end(struct timeline *tl)
{
    for (size_t i = 0; i < tl->ranges.n; i++)
        tell_range(tl, &tl->ranges.at[i], tl->last, 0);
    for (size_t i = 0; i < tl->goroutines.n; i++) {
        if (tl->goroutines.at[i].live)
            end_goroutine(tl, &tl->goroutines.at[i], tl->last);
    }
    for (size_t i = 0; i < tl->tasks.n; i++) {
        const struct timeline_user_task *task = &tl->tasks.at[i];
        tell_slice(tl, (struct timeline_slice){.row = {timeline_tasks, (int64_t)task->id},
                                               .kind = timeline_task,
                                               .name = text_of(tl, task->name),
                                               .start = task->since,
                                               .end = tl->last,
                                               .stack = task->stack,
                                               .task = task->id,
                                               .parent = task->parent});
    }
    return !tl->failed;
}
