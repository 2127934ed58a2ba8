/* Writes v2 traces: batches of events for each thread, and behind them the tables of strings and stacks that they name,
 * generation by generation. What the events say is the caller's: an encoder checks nothing, and writes what Go's own
 * tracer would.
 *
 *     trace_encoder_init(&encoder, mem, 26, &frames);
 *     trace_encoder_header(&encoder, &out);
 *     trace_encoder_begin(&encoder, start, clocks, &out);
 *     trace_encoder_event(&encoder, m, time, ev_go_start, args, &out);      in the order of each thread
 *     trace_encoder_end(&encoder, &out);                                    ends the generation; begin another, or not
 *     trace_encoder_finish(&encoder);
 *
 * `out` may be written and emptied after any call: what is kept is one batch for each thread, and the tables of the
 * generation. */
#ifndef SONDE_TRACE_ENCODE_H
#define SONDE_TRACE_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "trace/frame_tree.h"
#include "trace/spec.h"

/* A thread's batch while it grows. */
struct trace_encoder_thread {
    int64_t m;
    uint64_t begin, last; /* times of its first and last event */
    struct buf events;
};

/* Which texts and stacks of the frame tree are in the generation's tables. */
struct trace_encoder_ids {
    VEC(uint32_t) id_of; /* by number in the tree; 0 for not */
    VEC(uint32_t) used;  /* numbers, by id - 1 */
};

struct trace_encoder {
    struct mem *mem;
    unsigned version;
    struct frame_tree *frames;
    uint64_t generation; /* the one at hand; 0 before the first */
    uint64_t start;      /* its time */
    VEC(struct trace_encoder_thread) threads;
    struct map thread_of_m;
    struct trace_encoder_ids strings, stacks;
    struct buf samples; /* a batch of CPU samples while it grows */
    bool failed;        /* out of memory: what follows is dropped */
};

/* Prepares an encoder of a version (22, 23, 25 or 26), whose texts and stacks are those of a tree that outlives it. */
void trace_encoder_init(struct trace_encoder *encoder, struct mem *mem, unsigned version, struct frame_tree *frames);
void trace_encoder_finish(struct trace_encoder *encoder);

/* Appends the 16 bytes before everything. */
void trace_encoder_header(const struct trace_encoder *encoder, struct buf *out);

/* Begins the next generation (they are numbered from 1) at a time in ns, which no event in it may be before. Versions
 * from 25 on need `clocks`: what the clocks showed at that time (its `time` is not used); others take NULL. */
void trace_encoder_begin(struct trace_encoder *encoder, uint64_t start, const struct trace_clocks *clocks,
                         struct buf *out);

/* Adds an event of a thread (-1: of none) with the arguments that its type has behind the time, which must not be less
 * than that of the thread's event before. */
void trace_encoder_event(struct trace_encoder *encoder, int64_t m, uint64_t time, enum trace_type type,
                         const uint64_t *args, struct buf *out);

/* Adds a CPU sample; -1 for no thread, processor or goroutine. */
void trace_encoder_sample(struct trace_encoder *encoder, uint64_t time, int64_t m, int64_t p, int64_t g, uint64_t stack,
                          struct buf *out);

/* What an event names a text, or a stack, of the tree by; 0 for the empty ones. Valid until the generation ends. */
uint64_t trace_encoder_string(struct trace_encoder *encoder, uint32_t text);
uint64_t trace_encoder_stack(struct trace_encoder *encoder, uint32_t node);

/* Ends the generation: the rest of its batches and its tables. */
void trace_encoder_end(struct trace_encoder *encoder, struct buf *out);

#endif
