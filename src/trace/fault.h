/* Why a trace was refused: one rule that it breaks, and where. */
#ifndef SONDE_TRACE_FAULT_H
#define SONDE_TRACE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct trace_fault {
    bool set;
    char rule[232];  /* what was wrong, in words */
    uint64_t offset; /* bytes from the start of the trace */
    bool has_generation, has_thread;
    uint64_t generation;
    int64_t thread; /* the M whose event or batch it was */
};

/* Notes what was wrong at an offset, unless something already was. Always false, for the caller to return. */
bool trace_fault_at(struct trace_fault *fault, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the generation, or the thread, to a fault that has none yet. */
void trace_fault_in_generation(struct trace_fault *fault, uint64_t generation);
void trace_fault_on_thread(struct trace_fault *fault, int64_t thread);

/* Appends the fault as one line, without the line's end. */
void trace_fault_print(const struct trace_fault *fault, struct buf *out);

#endif
