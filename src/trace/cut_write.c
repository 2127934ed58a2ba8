/* What a reader of the part is told: statuses at its begin, and the events. The out_* fields say what that reader
 * knows, so that nothing is written that it would refuse. */
#include <string.h>

#include "trace/cut_step.h"

/* Writes an event at the present time. */
static void put(struct trace_cut *cut, int64_t m, enum trace_type type, const uint64_t *args, struct buf *out)
{
    trace_encoder_event(&cut->encoder, m, cut->now, type, args, out);
}

/* Writes one of the events before those of the trace. */
static void put_state(struct trace_cut *cut, int64_t m, enum trace_type type, const uint64_t *args, struct buf *out)
{
    put(cut, m, type, args, out);
    cut->now++;
}

uint64_t cut_count_states(const struct trace_cut *cut)
{
    return 2 * cut->procs.n + 3 * cut->all.n + cut->tasks.n + 1;
}

/* The goroutine that a reader of the part sees on a thread; NULL for none. */
static struct cut_goroutine *wanted_on(struct trace_cut *cut, int64_t m)
{
    struct cut_thread *thread = m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, m);
    struct cut_goroutine *g = thread ? cut_find_goroutine(cut, thread->g) : NULL;
    return g && cut_wants(cut, g->id) ? g : NULL;
}

static void write_proc_state(struct trace_cut *cut, struct cut_proc *proc, struct buf *out)
{
    proc->out_status = proc->status;
    if (proc->status == proc_status_syscall && !wanted_on(cut, proc->m))
        proc->out_status = proc_status_running;
    proc->out_known = true;
    proc->sequence = 0;
    const uint64_t args[] = {(uint64_t)proc->id, proc->out_status};
    put_state(cut, proc->m, ev_proc_status, args, out);
    proc->out_sweeps = proc->sweeps;
    if (proc->sweeps)
        put_state(cut, proc->m, ev_gc_sweep_active, args, out);
}

static void write_goroutine_state(struct trace_cut *cut, struct cut_goroutine *g, struct buf *out)
{
    uint64_t args[] = {(uint64_t)g->id, (uint64_t)g->m, g->status, trace_encoder_stack(&cut->encoder, g->stack)};
    bool with_stack = g->stack != 0 && cut->encoder.version >= 23;
    put_state(cut, g->m, with_stack ? ev_go_status_stack : ev_go_status, args, out);
    g->sequence = 0;
    g->out_assists = g->assists;
    if (g->assists)
        put_state(cut, g->m, ev_gc_mark_assist_active, args, out);
    /* There is no event that says that the world is stopped already. */
    g->out_stops = g->stops && g->status == go_status_running;
    if (g->out_stops) {
        uint64_t stop[] = {trace_encoder_string(&cut->encoder, g->stop_kind),
                           trace_encoder_stack(&cut->encoder, g->stop_stack)};
        put_state(cut, g->m, ev_stw_begin, stop, out);
    }
}

void cut_write_states(struct trace_cut *cut, struct buf *out)
{
    for (size_t i = 0; i < cut->procs.n; i++)
        write_proc_state(cut, &cut->procs.at[i], out);
    for (size_t i = 0; i < cut->all.n; i++) {
        if (cut->all.at[i].live && cut_wants(cut, cut->all.at[i].id))
            write_goroutine_state(cut, &cut->all.at[i], out);
    }
    if (cut->collector == cut_collector_on && !cut->goroutines) {
        cut->out_collector = cut_collector_on;
        cut->collector_sequence = 1;
        put_state(cut, TRACE_NO_THREAD, ev_gc_active, &cut->collector_sequence, out);
    }
    cut->tasks_pending = cut->tasks.n > 0;
    if (cut->tasks_pending)
        cut_write_tasks(cut, out);
}

/* A thread on which a wanted goroutine runs, that of a given one where it does; NULL for none. */
static struct cut_goroutine *find_running(struct trace_cut *cut, int64_t goroutine)
{
    struct cut_goroutine *g = cut_find_goroutine(cut, goroutine);
    if (g && g->status == go_status_running && cut_wants(cut, goroutine))
        return g;
    for (size_t i = 0; i < cut->threads.n; i++) {
        g = wanted_on(cut, cut->threads.at[i].m);
        if (g && g->status == go_status_running && cut->threads.at[i].p != TRACE_NO_PROC)
            return g;
    }
    return NULL;
}

