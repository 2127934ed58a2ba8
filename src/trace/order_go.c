/* Goroutines: created, started, stopped, blocked, in system calls, gone; and the dispatch, because nearly all events
 * are of these, so that what they do stands in one function. */
#include <inttypes.h>

#include "trace/order_step.h"

/* The goroutine that runs, which must be in a status; else refuses. */
static inline struct order_goroutine *own_in(struct step *step, enum trace_go_status status)
{
    struct order_goroutine *goroutine = step_own_goroutine(step);
    if (goroutine && goroutine->status != status) {
        step_refuse(step, "goroutine %" PRId64 " is in status %d, not %d", goroutine->id, goroutine->status, status);
        return NULL;
    }
    return goroutine;
}

/* A goroutine in a system call is bound to its thread: on this one, or on another that said nothing yet, or whose
 * binding must be the same. */
static enum order_result bind_syscall(struct step *step, int64_t id, int64_t m, uint32_t slot)
{
    struct order *order = step->order;
    if (m == TRACE_NO_THREAD)
        return step_refuse(step, "goroutine %" PRId64 " is in a system call without a thread", id);
    if (m == step->event->m) {
        if (step->generation != order->first_generation && step->event->g != id)
            return step_refuse(step, "goroutine %" PRId64 " is in a system call of a thread that runs %" PRId64, id,
                               step->event->g);
        step_run(step, id, slot);
        return step_emit(step);
    }
    uint32_t index = order_thread(order, m);
    if (index == UINT32_MAX)
        return step_exhausted(step);
    struct order_thread *thread = &order->threads.at[index];
    if (thread->known && thread->context.g != id)
        return step_refuse(step, "goroutine %" PRId64 " is in a system call of thread %" PRId64 ", which runs %" PRId64,
                           id, m, thread->context.g);
    if (thread->known) {
        step->event->g = id;
    } else {
        thread->known = true;
        thread->context.g = id;
        thread->context.g_slot = slot;
    }
    step->event->m = m;
    return step_emit(step);
}

enum order_result play_go_status(struct step *step)
{
    uint64_t *args = step->event->args;
    int64_t id = (int64_t)args[0];
    uint8_t status = (uint8_t)args[2]; /* of which the reference keeps one byte, too */
    if (status > go_status_waiting)
        return step_refuse(step, "goroutine %" PRId64 " is in status %d, which does not exist", id, status);
    enum trace_go_state old = trace_go_state_of(status);
    uint32_t slot;
    struct order_goroutine *goroutine = step_named_goroutine(step, id, &slot);
    if (goroutine) {
        if (goroutine->status != status)
            return step_refuse(step, "goroutine %" PRId64 " is in status %d, but was in %d before", id, status,
                               goroutine->status);
        goroutine->sequence = (struct order_sequence){step->generation, 0};
    } else if (step->generation == step->order->first_generation) {
        if (!step_add_goroutine(step, id, (enum trace_go_status)status, &slot))
            return step_exhausted(step);
        old = go_undetermined;
    } else {
        return step_refuse(step, "goroutine %" PRId64 " appears after the first generation without being created", id);
    }
    args[2] = (uint64_t)old << 32 | status;
    if (status == go_status_syscall)
        return bind_syscall(step, id, (int64_t)args[1], slot);
    if (status == go_status_running) {
        step_run(step, id, slot);
    }
    return step_emit(step);
}

enum order_result play_go_create(struct step *step)
{
    if (!step_has(step, need_one, need_any))
        return order_refused;
    struct order_goroutine *own = step_goroutine(step, step->event->g, &step_context(step)->g_slot);
    if (own && own->status != go_status_running)
        return step_refuse(step, "goroutine %" PRId64 ", which creates one, does not run", own->id);
    int64_t id = (int64_t)step->event->args[0];
    uint32_t slot;
    if (step_named_goroutine(step, id, &slot))
        return step_refuse(step, "goroutine %" PRId64 " exists already", id);
    enum trace_go_status status = step->event->type == ev_go_create_blocked ? go_status_waiting : go_status_runnable;
    return step_add_goroutine(step, id, status, &slot) ? step_emit(step) : step_exhausted(step);
}

enum order_result play_go_create_syscall(struct step *step)
{
    if (!step_has(step, need_any, need_none))
        return order_refused;
    int64_t id = (int64_t)step->event->args[0];
    uint32_t slot;
    if (step_named_goroutine(step, id, &slot))
        return step_refuse(step, "goroutine %" PRId64 " exists already", id);
    if (!step_add_goroutine(step, id, go_status_syscall, &slot))
        return step_exhausted(step);
    step_run(step, id, slot);
    return step_emit(step);
}

