/* What `sonde trace` answers about a trace as text: goroutines, tasks, regions, the collector, the scheduler. */
#ifndef SONDE_CLI_TRACE_ANSWER_H
#define SONDE_CLI_TRACE_ANSWER_H

#include <stdbool.h>

#include "base/str.h"
#include "trace/delay_filter.h"
#include "trace/delays.h"
#include "trace/fault.h"

/* What is asked, as the flags have it; NULL and false where a flag was not given. */
struct trace_question {
    const char *file; /* the trace's name, for messages */
    bool goroutines, tasks, regions, mmu;
    bool summary, gc, latency, procs, wakeups, leaks;
    const char *goroutine;            /* where the goroutines to show start, or the number of one */
    const char *task;                 /* the number of one, or a type */
    const char *usertask;             /* a type of tasks, or the number of one, whose events to show */
    const char *complete;             /* "1" for those that begin and end in the trace, "0" for others */
    const char *logtext;              /* what a name or log of theirs must contain */
    const char *region;               /* a type of regions */
    const char *pc, *latmin, *latmax; /* where they begin and how long they are */
    const char *mmu_flags;            /* what counts as taken by the collector; NULL for the usual */
    const char *window;               /* a length */
    const char *range;
    bool json;
};

/* Whether anything is asked. */
bool trace_asks(const struct trace_question *question);

/* Whether the values of all flags are understood, which answers take for granted; says which is not on the standard
 * error. */
bool trace_question_check(const struct trace_question *question);

/* Prints the answer on the standard output; the exit status. What is wrong is said on the standard error. */
int trace_answer(const struct trace_question *question, struct str bytes);

/* What of the delays is asked for, of which a filter is made; *any is false where all are. False, with the reason said
 * on the standard error, where a flag's value is not understood; a question that was checked has none such. */
bool trace_question_filter(const struct trace_question *question, struct trace_delay_filter *filter, bool *any);

/* Says on the standard error what is wrong with a trace; and what was lost of one that is good at its begin. */
void trace_complain(const char *file, const struct trace_fault *fault);
void trace_tell_loss(const char *file, const struct trace_share *share, const struct trace_fault *fault);

#endif