void cut_write_tasks(struct trace_cut *cut, struct buf *out)
{
    for (size_t i = 0; i < cut->tasks.n; i++) {
        const struct cut_task *task = &cut->tasks.at[i];
        struct cut_goroutine *g = find_running(cut, task->g);
        if (!g)
            return;
        uint64_t args[] = {task->id, task->parent == TRACE_NO_TASK ? 0 : task->parent,
                           trace_encoder_string(&cut->encoder, task->name),
                           trace_encoder_stack(&cut->encoder, task->stack)};
        put(cut, g->m, ev_user_task_begin, args, out); /* a reader puts one ns between them */
    }
    cut->tasks_pending = false;
}

/* The arguments of an event as the trace has them, with ids of the part. */
static void convert(struct trace_cut *cut, const struct trace_event *e, uint64_t args[trace_max_args])
{
    const struct trace_spec *spec = &trace_specs[e->type];
    memcpy(args, e->args, sizeof e->args);
    for (int i = 0; i < 2; i++) {
        if (spec->stacks[i])
            args[spec->stacks[i] - 1] =
                trace_encoder_stack(&cut->encoder, cut_node(cut, e, e->args[spec->stacks[i] - 1]));
        if (spec->strings[i])
            args[spec->strings[i] - 1] =
                trace_encoder_string(&cut->encoder, cut_text(cut, e, e->args[spec->strings[i] - 1]));
    }
}

static void write_as_is(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    uint64_t args[trace_max_args];
    convert(cut, e, args);
    put(cut, e->m, (enum trace_type)e->type, args, out);
}

/* Writes an event whose argument number i is the next of a sequence. */
static void write_numbered(struct trace_cut *cut, const struct trace_event *e, int i, uint64_t *sequence,
                           struct buf *out)
{
    uint64_t args[trace_max_args];
    convert(cut, e, args);
    args[i] = ++*sequence;
    put(cut, e->m, (enum trace_type)e->type, args, out);
}

/* Takes a processor from the thread that a reader of the part sees it on. */
static void stop_proc(struct trace_cut *cut, struct cut_proc *proc, struct buf *out)
{
    if (proc->m != TRACE_NO_THREAD)
        put(cut, proc->m, ev_proc_stop, NULL, out);
    proc->out_status = proc_status_idle;
}

static void write_proc_status(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_proc *proc = cut_find_proc(cut, (int64_t)e->args[0]);
    bool is_known = proc && proc->out_known;
    uint64_t args[] = {e->args[0], is_known ? proc->out_status : e->args[1]};
    put(cut, e->m, ev_proc_status, args, out);
    if (is_known)
        proc->sequence = 0;
}

static void write_proc(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_proc *proc = cut_find_proc(cut, e->type == ev_proc_stop ? e->p : (int64_t)e->args[0]);
    if (e->type == ev_proc_status) {
        write_proc_status(cut, e, out);
    } else if (!proc) {
        cut->failed = true; /* out of memory, earlier */
    } else if (e->type == ev_proc_start) {
        write_numbered(cut, e, 1, &proc->sequence, out);
        proc->out_status = proc_status_running;
    } else if (e->type == ev_proc_stop) {
        if (proc->out_status != proc_status_idle)
            write_as_is(cut, e, out);
        proc->out_status = proc_status_idle;
    } else if (proc->out_status == proc_status_syscall || proc->out_status == proc_status_abandoned) {
        write_numbered(cut, e, 1, &proc->sequence, out);
        proc->out_status = proc_status_idle;
    } else if (proc->out_status == proc_status_running) {
        stop_proc(cut, proc, out);
    }
}

static void write_switch(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_goroutine *to = cut_find_goroutine(cut, (int64_t)e->args[0]);
    bool from_wanted = cut_wants(cut, e->g), to_wanted = to && cut_wants(cut, to->id);
    uint64_t args[trace_max_args] = {0};
    if (from_wanted && to_wanted) {
        write_numbered(cut, e, 1, &to->sequence, out);
        return;
    }
    if (from_wanted)
        put(cut, e->m, e->type == ev_go_switch ? ev_go_block : ev_go_destroy, args, out);
    if (!to_wanted)
        return;
    args[0] = e->args[0];
    args[1] = ++to->sequence;
    put(cut, e->m, ev_go_unblock, args, out);
    args[1] = ++to->sequence;
    put(cut, e->m, ev_go_start, args, out);
}

static void write_status(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_goroutine *g = cut_find_goroutine(cut, (int64_t)e->args[0]);
    uint64_t args[trace_max_args], status = (uint32_t)e->args[2];
    convert(cut, e, args);
    if (status == go_status_syscall)
        args[1] = (uint64_t)e->m; /* that of the call, which the event is written on */
    args[2] = status;
    put(cut, e->m, (enum trace_type)e->type, args, out);
    if (g)
        g->sequence = 0;
}

