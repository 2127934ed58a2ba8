/* A stretch of a trace's time, as a user names it: "1.2s-1.4s", "250ms-", "-1.5s". */
#ifndef SONDE_TRACE_RANGE_H
#define SONDE_TRACE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* From `start` up to `end`, ns: as parsed they count from the trace's begin, which is the time of its first event. */
struct trace_range {
    int64_t start, end; /* INT64_MAX for the trace's end */
};

/* All of a trace. */
#define TRACE_RANGE_ALL ((struct trace_range){INT64_MIN, INT64_MAX})

/* Reads START-END, START- or -END, with times as Go writes durations. False with *why set (a sentence without a name,
 * static) where it is none, or one that ends before it starts. */
bool trace_range_parse(struct str text, struct trace_range *range, const char **why);

/* The range in the trace's own time, of which `begin` is the first event's. A range that is all of a trace stays so. */
struct trace_range trace_range_from(struct trace_range range, int64_t begin);

static inline bool trace_range_is_all(struct trace_range range)
{
    return range.start == INT64_MIN && range.end == INT64_MAX;
}

/* How much of [from, to] is in a range (both in the same time), ns; 0 for nothing. */
static inline int64_t trace_range_overlap(struct trace_range range, int64_t from, int64_t to)
{
    int64_t start = from > range.start ? from : range.start, end = to < range.end ? to : range.end;
    return start < end ? (int64_t)((uint64_t)end - (uint64_t)start) : 0;
}

#endif
