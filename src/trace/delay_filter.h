/* Which delays are wanted: those of some goroutines, within regions of a type, in a part of the trace's time. */
#ifndef SONDE_TRACE_DELAY_FILTER_H
#define SONDE_TRACE_DELAY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/pass.h"
#include "trace/range.h"

struct trace_delay_filter {
    struct trace_range range; /* from the trace's begin */
    bool by_goroutine;
    struct str goroutine; /* the function that they start in, or one's number; "" for all */
    bool by_region;
    bool of_type, at_pc;
    struct str type;
    uint64_t pc;         /* of the outermost frame where regions begin */
    int64_t least, most; /* their lengths, ns */
};

/* Everything. */
#define TRACE_DELAY_ANY ((struct trace_delay_filter){.range = TRACE_RANGE_ALL, .least = INT64_MIN, .most = INT64_MAX})

/* Places in delay_intervals.all. */
struct delay_place {
    uint32_t first, n;
};

/* What of each goroutine's time is wanted. */
struct delay_intervals {
    struct mem *mem;
    VEC(struct trace_range) all; /* by goroutine, ascending, without overlap; times of the trace */
    VEC(struct delay_place) places;
    struct map place_of_goroutine;
};

/* Finds them in one pass over the trace. False, with the fault set and nothing owned, where the trace has nothing good,
 * or no goroutine of that name or number. A broken tail sets the fault too, as trace_pass says. */
bool delay_intervals_find(struct str bytes, const struct trace_delay_filter *filter, struct mem *mem,
                          struct delay_intervals *intervals, struct trace_extent *extent, struct trace_fault *fault);
void delay_intervals_finish(struct delay_intervals *intervals);

/* How much of [from, to] of a goroutine is wanted, ns. */
int64_t delay_intervals_overlap(const struct delay_intervals *intervals, int64_t goroutine, int64_t from, int64_t to);

#endif