static inline enum order_result play_go_start(struct step *step)
{
    int64_t id = (int64_t)step->event->args[0];
    uint32_t slot;
    struct order_goroutine *goroutine = step_named_goroutine(step, id, &slot);
    if (!goroutine || goroutine->status != go_status_runnable ||
        !step_succeeds(step, goroutine->sequence, step->event->args[1]))
        return order_later;
    if (!step_has(step, need_one, need_none))
        return order_refused;
    goroutine->status = go_status_running;
    goroutine->sequence.number++;
    step_run(step, id, slot);
    return step_emit(step);
}

/* GoStop, GoBlock and GoDestroy: the goroutine that runs leaves its thread. */
static inline enum order_result play_go_stop(struct step *step)
{
    struct order_goroutine *goroutine = step_has_all(step) ? own_in(step, go_status_running) : NULL;
    if (!goroutine)
        return order_refused;
    if (step->event->type == ev_go_destroy)
        step_remove_goroutine(step, goroutine);
    else
        goroutine->status = step->event->type == ev_go_stop ? go_status_runnable : go_status_waiting;
    step_run(step, TRACE_NO_GOROUTINE, ORDER_NO_SLOT);
    return step_emit(step);
}

static inline enum order_result play_go_unblock(struct step *step)
{
    uint32_t slot;
    struct order_goroutine *goroutine = step_named_goroutine(step, (int64_t)step->event->args[0], &slot);
    if (!goroutine || goroutine->status != go_status_waiting ||
        !step_succeeds(step, goroutine->sequence, step->event->args[1]))
        return order_later;
    goroutine->status = go_status_runnable;
    goroutine->sequence.number++;
    return step_emit(step);
}

/* One goroutine hands its thread to another: an unblocking of that one, a blocking or the end of this one, and a start
 * of that one. */
enum order_result play_go_switch(struct step *step)
{
    struct order_goroutine *own = step_has_all(step) ? own_in(step, go_status_running) : NULL;
    if (!own)
        return order_refused;
    int64_t id = (int64_t)step->event->args[0];
    uint32_t slot;
    struct order_goroutine *next = step_named_goroutine(step, id, &slot);
    if (!next || next->status != go_status_waiting || !step_succeeds(step, next->sequence, step->event->args[1]))
        return order_later;
    step_queue(step);
    if (step->event->type == ev_go_switch) {
        own->status = go_status_waiting;
        step_imply(step, ev_go_block);
    } else {
        step_remove_goroutine(step, own);
        step_imply(step, ev_go_destroy);
    }
    next->status = go_status_running;
    next->sequence.number++;
    struct trace_event *start = step_imply(step, ev_go_start);
    start->g = TRACE_NO_GOROUTINE;
    start->args[0] = (uint64_t)id;
    start->args[1] = step->event->args[1];
    step_run(step, id, slot);
    return order_done;
}

static inline enum order_result play_syscall_begin(struct step *step)
{
    struct order_goroutine *goroutine = step_has_all(step) ? own_in(step, go_status_running) : NULL;
    struct order_proc *proc = goroutine ? step_own_proc(step) : NULL;
    if (!proc)
        return order_refused;
    goroutine->status = go_status_syscall;
    proc->status = proc_status_syscall;
    if (!step_succeeds(step, proc->sequence, step->event->args[0]))
        return step_refuse(step, "number %" PRIu64 " of processor %" PRId64 " does not follow %" PRIu64,
                           step->event->args[0], proc->id, proc->sequence.number);
    proc->sequence.number++;
    return step_emit(step);
}

static inline enum order_result play_syscall_end(struct step *step)
{
    struct order_goroutine *goroutine = step_has_all(step) ? own_in(step, go_status_syscall) : NULL;
    struct order_proc *proc = goroutine ? step_own_proc(step) : NULL;
    if (!proc)
        return order_refused;
    if (proc->status != proc_status_syscall)
        return step_refuse(step, "processor %" PRId64 " is in status %d, not in a system call", proc->id, proc->status);
    goroutine->status = go_status_running;
    proc->status = proc_status_running;
    return step_emit(step);
}

/* The end of a call that lost its processor: it comes after that loss. */
enum order_result play_syscall_end_blocked(struct step *step)
{
    if (step->event->p != TRACE_NO_PROC) {
        struct order_proc *proc = step_own_proc(step);
        if (!proc)
            return order_refused;
        if (proc->status == proc_status_syscall)
            return order_later;
    }
    struct order_goroutine *goroutine = step_has(step, need_any, need_one) ? own_in(step, go_status_syscall) : NULL;
    if (!goroutine)
        return order_refused;
    goroutine->status = go_status_runnable;
    step_run(step, TRACE_NO_GOROUTINE, ORDER_NO_SLOT);
    return step_emit(step);
}

/* A thread of C returns from its call back: its goroutine ends, and it loses its processor, which others may steal
 * later without naming the thread. */
