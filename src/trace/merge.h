/* The events of a generation's threads, each thread's in the order in which it wrote them, and all by time: a heap of
 * threads by the time of their next event. Where times are equal the steps that the heap takes decide, so they are
 * those of Go's reader. */
#ifndef SONDE_TRACE_MERGE_H
#define SONDE_TRACE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "trace/ahead.h"
#include "trace/event.h"
#include "trace/generation.h"
#include "trace/sort.h"
#include "trace/stream.h"

struct merge {
    struct mem *mem;
    struct trace_ahead *ahead;
    VEC(struct trace_stream) streams;
    struct trace_event *events; /* all streams' chunks */
    size_t room;                /* of events */
    /* The heap: times of the threads' next events, and the threads' streams. Apart, because what is moved in two pieces
     * and read in one makes the processor wait. Behind the last place times are INT64_MAX. */
    int64_t *times;
    uint32_t *order;
    uint32_t n, heap_room;
    VEC(struct sort_pair) sorted; /* while sorting */
};

/* Prepares an empty merge, whose streams `ahead` may decode. */
void merge_init(struct merge *merge, struct trace_ahead *ahead, struct mem *mem);
void merge_finish(struct merge *merge);

/* Begins a generation, which must live until the end of the merge or its next begin: decodes every thread's first
 * event. False with the fault set. */
bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault);

/* Sorts the heap by time, which leaves it a heap. False on exhaustion. */
bool merge_sort(struct merge *merge);

/* The stream at place i of the heap. */
static inline struct trace_stream *merge_at(struct merge *merge, size_t i)
{
    return &merge->streams.at[merge->order[i]];
}

/* Moves the thread at place i of the heap down while one below is earlier; of two the earlier one, the left one where
 * they are equal. */
void merge_sink(struct merge *merge, size_t i);

/* Moves the thread at place i of the heap to where its next event belongs. */
void merge_move(struct merge *merge, size_t i);

/* As merge_advance, where a chunk has come to a stop. */
bool merge_turn(struct merge *merge, size_t i, struct trace_fault *fault);

/* Goes on to the next event of the thread at place i of the heap, and moves or removes that thread. False with the
 * fault set. The event before lives until the next call. */
static inline bool merge_advance(struct merge *merge, size_t i, struct trace_fault *fault)
{
    struct trace_stream *stream = merge_at(merge, i);
    if (++stream->next == stream->stop)
        return merge_turn(merge, i, fault);
    __builtin_prefetch(stream->next + 1, 1);
    __builtin_prefetch((char *)(stream->next + 2) - 1, 1);
    if (i > 0) {
        merge_move(merge, i);
    } else {
        merge->times[0] = stream->next->time;
        merge_sink(merge, 0);
    }
    return true;
}

#endif
