/* The part is written event by event, as the reader delivers them: checked and in order. Their times are distinct and
 * ascending, so a reader of the part meets them in this order whatever threads they are on. What changes is numbers:
 * sequence numbers start anew with each status, ids of strings and stacks are those of the part's own tables, and
 * generations are counted from 1.
 *
 * Where only some goroutines are wanted, processors still go from thread to thread as they did. A processor that was
 * stolen from the system call of a goroutine that is not there is stopped instead. */
#include "trace/cut.h"

#include <string.h>

#include "trace/cut_step.h"

enum {
    /* Times of v1 traces begin with 0, and v2 has no time before it for the states. ns. */
    v1_shift = 1 << 30,
};

bool trace_cut_init(struct trace_cut *cut, struct mem *mem, unsigned version, struct trace_range range,
                    const struct map *goroutines)
{
    *cut = (struct trace_cut){.mem = mem, .range = range, .goroutines = goroutines, .is_v1 = version < 22};
    cut_v1_init(cut);
    map_init(&cut->thread_of_m, mem);
    map_init(&cut->proc_of_id, mem);
    slots_init(&cut->slots, mem);
    map_init(&cut->wanted_tasks, mem);
    trace_encoder_init(&cut->encoder, mem, cut->is_v1 ? 22 : version, &cut->frames);
    return frame_tree_init(&cut->frames, mem);
}

void trace_cut_finish(struct trace_cut *cut)
{
    trace_encoder_finish(&cut->encoder);
    frame_tree_finish(&cut->frames);
    map_finish(&cut->thread_of_m);
    map_finish(&cut->proc_of_id);
    slots_finish(&cut->slots);
    map_finish(&cut->wanted_tasks);
    vec_finish(&cut->threads, cut->mem);
    vec_finish(&cut->procs, cut->mem);
    vec_finish(&cut->all, cut->mem);
    vec_finish(&cut->tasks, cut->mem);
    cut_v1_finish(cut);
}

struct cut_thread *cut_thread_of(struct trace_cut *cut, int64_t m)
{
    uint32_t fresh = (uint32_t)cut->threads.n, *index = map_add(&cut->thread_of_m, (uint64_t)m, fresh);
    struct cut_thread thread = {m, TRACE_NO_GOROUTINE, TRACE_NO_PROC};
    if (!index || (*index == fresh && !vec_push(&cut->threads, cut->mem, thread))) {
        cut->failed = true;
        return NULL;
    }
    return &cut->threads.at[*index];
}

struct cut_proc *cut_find_proc(struct trace_cut *cut, int64_t id)
{
    uint32_t *index = map_find(&cut->proc_of_id, (uint64_t)id);
    return index ? &cut->procs.at[*index] : NULL;
}

struct cut_goroutine *cut_find_goroutine(struct trace_cut *cut, int64_t id)
{
    uint32_t slot = slots_find(&cut->slots, (uint64_t)id);
    return slot == NO_SLOT ? NULL : &cut->all.at[slot];
}

uint32_t cut_node(struct trace_cut *cut, const struct trace_event *e, uint64_t stack)
{
    uint32_t node = e->table ? frame_tree_stack(&cut->frames, e->table, stack) : 0;
    cut->failed |= node == UINT32_MAX;
    return node == UINT32_MAX ? 0 : node;
}

uint32_t cut_text(struct trace_cut *cut, const struct trace_event *e, uint64_t string)
{
    uint32_t text = frame_tree_string(&cut->frames, e->table, string);
    cut->failed |= text == UINT32_MAX;
    return text == UINT32_MAX ? 0 : text;
}

/* The goroutine of an id, added where it is new; NULL with `failed` set on exhaustion. */
static struct cut_goroutine *goroutine_of(struct trace_cut *cut, int64_t id)
{
    struct cut_goroutine *known = cut_find_goroutine(cut, id);
    if (known)
        return known;
    uint32_t slot = slots_add(&cut->slots, (uint64_t)id);
    if (slot == NO_SLOT || (slot == cut->all.n && !vec_push(&cut->all, cut->mem, (struct cut_goroutine){0}))) {
        cut->failed = true;
        return NULL;
    }
    cut->all.at[slot] = (struct cut_goroutine){.id = id, .live = true, .m = TRACE_NO_THREAD};
    return &cut->all.at[slot];
}

