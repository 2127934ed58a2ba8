/* An event as columns take it in: what it names by an id of its generation is a number of the sites (site.h), so that
 * it means the same when that generation is gone, and to another thread. One line of memory. */
#ifndef SONDE_TRACE_ENTRY_H
#define SONDE_TRACE_ENTRY_H

#include "trace/event.h"
#include "trace/site.h"

/* Whose state the event changes. */
enum entry_change { entry_of_none, entry_of_goroutine, entry_of_proc };

struct entry {
    int64_t time;    /* the trace's own */
    int64_t m, p, g; /* where it happened */

    /* What the event is about:
     *     a change of state  the id of what changes
     *     GC, sweep, assist  the id of the goroutine or processor whose range it is
     *     heap, processors   the value
     *     a region, a log    its task
     *     a task             its own id */
    int64_t id;

    uint64_t other; /* of the begin of a task: its parent; of a log: its category, a name */

    /* Where it is:
     *     of a goroutine's change  the site of the state that begins
     *     a range begins           its site
     *     others                   a stack */
    uint32_t where;

    uint32_t name; /* of a goroutine's change: the function that it starts in, 0 where that is not said */
    uint8_t type;  /* enum trace_type */
    uint8_t change;
    uint8_t from, to; /* enum trace_go_state or trace_proc_state */
};
_Static_assert(sizeof(struct entry) == 64, "an entry takes one line");

/* Makes an entry of an event; false on exhaustion. */
bool entry_make(struct sites *sites, const struct trace_event *event, struct entry *entry);

#endif
