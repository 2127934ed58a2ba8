/* `sonde trace -usertask`: what happened in each task of a type, as text. */
#ifndef SONDE_CLI_TRACE_USERTASK_H
#define SONDE_CLI_TRACE_USERTASK_H

#include "base/buf.h"
#include "trace/summary.h"

enum trace_completeness { complete_or_not, only_complete, only_incomplete };

/* Which tasks are wanted. */
struct trace_task_filter {
    bool by_type; /* those of a type, or the one with a number */
    struct str type;
    enum trace_completeness completeness;
    bool by_length; /* complete ones of a length, ns */
    int64_t least, most;
    struct str text; /* that the type, a region's type or a log contains; empty for any */
};

/* Appends the tasks that are wanted and overlap with the summary's range, the longest first, with their begin, end,
 * regions and logs; the summary was made with wants_logs. False where there is none. */
bool trace_usertask_print(const struct summary *summary, const struct trace_task_filter *filter, struct buf *out);

#endif
