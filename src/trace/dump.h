/* Events as the lines that `go tool trace -d=parsed` prints for them, byte for byte. */
#ifndef SONDE_TRACE_DUMP_H
#define SONDE_TRACE_DUMP_H

#include "base/buf.h"
#include "base/vec.h"
#include "trace/event.h"

/* Where a stack's text is in `text`; n is 0 while it was not needed. */
struct trace_dump_stack {
    size_t start, n;
};

struct trace_dump {
    struct mem *mem;
    struct buf text;                     /* the stacks of one table, each rendered once */
    uint64_t serial;                     /* of that table */
    VEC(struct trace_dump_stack) stacks; /* by index in the table */
};

void trace_dump_init(struct trace_dump *dump, struct mem *mem);
void trace_dump_finish(struct trace_dump *dump);

/* Appends an event and the end of its last line to out. Exhaustion shows as out->failed or dump->text.failed. */
void trace_dump_event(struct trace_dump *dump, const struct trace_event *event, struct buf *out);

#endif
