/* Traces as JSON in the trace-event format, which chrome://tracing, Perfetto's UI and speedscope read: what the pages
 * of `go tool trace` draw, for the whole trace and with a row for each goroutine.
 *
 *     chrome_begin(&chrome, mem, groups, range, &out)
 *     chrome_add(&chrome, event, &out)    for each; `out` may be written and emptied at any time
 *     chrome_end(&chrome, &out)
 */
#ifndef SONDE_TRACE_CHROME_H
#define SONDE_TRACE_CHROME_H

#include "trace/timeline.h"

struct chrome {
    struct timeline_sink sink;
    struct timeline timeline;
    struct buf *out;
    bool any;                   /* an event was written: the next one follows a comma */
    bool used[timeline_groups]; /* rows of these were told */
    uint64_t spans;             /* numbers of asynchronous events */
};

/* Appends the begin of the text. False on exhaustion; otherwise chrome_finish is due. */
bool chrome_begin(struct chrome *chrome, struct mem *mem, const bool groups[timeline_groups], struct trace_range range,
                  struct buf *out);
void chrome_finish(struct chrome *chrome);

/* Appends what an event completes, or the end of the text. False on exhaustion. */
bool chrome_add(struct chrome *chrome, const struct trace_event *event, struct buf *out);
bool chrome_end(struct chrome *chrome, struct buf *out);

#endif
