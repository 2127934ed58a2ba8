/* Where goroutines wait: profiles of the time from one change of state to the next, by the stack of the first. What
 * `go tool trace -pprof` computes. */
#ifndef SONDE_TRACE_DELAYS_H
#define SONDE_TRACE_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "profile/profile.h"
#include "trace/fault.h"

enum trace_delay {
    trace_delay_net,     /* waiting for the network */
    trace_delay_sync,    /* waiting for a channel, a select or a lock */
    trace_delay_syscall, /* in system calls */
    trace_delay_sched,   /* runnable, but not running */
};

/* How much of a trace was good. */
struct trace_share {
    uint64_t valid, size; /* bytes */
};

/* Fills `profile` with the delays of one kind in a whole trace: a sample of {contentions, delay in ns} for each stack,
 * in the order of first appearance; give it back with profile_finish. Only delays within the time between a
 * goroutine's first start and its end count, as in Go's tool.
 *
 * A trace that is broken behind at least one mark gives the profile of what comes before its last mark, and the fault
 * is set too; `share` says how much that is. False, with the fault set and no profile, where nothing is good or no
 * goroutine is in it. */
bool trace_delays(struct str bytes, enum trace_delay kind, struct mem *mem, struct profile *profile,
                  struct trace_share *share, struct trace_fault *fault);

/* The same of only some of the delays, as far as they are in the time that a filter (delay_filter.h) wants; NULL for
 * all. The profile may be empty. */
struct trace_delay_filter;
bool trace_delays_of(struct str bytes, enum trace_delay kind, const struct trace_delay_filter *filter, struct mem *mem,
                     struct profile *profile, struct trace_share *share, struct trace_fault *fault);

#endif
