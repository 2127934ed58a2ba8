/* Where a trace's time on processors went, as a profile: its CPU samples, where the program was under a CPU profiler
 * while it was traced; and how long goroutines ran, which every trace knows. */
#ifndef SONDE_TRACE_SAMPLES_H
#define SONDE_TRACE_SAMPLES_H

#include <stdbool.h>

#include "profile/profile.h"
#include "trace/delay_filter.h"

enum trace_sampling {
    /* {samples, cpu in ns} by stack, goroutine, thread and processor (numeric labels). A trace does not say how often
     * samples were taken: the period is found from the times between those of one thread, 10 ms where that tells
     * nothing. */
    trace_sampling_cpu,
    /* {runs, running in ns} of goroutines, by the stack where each was when it last stopped, or begins; system calls
     * that keep their processor are part of a run. */
    trace_sampling_run,
};

/* Fills `profile` with what a filter wants (NULL for all); give it back with profile_finish. It may be empty. A trace
 * that is broken behind at least one mark gives what comes before, and the fault is set too. False, with the fault set
 * and no profile, where nothing is good or (with a filter) no goroutine is meant. */
bool trace_samples(struct str bytes, enum trace_sampling sampling, const struct trace_delay_filter *filter,
                   struct mem *mem, struct profile *profile, struct trace_share *share, struct trace_fault *fault);

#endif