/* Events of a system call change the processor, too. */
static void write_syscall(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_proc *proc = cut_find_proc(cut, e->p);
    bool wanted = cut_wants(cut, e->g);
    if (e->type == ev_go_syscall_begin && wanted && proc) {
        write_numbered(cut, e, 0, &proc->sequence, out);
        proc->out_status = proc_status_syscall;
    } else if (e->type == ev_go_syscall_end && wanted && proc) {
        write_as_is(cut, e, out);
        proc->out_status = proc_status_running;
    } else if (e->type == ev_go_destroy_syscall && proc) {
        if (wanted)
            write_as_is(cut, e, out);
        else
            stop_proc(cut, proc, out);
        proc->out_status = wanted ? proc_status_abandoned : proc_status_idle;
    } else if (wanted) {
        write_as_is(cut, e, out);
    }
}

static void write_goroutine(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_goroutine *named = cut_find_goroutine(cut, (int64_t)e->args[0]);
    bool wants_named = cut_wants(cut, (int64_t)e->args[0]);
    switch (e->type) {
    case ev_go_create:
    case ev_go_create_blocked:
    case ev_go_create_syscall:
        if (wants_named)
            write_as_is(cut, e, out);
        break;
    case ev_go_start:
    case ev_go_unblock:
        if (wants_named && named)
            write_numbered(cut, e, 1, &named->sequence, out);
        break;
    case ev_go_status:
    case ev_go_status_stack:
        if (wants_named)
            write_status(cut, e, out);
        break;
    case ev_go_switch:
    case ev_go_switch_destroy:
        write_switch(cut, e, out);
        break;
    case ev_go_syscall_begin:
    case ev_go_syscall_end:
    case ev_go_syscall_end_blocked:
    case ev_go_destroy_syscall:
        write_syscall(cut, e, out);
        break;
    default:
        if (cut_wants(cut, e->g))
            write_as_is(cut, e, out);
    }
}

/* Cycles of the collector, which belong to no goroutine: they are only in parts with all of them. */
static void write_cycle(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    bool is_on = cut->out_collector == cut_collector_on, ends = e->type == ev_gc_end;
    if (cut->goroutines || (e->type == ev_gc_active && (is_on == cut->in_first)) || (ends && !is_on))
        return;
    write_numbered(cut, e, 0, &cut->collector_sequence, out);
    cut->out_collector = ends ? cut_collector_off : cut_collector_on;
}

static void write_range(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    bool is_active = e->type == ev_gc_sweep_active || e->type == ev_gc_mark_assist_active;
    bool is_sweep = e->type >= ev_gc_sweep_active && e->type <= ev_gc_sweep_end;
    bool ends = e->type == ev_stw_end || e->type == ev_gc_sweep_end || e->type == ev_gc_mark_assist_end;
    struct cut_proc *proc = is_sweep ? cut_find_proc(cut, is_active ? (int64_t)e->args[0] : e->p) : NULL;
    int64_t id = e->type == ev_gc_mark_assist_active ? (int64_t)e->args[0] : e->g;
    struct cut_goroutine *g = is_sweep ? NULL : cut_find_goroutine(cut, id);
    bool is_stop = e->type == ev_stw_begin || e->type == ev_stw_end;
    if (!proc && (!g || !cut_wants(cut, g->id)))
        return;
    bool *open = proc ? &proc->out_sweeps : is_stop ? &g->out_stops : &g->out_assists;
    /* What is said again at the begin of a generation must be new in the first, and known in the others. */
    if (is_active ? *open == cut->in_first : *open != ends)
        return;
    write_as_is(cut, e, out);
    *open = !ends;
}

void cut_write(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    if (e->type == ev_cpu_sample) {
        if (cut_wants(cut, e->g))
            trace_encoder_sample(&cut->encoder, cut->now, e->m, e->p, e->g,
                                 trace_encoder_stack(&cut->encoder, cut_node(cut, e, e->args[0])), out);
    } else if (e->type >= ev_proc_start && e->type <= ev_proc_status) {
        write_proc(cut, e, out);
    } else if (e->type >= ev_gc_active && e->type <= ev_gc_end) {
        write_cycle(cut, e, out);
    } else if (e->type >= ev_stw_begin && e->type <= ev_gc_mark_assist_end) {
        write_range(cut, e, out);
    } else if (e->type == ev_heap_alloc || e->type == ev_heap_goal) {
        write_as_is(cut, e, out);
    } else if (e->type == ev_user_task_begin) {
        uint64_t args[trace_max_args];
        convert(cut, e, args);
        args[1] = args[1] == TRACE_NO_TASK ? 0 : args[1];
        if (cut_wants(cut, e->g))
            put(cut, e->m, ev_user_task_begin, args, out);
    } else {
        write_goroutine(cut, e, out);
    }
}