static void forget_goroutine(struct trace_cut *cut, struct cut_goroutine *g)
{
    slots_remove(&cut->slots, (uint64_t)g->id);
    g->live = false;
}

/* Notes where a goroutine is, and that the thread runs it. */
static void bind(struct trace_cut *cut, struct cut_goroutine *g, int64_t m)
{
    struct cut_thread *thread = m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, m);
    g->m = m;
    if (thread)
        thread->g = g->id;
}

static void unbind(struct trace_cut *cut, struct cut_goroutine *g)
{
    uint32_t *index = map_find(&cut->thread_of_m, (uint64_t)g->m);
    if (index && cut->threads.at[*index].g == g->id)
        cut->threads.at[*index].g = TRACE_NO_GOROUTINE;
    g->m = TRACE_NO_THREAD;
}

/* A goroutine enters a status, on a thread where it runs or is in a system call. */
static void enter(struct trace_cut *cut, struct cut_goroutine *g, enum trace_go_status status, int64_t m)
{
    if (g->m != m)
        unbind(cut, g);
    g->status = (uint8_t)status;
    if (status == go_status_running || status == go_status_syscall)
        bind(cut, g, m);
    else
        unbind(cut, g);
}

/* A processor comes to a thread, or (m -1) leaves its own. */
static void place_proc(struct trace_cut *cut, struct cut_proc *proc, enum trace_proc_status status, int64_t m)
{
    uint32_t *index = map_find(&cut->thread_of_m, (uint64_t)proc->m);
    if (index && proc->m != m && cut->threads.at[*index].p == proc->id)
        cut->threads.at[*index].p = TRACE_NO_PROC;
    proc->status = (uint8_t)status;
    proc->m = m;
    struct cut_thread *thread = m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, m);
    if (thread)
        thread->p = proc->id;
}

static void update_proc(struct trace_cut *cut, const struct trace_event *e)
{
    int64_t id = e->type == ev_proc_stop ? e->p : (int64_t)e->args[0];
    struct cut_proc *proc = cut_find_proc(cut, id);
    /* The first word of a processor is its status, which was just written where the part has begun. */
    struct cut_proc fresh = {
        .id = id, .m = TRACE_NO_THREAD, .out_known = cut->active, .out_status = (uint8_t)e->args[1]};
    if (!proc) {
        uint32_t *index = map_add(&cut->proc_of_id, (uint64_t)id, (uint32_t)cut->procs.n);
        if (!index || !vec_push(&cut->procs, cut->mem, fresh)) {
            cut->failed = true;
            return;
        }
        proc = &cut->procs.at[cut->procs.n - 1];
    }
    if (e->type == ev_proc_start)
        place_proc(cut, proc, proc_status_running, e->m);
    else if (e->type != ev_proc_status)
        place_proc(cut, proc, proc_status_idle, TRACE_NO_THREAD);
    else if (e->args[1] == proc_status_running || e->args[1] == proc_status_syscall)
        place_proc(cut, proc, (enum trace_proc_status)e->args[1], e->m);
    else
        place_proc(cut, proc, (enum trace_proc_status)e->args[1], TRACE_NO_THREAD);
}

static void set_proc_status(struct trace_cut *cut, int64_t id, enum trace_proc_status status)
{
    struct cut_proc *proc = cut_find_proc(cut, id);
    if (proc)
        proc->status = (uint8_t)status;
}

/* One goroutine hands its thread to another. */
static void update_switch(struct trace_cut *cut, const struct trace_event *e)
{
    struct cut_goroutine *to = goroutine_of(cut, (int64_t)e->args[0]), *from = cut_find_goroutine(cut, e->g);
    if (from && e->type == ev_go_switch)
        enter(cut, from, go_status_waiting, TRACE_NO_THREAD);
    else if (from)
        forget_goroutine(cut, from);
    if (to)
        enter(cut, to, go_status_running, e->m);
}

