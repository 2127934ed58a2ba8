/* The text form of v2 traces, read back into the binary one. People read and edit it, and tests are written in it:
 *
 *     Trace Go1.26
 *     EventBatch gen=1 m=18446744073709551615 time=100 size=6      # framing is part of it
 *     Stack id=1 nframes=1
 *             pc=4198400 func=1 file=2 line=17
 *     String id=1
 *             data="main.main"
 *
 * Empty lines, and lines that begin with '#', say nothing. What `go tool trace -d=wire` prints has no first line: the
 * version is then the oldest one that has all the events that occur, but not older than 1.23, which reads as 1.22 does.
 */
#ifndef SONDE_TRACE_TEXT_H
#define SONDE_TRACE_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "trace/fault.h"

/* Whether bytes may be a trace's text form: whether it begins with a first line, or a batch, as above. */
bool trace_text_is(struct str text);

/* Appends the binary form of a text: what Go's own writer makes of it, every number as short as it can be, and sizes of
 * batches as the text has them. False with the fault set (its rule begins with the line's number), and nothing
 * appended, where a line is not what it must be, or on exhaustion. */
bool trace_text_encode(struct str text, struct buf *out, struct trace_fault *fault);

#endif
