/* What activity.h and collector.h find out of a trace, as text: `sonde trace -summary`, -gc, -latency, -procs, -wakeups
 * and -leaks. */
#ifndef SONDE_CLI_TRACE_FINDINGS_H
#define SONDE_CLI_TRACE_FINDINGS_H

#include "base/buf.h"
#include "trace/collector.h"
#include "trace/pass.h"

struct trace_findings {
    struct activity activity;
    struct collector collector;
    struct trace_extent extent;
    bool is_broken; /* the extent says how much of the trace is good */
    size_t width;   /* of the terminal, where output goes to one; 0 where nothing is to be shortened */
};

/* The page that is wanted first: the figures of all that follows, and what is suspicious in them. */
void trace_summary_print(const struct trace_findings *findings, struct buf *out);

/* The collector's cycles, pauses and helpers. */
void trace_gc_print(const struct trace_findings *findings, struct buf *out);

/* How long goroutines that could run did not, by the function that they start in. */
void trace_latency_print(const struct trace_findings *findings, struct buf *out);

/* How busy processors were, over time. */
void trace_procs_print(const struct trace_findings *findings, struct buf *out);

/* Who woke whom. */
void trace_wakeups_print(const struct trace_findings *findings, struct buf *out);

/* Who waits at the end, since when, and where it was created. */
void trace_leaks_print(const struct trace_findings *findings, struct buf *out);

#endif