static void update_goroutine(struct trace_cut *cut, const struct trace_event *e, const struct trace_transition *t)
{
    static const uint8_t statuses[] = {[go_runnable] = go_status_runnable,
                                       [go_running] = go_status_running,
                                       [go_waiting] = go_status_waiting,
                                       [go_syscall] = go_status_syscall};
    struct cut_goroutine *g = goroutine_of(cut, t->id);
    if (!g)
        return;
    if (t->has_stack && t->stack != 0)
        g->stack = cut_node(cut, e, t->stack);
    if (e->type == ev_go_syscall_begin)
        set_proc_status(cut, e->p, proc_status_syscall);
    if (e->type == ev_go_syscall_end)
        set_proc_status(cut, e->p, proc_status_running);
    struct cut_proc *lost = e->type == ev_go_destroy_syscall ? cut_find_proc(cut, e->p) : NULL;
    if (lost)
        place_proc(cut, lost, proc_status_abandoned, TRACE_NO_THREAD);
    if (t->to != go_not_exist && t->to != go_undetermined) {
        enter(cut, g, (enum trace_go_status)statuses[t->to], e->m);
    } else {
        unbind(cut, g);
        forget_goroutine(cut, g);
    }
}

/* Tasks are in the order of their begins, so that parents come before their children. */
static void update_task(struct trace_cut *cut, const struct trace_event *e)
{
    if (e->type == ev_user_task_begin) {
        struct cut_task task = {.id = e->args[0], .parent = e->args[1], .g = e->g};
        task.name = cut_text(cut, e, e->args[2]);
        task.stack = cut_node(cut, e, trace_event_stack(e));
        bool wanted = !cut->surveyed_any || map_find(&cut->wanted_tasks, task.id);
        cut->failed |= wanted && !vec_push(&cut->tasks, cut->mem, task);
        return;
    }
    for (size_t i = 0; i < cut->tasks.n; i++) {
        if (cut->tasks.at[i].id == e->args[0]) {
            memmove(&cut->tasks.at[i], &cut->tasks.at[i + 1], (cut->tasks.n - i - 1) * sizeof *cut->tasks.at);
            cut->tasks.n--;
            return;
        }
    }
}

static void update_range(struct trace_cut *cut, const struct trace_event *e)
{
    struct cut_goroutine *g = cut_find_goroutine(cut, e->g);
    struct cut_proc *proc = cut_find_proc(cut, e->type == ev_gc_sweep_active ? (int64_t)e->args[0] : e->p);
    if (e->type == ev_gc_mark_assist_active)
        g = cut_find_goroutine(cut, (int64_t)e->args[0]);
    switch (e->type) {
    case ev_stw_begin:
    case ev_stw_end:
        if (!g)
            break;
        g->stops = e->type == ev_stw_begin;
        g->stop_kind = cut_text(cut, e, e->args[0]);
        g->stop_stack = cut_node(cut, e, trace_event_stack(e));
        break;
    case ev_gc_mark_assist_begin:
    case ev_gc_mark_assist_end:
    case ev_gc_mark_assist_active:
        if (g)
            g->assists = e->type != ev_gc_mark_assist_end;
        break;
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
    case ev_gc_sweep_active:
        if (proc)
            proc->sweeps = e->type != ev_gc_sweep_end;
        break;
    default: /* cycles of the collector */
        cut->collector = e->type == ev_gc_end ? cut_collector_off : cut_collector_on;
    }
}

/* What an event changes in the trace; and how many events that follow from it the reader delivers behind it. */
static void update(struct trace_cut *cut, const struct trace_event *e)
{
    struct trace_transition t;
    cut->implied = 0;
    if (e->type == ev_go_switch || e->type == ev_go_switch_destroy) {
        update_switch(cut, e);
        cut->implied = 2;
    } else if (e->type >= ev_proc_start && e->type <= ev_proc_status) {
        update_proc(cut, e);
    } else if (trace_event_transition(e, &t)) {
        update_goroutine(cut, e, &t);
    } else if (e->type == ev_user_task_begin || e->type == ev_user_task_end) {
        update_task(cut, e);
    } else if (e->type >= ev_stw_begin && e->type <= ev_gc_mark_assist_end) {
        update_range(cut, e);
    }
}

