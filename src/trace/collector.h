/* What the garbage collector did: its cycles, the pauses of all goroutines, who had to help it, and the heap. Feed
 * every event, in order, and end. Times are ns, sizes bytes. */
#ifndef SONDE_TRACE_COLLECTOR_H
#define SONDE_TRACE_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/activity.h"

/* The world stood still. */
struct collector_pause {
    int64_t start, end; /* times */
    uint32_t kind;      /* a name of the activity's places */
    uint32_t cycle;     /* ACTIVITY_NONE where it was not for the collector */
    int64_t goroutine;  /* that stopped the world */
};

/* From the begin of marking to its end. */
struct collector_cycle {
    int64_t start, end;         /* times of the mark phase; the trace's begin or end where it goes beyond */
    bool began_before, is_open; /* it does */
    uint32_t pauses;
    int64_t paused, longest_pause;
    uint64_t assists;
    int64_t assisted;
    uint64_t sweeps; /* up to the next cycle */
    int64_t swept_time;
    uint64_t swept, reclaimed;           /* bytes */
    uint64_t heap_at_start, heap_at_end; /* 0 for unknown */
    uint64_t goal, most_heap;
};

/* Help that goroutines of one group gave. */
struct collector_helper {
    uint32_t group; /* of the activity; ACTIVITY_NONE for unknown */
    uint64_t count;
    int64_t time, longest; /* from begin to end, also while others run */
    int64_t ran;           /* while they ran themselves */
};

/* A range of a goroutine (an assist, a stop) or of a processor (a sweep) that goes on. */
struct collector_open {
    int64_t owner, since;
    int64_t ran; /* how long the goroutine had run before */
    uint32_t cycle;
    uint32_t group; /* of a goroutine that assists */
    uint32_t name;  /* why the world is stopped */
};

enum { collector_most_open = 1 << 14 }; /* ranges that are followed at once: no trace of Go's has more */

struct collector {
    struct mem *mem;
    struct activity *activity; /* of the same events */
    VEC(struct collector_cycle) cycles;
    VEC(struct collector_pause) pauses; /* the collector's and others */
    VEC(struct collector_helper) helpers;
    VEC(struct collector_open) assists, sweeps, stops; /* open */
    struct quantiles gc_pauses, other_pauses;
    int64_t marking; /* time in mark phases */
    int64_t paused;  /* by the collector */
    int64_t paused_otherwise;
    bool in_mark;
    uint64_t heap, goal; /* at the moment; 0 while unknown */
    uint64_t first_heap, most_heap;
    int64_t most_heap_time;
};

/* Prepares for the events that an activity, which must outlive it, takes too. */
void collector_init(struct collector *collector, struct activity *activity, struct mem *mem);
void collector_finish(struct collector *collector);

/* Takes an event in, after the activity did; false on exhaustion. What is not in the activity's range does not count.
 */
bool collector_add(struct collector *collector, const struct trace_event *event);

/* Ends what goes on; false on exhaustion. */
bool collector_end(struct collector *collector);

#endif
