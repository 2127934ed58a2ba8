/* How much of the processors was left to the program by Go's garbage collector, as a function of time: what minimum
 * mutator utilization (mmu.h) is computed from. Follows internal/trace's MutatorUtilizationV2. */
#ifndef SONDE_TRACE_UTILIZATION_H
#define SONDE_TRACE_UTILIZATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/range.h"

/* What counts as taken by the collector. */
enum {
    utilization_stw = 1,        /* the world stopped for it */
    utilization_background = 2, /* its workers */
    utilization_assist = 4,     /* goroutines that help it, because they allocate */
    utilization_sweep = 8,
    utilization_per_proc = 16, /* a function for each processor, not one for all */
};

/* From `time` (ns) on the program has this share of the processors, 0 to 1. */
struct utilization_step {
    int64_t time;
    double util;
};

/* A function: its last step ends it. */
struct utilization_series {
    VEC(struct utilization_step) steps;
};

struct utilization_proc {
    int64_t gc; /* greater than 0 while the collector has it */
    uint32_t series;
};

/* How many processors there were from a time on. */
struct utilization_count {
    int64_t time;
    uint64_t n;
};

struct utilization {
    struct mem *mem;
    unsigned flags;
    VEC(struct utilization_series) series;

    VEC(struct utilization_proc) procs;
    VEC(struct utilization_count) counts;
    uint64_t gc_procs;     /* with gc > 0 */
    int64_t stw;           /* stops at the moment */
    struct map collecting; /* goroutines that work for the collector: enum collecting, a set */
    struct map states;     /* of goroutines, in the first generation: enum trace_go_state */
    uint64_t mark;         /* number of the last one */
    bool changed;          /* the utilization of all */
    int64_t changed_proc;  /* of one, -1 for none */
    bool any;
    int64_t last_time;
};

enum { utilization_max_procs = 1 << 16 }; /* a trace's claim of more is not believed */

/* Prepares for a trace; `flags` are of the enum above. */
void utilization_init(struct utilization *utilization, unsigned flags, struct mem *mem);
void utilization_finish(struct utilization *utilization);

/* Takes an event in; false on exhaustion. */
bool utilization_add(struct utilization *utilization, const struct trace_event *event);

/* Ends the functions at the last event; false on exhaustion. There is none where the trace does not say how many
 * processors there are. */
bool utilization_end(struct utilization *utilization);

/* Cuts the ended functions to a range in the trace's own time. A function that has nothing in it is dropped. */
void utilization_cut(struct utilization *utilization, struct trace_range range);

#endif
