/* One event of a trace as readers deliver it: checked, ordered, with the thread, processor and goroutine that it
 * happened on. v1 traces are delivered as the same events. */
#ifndef SONDE_TRACE_EVENT_H
#define SONDE_TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/spec.h"
#include "trace/table.h"

struct trace_event {
    int64_t time;    /* ns, greater than that of the event before */
    int64_t m, p, g; /* where it happened, before what it changes; TRACE_NO_* */

    /* What follows the time difference on the wire, and behind that what ordering found out:
     *     ev_proc_status    [2] the enum trace_proc_state before
     *     ev_proc_steal     [3] the enum trace_proc_status before
     *     ev_go_status*     [2] the enum trace_go_state before, << 32 | the enum trace_go_status after
     *     ev_stw_end        [0] the string id of the kind
     *     ev_user_task_end  [2] the parent, TRACE_NO_TASK for none; [3] an extra of the table: the task's type
     * ev_cpu_sample has its stack in [0], ev_mark its number in [0]. */
    uint64_t args[4];

    const struct trace_table *table; /* of its generation; NULL for the mark that ends a trace */
    uint8_t type;                    /* enum trace_type */
    bool unknown_names;              /* it names a string or stack that is not defined; none such is delivered */
};

/* States on the wire. */
enum trace_go_status { go_status_bad, go_status_runnable, go_status_running, go_status_syscall, go_status_waiting };
enum trace_proc_status {
    proc_status_bad,
    proc_status_running,
    proc_status_idle,
    proc_status_syscall,
    proc_status_abandoned, /* in a system call on a thread that is not known any more */
};

/* States as events report them. */
enum trace_go_state {
    go_undetermined, /* nothing is known of it yet */
    go_not_exist,
    go_runnable,
    go_running,
    go_waiting,
    go_syscall,
};
enum trace_proc_state { proc_undetermined, proc_not_exist, proc_running, proc_idle };

static inline enum trace_go_state trace_go_state_of(unsigned status)
{
    static const uint8_t states[] = {go_undetermined, go_runnable, go_running, go_syscall, go_waiting};
    return status < sizeof states ? (enum trace_go_state)states[status] : go_undetermined;
}

static inline enum trace_proc_state trace_proc_state_of(uint64_t status)
{
    static const uint8_t states[] = {proc_undetermined, proc_running, proc_idle, proc_running, proc_idle};
    return status < sizeof states ? (enum trace_proc_state)states[status] : proc_undetermined;
}

/* A change of a goroutine's or processor's state, as an event tells it. */
struct trace_transition {
    bool is_goroutine;
    bool has_stack;   /* `stack` is said of the one that changes (it may still be empty) */
    uint8_t from, to; /* enum trace_go_state or trace_proc_state */
    int64_t id;
    uint64_t reason; /* string id, 0 for none */
    uint64_t stack;  /* stack id: where the one that changes is or begins */
};

/* The stack id of the goroutine that the event happened on; 0 for none. */
static inline uint64_t trace_event_stack(const struct trace_event *event)
{
    if (event->type == ev_cpu_sample)
        return event->args[0];
    if (event->type >= ev_count || trace_specs[event->type].stacks[0] == 0)
        return 0;
    return event->args[trace_specs[event->type].stacks[0] - 1];
}

/* Whose state a type of event changes: nobody's; that of the goroutine or processor that is its first argument, or that
 * it happened on; or its arguments say more. */
enum trace_who { trace_who_none, trace_who_named, trace_who_own, trace_who_else };

struct trace_change {
    uint8_t who; /* enum trace_who */
    bool is_goroutine;
    uint8_t from, to;
    bool has_stack, has_reason; /* the event's stack is said of it; its first argument is the reason */
};

extern const struct trace_change trace_changes[ev_count];

/* What an event changes that does so by trace_who_else. */
struct trace_transition trace_event_other_transition(const struct trace_event *event);

/* Whether the event is a change of state, and which. */
static inline bool trace_event_transition(const struct trace_event *event, struct trace_transition *transition)
{
    if (event->type >= ev_count || trace_changes[event->type].who == trace_who_none)
        return false;
    const struct trace_change *change = &trace_changes[event->type];
    if (change->who == trace_who_else) {
        *transition = trace_event_other_transition(event);
        return true;
    }
    int64_t own = change->is_goroutine ? event->g : event->p;
    uint64_t stack = change->has_stack ? trace_event_stack(event) : 0;
    *transition = (struct trace_transition){.is_goroutine = change->is_goroutine,
                                            .has_stack = stack != 0,
                                            .from = change->from,
                                            .to = change->to,
                                            .id = change->who == trace_who_own ? own : (int64_t)event->args[0],
                                            .reason = change->has_reason ? event->args[0] : 0,
                                            .stack = stack};
    return true;
}

#endif
