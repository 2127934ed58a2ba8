/* One generation of a v2 trace: a second or so of the program's life with tables of its own. Reading one finds its
 * batches and decodes its tables; the events stay bytes until they are merged. */
#ifndef SONDE_TRACE_GENERATION_H
#define SONDE_TRACE_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "trace/batch.h"
#include "trace/spec.h"
#include "trace/table.h"

/* The file as generations are read from it, one after the other. */
struct trace_file {
    struct cursor bytes; /* behind what was read */
    unsigned version;    /* 22, 23, 25 or 26 */

    /* Before Go 1.26 nothing marks the end of a generation but a batch of the next. */
    bool has_spill;
    struct trace_batch spill;
};

/* The batches of one thread: batches[first] and its followers. */
struct trace_thread {
    int64_t m;
    uint32_t first, last;
    uint64_t bytes; /* in all of them */
};

struct trace_sample {
    int64_t time; /* ns */
    int64_t m, p, g;
    uint64_t stack; /* id */
};

struct trace_generation {
    struct mem *mem;
    uint64_t number;   /* 0 until a batch was read */
    uint64_t min_time; /* the least time of a batch, in units */
    uint64_t offset;   /* where its first batch begins */
    struct trace_table table;
    VEC(struct trace_batch) batches;  /* of events */
    VEC(struct trace_thread) threads; /* in the order of their first batches */
    struct map thread_of_m;
    VEC(struct trace_sample) samples; /* by time */

    /* By type of event and argument behind the time: where that is a string or a stack, ids below this are known, and
     * nearly all that are known are below it. */
    uint64_t known[ev_count][trace_max_args - 1];
};

/* Prepares an empty generation; false on exhaustion. */
bool trace_generation_init(struct trace_generation *generation, struct mem *mem);
void trace_generation_finish(struct trace_generation *generation);

enum trace_generation_result {
    trace_generation_read, /* and, where the fault is set too, the file is broken behind it */
    trace_generation_end,  /* the file ended before another one */
    trace_generation_broken,
};

/* Reads the next generation over what the struct held before. */
enum trace_generation_result trace_generation_next(struct trace_generation *generation, struct trace_file *file,
                                                   struct trace_fault *fault);

#endif
