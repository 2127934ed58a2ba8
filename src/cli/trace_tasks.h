/* `sonde trace -tasks` and `-regions`: how long tasks and regions took, as text. */
#ifndef SONDE_CLI_TRACE_TASKS_H
#define SONDE_CLI_TRACE_TASKS_H

#include "base/buf.h"
#include "trace/delay_filter.h"
#include "trace/summary.h"

/* Appends, for each type of task, how many there were and how long the complete ones took. */
void trace_tasks_print(const struct summary *summary, struct buf *out);

/* Appends, for each type of region and place where it begins, how many there were and how long they took. */
void trace_regions_print(const struct summary *summary, struct buf *out);

/* Appends what goroutines did within each region that a filter wants, the longest first; the summary was made with
 * wants_region_times. False where there is none. */
bool trace_region_print(const struct summary *summary, const struct trace_delay_filter *filter, struct buf *out);

#endif
