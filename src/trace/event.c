#include "trace/event.h"

#define NAMED_GO(was, becomes)                                                                                         \
    {                                                                                                                  \
        .who = trace_who_named, .is_goroutine = true, .from = (was), .to = (becomes)                                   \
    }
#define OWN_GO(was, becomes)                                                                                           \
    {                                                                                                                  \
        .who = trace_who_own, .is_goroutine = true, .from = (was), .to = (becomes)                                     \
    }

const struct trace_change trace_changes[ev_count] = {
    [ev_proc_start] = {.who = trace_who_named, .from = proc_idle, .to = proc_running},
    [ev_proc_stop] = {.who = trace_who_own, .from = proc_running, .to = proc_idle},
    [ev_proc_steal] = {.who = trace_who_else},
    [ev_proc_status] = {.who = trace_who_else},
    [ev_go_create] = {.who = trace_who_else},
    [ev_go_create_blocked] = {.who = trace_who_else},
    [ev_go_create_syscall] = NAMED_GO(go_not_exist, go_syscall),
    [ev_go_start] = NAMED_GO(go_runnable, go_running),
    [ev_go_destroy] = OWN_GO(go_running, go_not_exist),
    [ev_go_destroy_syscall] = OWN_GO(go_syscall, go_not_exist),
    [ev_go_stop] = {trace_who_own, true, go_running, go_runnable, .has_stack = true, .has_reason = true},
    [ev_go_block] = {trace_who_own, true, go_running, go_waiting, .has_stack = true, .has_reason = true},
    [ev_go_syscall_begin] = {trace_who_own, true, go_running, go_syscall, .has_stack = true},
    [ev_go_unblock] = NAMED_GO(go_waiting, go_runnable),
    [ev_go_switch] = NAMED_GO(go_waiting, go_runnable),
    [ev_go_switch_destroy] = NAMED_GO(go_waiting, go_runnable),
    [ev_go_syscall_end] = OWN_GO(go_syscall, go_running),
    [ev_go_syscall_end_blocked] = OWN_GO(go_syscall, go_runnable),
    [ev_go_status] = {.who = trace_who_else},
    [ev_go_status_stack] = {.who = trace_who_else},
};

/* What is said of a goroutine that is created. */
static struct trace_transition creation(const struct trace_event *e, enum trace_go_state to)
{
    return (struct trace_transition){.is_goroutine = true,
                                     .has_stack = true,
                                     .id = (int64_t)e->args[0],
                                     .from = go_not_exist,
                                     .to = to,
                                     .stack = e->args[1]};
}

static struct trace_transition go_status(const struct trace_event *e)
{
    uint64_t stack = trace_event_stack(e);
    return (struct trace_transition){.is_goroutine = true,
                                     .has_stack = stack != 0,
                                     .id = (int64_t)e->args[0],
                                     .from = (uint8_t)(e->args[2] >> 32),
                                     .to = (uint8_t)trace_go_state_of((uint32_t)e->args[2]),
                                     .stack = stack};
}

struct trace_transition trace_event_other_transition(const struct trace_event *e)
{
    int64_t named = (int64_t)e->args[0];
    switch (e->type) {
    case ev_proc_steal:
        return (struct trace_transition){
            .id = named, .from = e->args[3] == proc_status_abandoned ? proc_idle : proc_running, .to = proc_idle};
    case ev_proc_status:
        return (struct trace_transition){
            .id = named, .from = (uint8_t)e->args[2], .to = (uint8_t)trace_proc_state_of(e->args[1])};
    case ev_go_create:
        return creation(e, go_runnable);
    case ev_go_create_blocked:
        return creation(e, go_waiting);
    default:
        return go_status(e);
    }
}