bool trace_cut_survey(struct trace_cut *cut, const struct trace_event *e)
{
    if (!cut->surveyed_any) {
        cut->surveyed_any = true;
        cut->range = trace_range_from(cut->range, e->time);
    }
    bool names_task = e->type >= ev_user_task_begin && e->type <= ev_user_log;
    if (!names_task || e->time < cut->range.start || e->time > cut->range.end || !cut_wants(cut, e->g))
        return true;
    bool has_parent = e->type == ev_user_task_begin && e->args[1] != TRACE_NO_TASK;
    return map_add(&cut->wanted_tasks, e->args[0], 1) && (!has_parent || map_add(&cut->wanted_tasks, e->args[1], 1));
}

/* What the clocks showed at another time than that of a table's snapshot. */
static struct trace_clocks clocks_at(const struct trace_table *table, uint64_t time)
{
    enum { second = 1000000000 };
    struct trace_clocks clocks = table->clocks;
    int64_t later = (int64_t)(time - (uint64_t)trace_ns(table, clocks.time));
    clocks.mono += (uint64_t)later;
    int64_t seconds = later / second, rest = later % second + (int64_t)(clocks.nsec % second);
    seconds += (int64_t)(clocks.nsec / second);
    if (rest < 0) {
        rest += second;
        seconds--;
    } else if (rest >= second) {
        rest -= second;
        seconds++;
    }
    clocks.sec += (uint64_t)seconds;
    clocks.nsec = (uint64_t)rest;
    return clocks;
}

static void begin_generation(struct trace_cut *cut, uint64_t start, struct buf *out)
{
    struct trace_clocks clocks = {0};
    if (cut->encoder.version >= 25)
        clocks = clocks_at(cut->table, start);
    trace_encoder_begin(&cut->encoder, start, &clocks, out);
}

/* Begins to write: the states before an event at a time, each at a time of its own before it. */
static void activate(struct trace_cut *cut, int64_t time, struct buf *out)
{
    time += cut->is_v1 ? v1_shift : 0;
    uint64_t states = cut_count_states(cut), start = (uint64_t)time > states + 1 ? (uint64_t)time - states - 1 : 1;
    cut->active = cut->in_first = true;
    trace_encoder_header(&cut->encoder, out);
    begin_generation(cut, start, out);
    cut->now = start;
    cut_write_states(cut, out);
}

/* The begin of a generation of the trace. */
static void add_mark(struct trace_cut *cut, const struct trace_event *e, bool in_range, struct buf *out)
{
    cut->table = e->table;
    if (!e->table || !in_range)
        return;
    if (!cut->active) {
        activate(cut, e->time, out);
    } else {
        trace_encoder_end(&cut->encoder, out);
        begin_generation(cut, (uint64_t)e->time, out);
        cut->in_first = false;
    }
}

bool trace_cut_add(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    return (cut->is_v1 ? cut_v1_add : cut_take)(cut, e, out);
}

bool cut_take(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    if (!cut->began) {
        cut->began = true;
        if (!cut->surveyed_any)
            cut->range = trace_range_from(cut->range, e->time);
    }
    bool in_range = e->time >= cut->range.start && e->time <= cut->range.end;
    if (e->time > cut->range.end && !cut->active && cut->table && !cut->failed)
        activate(cut, cut->range.start, out); /* nothing happened: the states are all there is */
    if (e->type == ev_mark) {
        add_mark(cut, e, in_range, out);
    } else if (cut->implied > 0) {
        cut->implied--;
    } else if (e->type == ev_proc_steal && e->args[1] == 0) {
        /* No number: it follows from the end of a goroutine in a system call, which comes next, and at the same time.
         */
        cut->held = e->time;
    } else {
        if (in_range && !cut->active)
            activate(cut, e->time, out);
        if (in_range) {
            bool is_held = e->type == ev_go_destroy_syscall && cut->held > (int64_t)cut->now;
            cut->now = (uint64_t)(is_held ? cut->held : e->time) + (cut->is_v1 ? v1_shift : 0);
            cut_write(cut, e, out);
        }
        if (e->type != ev_cpu_sample)
            update(cut, e);
        if (in_range && cut->tasks_pending)
            cut_write_tasks(cut, out);
    }
    return !cut->failed && !cut->encoder.failed;
}

bool trace_cut_end(struct trace_cut *cut, struct buf *out)
{
    if (cut->active)
        trace_encoder_end(&cut->encoder, out);
    return !cut->failed && !cut->encoder.failed && !out->failed;
}
