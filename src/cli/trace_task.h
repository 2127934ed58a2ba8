/* `sonde trace -task`: where one task's time went. */
#ifndef SONDE_CLI_TRACE_TASK_H
#define SONDE_CLI_TRACE_TASK_H

#include "base/buf.h"
#include "trace/chain.h"

/* Appends the task's chain, of which many steps are shown in part, and what it adds up to. Times are from `begin`.
 * Names are shortened where `width`, that of a terminal, is not 0. */
void trace_task_print(const struct chain *chain, int64_t begin, size_t width, struct buf *out);

#endif
