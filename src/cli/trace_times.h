/* What goroutines did with their time, or with that of regions, as tables. */
#ifndef SONDE_CLI_TRACE_TIMES_H
#define SONDE_CLI_TRACE_TIMES_H

#include "base/buf.h"
#include "trace/summary.h"

struct trace_times_row {
    int64_t goroutine;
    uint64_t task; /* 0 for none */
    const struct summary_goroutine *times;
};

/* Appends a table of the times of each row, in their order, and one of special ranges where there are such. */
void trace_times_print(const struct summary *summary, const struct trace_times_row *rows, size_t n, bool with_task,
                       struct buf *out);

#endif