enum order_result play_go_destroy_syscall(struct step *step)
{
    struct order_goroutine *goroutine = step_has(step, need_any, need_one) ? own_in(step, go_status_syscall) : NULL;
    if (!goroutine)
        return order_refused;
    step_remove_goroutine(step, goroutine);
    step_run(step, TRACE_NO_GOROUTINE, ORDER_NO_SLOT);
    if (step->event->p == TRACE_NO_PROC)
        return step_emit(step);
    struct order_proc *proc = step_own_proc(step);
    if (!proc)
        return order_refused;
    if (proc->status != proc_status_syscall)
        return step_refuse(step, "processor %" PRId64 " is in status %d, not in a system call", proc->id, proc->status);
    proc->status = proc_status_abandoned;
    step_hold(step, TRACE_NO_PROC, ORDER_NO_SLOT);
    struct trace_event *steal = step_imply(step, ev_proc_steal);
    steal->args[0] = (uint64_t)step->event->p;
    steal->args[3] = proc_status_syscall;
    return step_emit(step);
}

/* What the allocator says of the heap. */
static inline enum order_result play_heap(struct step *step)
{
    return step_has(step, need_one, need_any) ? step_emit(step) : order_refused;
}

/* The players of what is not in the dispatch itself. */
static order_player *const players[ev_count] = {
    [ev_procs_change] = play_annotation,
    [ev_proc_start] = play_proc_start,
    [ev_proc_stop] = play_proc_stop,
    [ev_proc_steal] = play_proc_steal,
    [ev_proc_status] = play_proc_status,
    [ev_go_create] = play_go_create,
    [ev_go_create_syscall] = play_go_create_syscall,
    [ev_go_destroy_syscall] = play_go_destroy_syscall,
    [ev_go_syscall_end_blocked] = play_syscall_end_blocked,
    [ev_go_status] = play_go_status,
    [ev_stw_begin] = play_range_begin,
    [ev_stw_end] = play_range_end,
    [ev_gc_active] = play_gc_active,
    [ev_gc_begin] = play_gc_begin,
    [ev_gc_end] = play_gc_end,
    [ev_gc_sweep_active] = play_sweep_active,
    [ev_gc_sweep_begin] = play_sweep_begin,
    [ev_gc_sweep_end] = play_sweep_end,
    [ev_gc_mark_assist_active] = play_range_active,
    [ev_gc_mark_assist_begin] = play_range_begin,
    [ev_gc_mark_assist_end] = play_range_end,
    [ev_go_label] = play_annotation,
    [ev_user_task_begin] = play_task_begin,
    [ev_user_task_end] = play_task_end,
    [ev_user_region_begin] = play_region_begin,
    [ev_user_region_end] = play_region_end,
    [ev_user_log] = play_annotation,
    [ev_go_switch] = play_go_switch,
    [ev_go_switch_destroy] = play_go_switch,
    [ev_go_create_blocked] = play_go_create,
    [ev_go_status_stack] = play_go_status,
    [ev_span] = play_alloc_free,
    [ev_span_alloc] = play_alloc_free,
    [ev_span_free] = play_alloc_free,
    [ev_heap_object] = play_alloc_free,
    [ev_heap_object_alloc] = play_alloc_free,
    [ev_heap_object_free] = play_alloc_free,
    [ev_goroutine_stack] = play_alloc_free,
    [ev_goroutine_stack_alloc] = play_alloc_free,
    [ev_goroutine_stack_free] = play_alloc_free,
};

static inline enum order_result play(struct step *step)
{
    switch (step->event->type) {
    case ev_go_start:
        return play_go_start(step);
    case ev_go_stop:
    case ev_go_block:
    case ev_go_destroy:
        return play_go_stop(step);
    case ev_go_unblock:
        return play_go_unblock(step);
    case ev_go_syscall_begin:
        return play_syscall_begin(step);
    case ev_go_syscall_end:
        return play_syscall_end(step);
    case ev_heap_alloc:
    case ev_heap_goal:
        return play_heap(step);
    default: {
        order_player *player = players[step->event->type];
        return player ? player(step) : step_refuse(step, "is not an event of a thread");
    }
    }
}

enum order_result order_advance(struct order *order, struct trace_event *event, uint32_t thread, uint64_t generation,
                                struct trace_table *table)
{
    if (order->first_generation == 0)
        order->first_generation = generation;
    struct order_thread *t = &order->threads.at[thread];
    struct step step = {order, event, table, generation, thread};
    event->m = t->m;
    event->p = TRACE_NO_PROC;
    event->g = TRACE_NO_GOROUTINE;
    if (t->m != TRACE_NO_THREAD) {
        t->known = true;
        event->p = t->context.p;
        event->g = t->context.g;
    }
    event->table = table;
    if (order->queued > 0)
        order->queued = order->nimplied = 0;
    return play(&step);
}
