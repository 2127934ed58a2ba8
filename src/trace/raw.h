/* A v2 trace as it is written: one event after the other, framing and tables included, neither checked nor ordered. */
#ifndef SONDE_TRACE_RAW_H
#define SONDE_TRACE_RAW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "trace/fault.h"
#include "trace/spec.h"

struct trace_raw {
    struct cursor bytes;
    unsigned version;
    unsigned types; /* that this version has */
};

struct trace_raw_event {
    uint8_t type;
    uint64_t args[trace_max_args];
    uint64_t frames;     /* of a stack: how many, each of 4 numbers */
    struct cursor stack; /* over them */
    struct str data;     /* of a string or an experimental batch */
    uint64_t canonical;  /* bytes that the event takes with numbers as short as they can be */
};

/* Prepares reading a trace, whose bytes must outlive the raw reader; false with the fault set. */
bool trace_raw_init(struct trace_raw *raw, struct str bytes, struct trace_fault *fault);

/* Reads the next event; false at the end (a number that is missing altogether is an end too, as in Go's tool) or, with
 * the fault set, where the file is broken. */
bool trace_raw_next(struct trace_raw *raw, struct trace_raw_event *event, struct trace_fault *fault);

/* Appends an event as `go tool trace -d=wire` prints it. */
void trace_raw_print(const struct trace_raw_event *event, struct buf *out);

/* Appends what `go tool trace -d=footprint` prints: how many events of each type there are, and their bytes. False with
 * the fault set, and nothing appended, where the trace is broken. */
bool trace_raw_footprint(struct str bytes, struct buf *out, struct trace_fault *fault);

#endif
