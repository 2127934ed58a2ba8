/* `sonde trace -goroutines` and `-goroutine`: what goroutines did with their time, as text. */
#ifndef SONDE_CLI_TRACE_GOROUTINES_H
#define SONDE_CLI_TRACE_GOROUTINES_H

#include "base/buf.h"
#include "trace/summary.h"

/* Appends a table of all goroutines by where they start: how long they executed and how many there are. */
void trace_goroutines_print(const struct summary *summary, struct buf *out);

/* Appends what each goroutine that starts in a function (or the one with a number) did, the longest first, and its time
 * in special ranges. False where there is none. */
bool trace_goroutine_print(const struct summary *summary, struct str name, struct buf *out);

#endif
