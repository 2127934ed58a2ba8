/* Processors: a P belongs to one thread while it runs or is in a system call, from where others may steal it. */
#include <inttypes.h>

#include "trace/order_step.h"

/* The thread that holds a processor; NULL for none. */
static struct order_thread *holder(struct order *order, int64_t proc)
{
    for (size_t i = 0; i < order->threads.n; i++) {
        if (order->threads.at[i].known && order->threads.at[i].context.p == proc)
            return &order->threads.at[i];
    }
    return NULL;
}

/* Compares the status that a generation begins with to the last one, and says the state before in *old. */
static bool check_status(struct step *step, struct order_proc *proc, uint8_t status, enum trace_proc_state *old)
{
    if (status == proc_status_abandoned && proc->status == proc_status_syscall) {
        /* Nothing is lost: the thread that is in the call is known. */
        *old = proc_running;
        step->event->args[1] = proc_status_syscall;
    } else if (status == proc_status_abandoned && proc->status == proc_status_abandoned) {
        *old = proc_idle;
        step->event->args[1] = proc_status_abandoned;
    } else if (proc->status != status) {
        step_refuse(step, "processor %" PRId64 " is in status %d, but was in %d before", proc->id, status,
                    proc->status);
        return false;
    }
    proc->sequence = (struct order_sequence){step->generation, 0};
    return true;
}

enum order_result play_proc_status(struct step *step)
{
    int64_t id = (int64_t)step->event->args[0];
    uint8_t status = (uint8_t)step->event->args[1]; /* of which the reference keeps one byte, too */
    if (status > proc_status_abandoned)
        return step_refuse(step, "processor %" PRId64 " is in status %d, which does not exist", id, status);
    enum trace_proc_state old = trace_proc_state_of(status);
    uint32_t slot;
    struct order_proc *proc = step_named_proc(step, id, &slot);
    if (proc && !check_status(step, proc, status, &old))
        return order_refused;
    if (!proc) {
        if (!step_add_proc(step, id, (enum trace_proc_status)status))
            return step_exhausted(step);
        old = step->generation == step->order->first_generation ? proc_undetermined : proc_not_exist;
    }
    if (step->event->args[1] > proc_status_abandoned)
        return step_refuse(step, "processor %" PRId64 " is in a status that does not exist", id);
    step->event->args[2] = old;
    if (status == proc_status_running || status == proc_status_syscall) {
        step_hold(step, id, slot);
    }
    if (status == proc_status_abandoned && old == proc_running) {
        /* Said by whoever is about to steal it, but it happens to the thread that holds it. */
        struct order_thread *thread = holder(step->order, id);
        if (!thread)
            return step_refuse(step, "no thread holds processor %" PRId64 ", which is about to be stolen", id);
        step->event->m = thread->m;
        step->event->p = id;
        step->event->g = thread->context.g;
    }
    return step_emit(step);
}

enum order_result play_proc_start(struct step *step)
{
    int64_t id = (int64_t)step->event->args[0];
    uint32_t slot;
    struct order_proc *proc = step_named_proc(step, id, &slot);
    if (!proc || proc->status != proc_status_idle || !step_succeeds(step, proc->sequence, step->event->args[1]) ||
        step->event->p != TRACE_NO_PROC)
        return order_later;
    if (!step_has(step, need_none, need_any))
        return order_refused;
    proc->status = proc_status_running;
    proc->sequence.number++;
    step_hold(step, id, slot);
    return step_emit(step);
}

enum order_result play_proc_stop(struct step *step)
{
    struct order_proc *proc = step_own_proc(step);
    if (!proc)
        return order_refused;
    if (proc->status != proc_status_running && proc->status != proc_status_syscall)
        return step_refuse(step, "processor %" PRId64 " does not run", proc->id);
    if (!step_has(step, need_one, need_any))
        return order_refused;
    proc->status = proc_status_idle;
    step_hold(step, TRACE_NO_PROC, ORDER_NO_SLOT);
    return step_emit(step);
}

enum order_result play_proc_steal(struct step *step)
{
    int64_t id = (int64_t)step->event->args[0], from = (int64_t)step->event->args[2];
    uint32_t slot;
    struct order_proc *proc = step_named_proc(step, id, &slot);
    if (!proc || (proc->status != proc_status_syscall && proc->status != proc_status_abandoned) ||
        !step_succeeds(step, proc->sequence, step->event->args[1]))
        return order_later;
    if (!step_has(step, need_any, need_any))
        return order_refused;
    unsigned old = proc->status;
    step->event->args[3] = old;
    proc->status = proc_status_idle;
    proc->sequence.number++;
    if (old == proc_status_abandoned)
        return step_emit(step);
    if (from == step->event->m) {
        if (step->event->p != id)
            return step_refuse(step, "steals processor %" PRId64 " from its own thread, which has %" PRId64, id,
                               step->event->p);
        step_hold(step, TRACE_NO_PROC, ORDER_NO_SLOT);
        return step_emit(step);
    }
    uint32_t *index = map_find(&step->order->thread_of_m, (uint64_t)from);
    struct order_thread *thread = index ? &step->order->threads.at[*index] : NULL;
    if (!thread || !thread->known)
        return step_refuse(step, "steals a processor from thread %" PRId64 ", which is not known", from);
    if (thread->context.p != id)
        return step_refuse(step, "steals processor %" PRId64 " from thread %" PRId64 ", which has %" PRId64, id, from,
                           thread->context.p);
    thread->context.p = TRACE_NO_PROC;
    return step_emit(step);
}
