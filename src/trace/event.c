#include "trace/event.h"

static struct trace_transition go_change(int64_t id, enum trace_go_state from, enum trace_go_state to)
{
    return (struct trace_transition){.is_goroutine = true, .id = id, .from = from, .to = to};
}

static struct trace_transition proc_change(int64_t id, enum trace_proc_state from, enum trace_proc_state to)
{
    return (struct trace_transition){.id = id, .from = from, .to = to};
}

/* A change of the goroutine that runs, whose stack is the event's. */
static struct trace_transition own_change(const struct trace_event *e, enum trace_go_state to, uint64_t reason)
{
    struct trace_transition t = go_change(e->g, go_running, to);
    t.reason = reason;
    t.stack = trace_event_stack(e);
    t.has_stack = t.stack != 0;
    return t;
}

static struct trace_transition creation(const struct trace_event *e, enum trace_go_state to)
{
    struct trace_transition t = go_change((int64_t)e->args[0], go_not_exist, to);
    t.stack = e->args[1];
    t.has_stack = true;
    return t;
}

static struct trace_transition go_status(const struct trace_event *e)
{
    struct trace_transition t = go_change((int64_t)e->args[0], (enum trace_go_state)(e->args[2] >> 32),
                                          trace_go_state_of((uint32_t)e->args[2]));
    t.stack = trace_event_stack(e);
    t.has_stack = t.stack != 0;
    return t;
}

bool trace_event_transition(const struct trace_event *e, struct trace_transition *t)
{
    int64_t named = (int64_t)e->args[0];
    switch (e->type) {
    case ev_proc_start:
        *t = proc_change(named, proc_idle, proc_running);
        return true;
    case ev_proc_stop:
        *t = proc_change(e->p, proc_running, proc_idle);
        return true;
    case ev_proc_steal:
        *t = proc_change(named, e->args[3] == proc_status_abandoned ? proc_idle : proc_running, proc_idle);
        return true;
    case ev_proc_status:
        *t = proc_change(named, (enum trace_proc_state)e->args[2], trace_proc_state_of(e->args[1]));
        return true;
    case ev_go_create:
        *t = creation(e, go_runnable);
        return true;
    case ev_go_create_blocked:
        *t = creation(e, go_waiting);
        return true;
    case ev_go_create_syscall:
        *t = go_change(named, go_not_exist, go_syscall);
        return true;
    case ev_go_start:
        *t = go_change(named, go_runnable, go_running);
        return true;
    case ev_go_destroy:
        *t = go_change(e->g, go_running, go_not_exist);
        return true;
    case ev_go_destroy_syscall:
        *t = go_change(e->g, go_syscall, go_not_exist);
        return true;
    case ev_go_stop:
        *t = own_change(e, go_runnable, e->args[0]);
        return true;
    case ev_go_block:
        *t = own_change(e, go_waiting, e->args[0]);
        return true;
    case ev_go_syscall_begin:
        *t = own_change(e, go_syscall, 0);
        return true;
    case ev_go_unblock:
    case ev_go_switch:
    case ev_go_switch_destroy:
        *t = go_change(named, go_waiting, go_runnable);
        return true;
    case ev_go_syscall_end:
        *t = go_change(e->g, go_syscall, go_running);
        return true;
    case ev_go_syscall_end_blocked:
        *t = go_change(e->g, go_syscall, go_runnable);
        return true;
    case ev_go_status:
    case ev_go_status_stack:
        *t = go_status(e);
        return true;
    default:
        return false;
    }
}
