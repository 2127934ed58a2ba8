/* The events of a generation's threads, each thread's in the order in which it wrote them, and all by time: a heap of
 * threads by the time of their next event. Where times are equal the steps that the heap takes decide, so they are
 * those of Go's reader. */
#ifndef SONDE_TRACE_MERGE_H
#define SONDE_TRACE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/generation.h"
#include "trace/sort.h"

/* Where one thread's events are being read. */
struct merge_stream {
    int64_t m;
    uint32_t thread;     /* for whoever merges: the thread's index in the order */
    uint32_t batch;      /* index of the batch that `bytes` is in; UINT32_MAX behind the last */
    int64_t last;        /* time of the event before in this batch; 0 where there is none */
    struct cursor bytes; /* behind the next event */
    uint64_t offset;     /* of the next event */
    bool turn;
    struct trace_event events[2]; /* [turn] is the next one: type, time and arguments; the other the one before */
};

static inline struct trace_event *merge_event(struct merge_stream *stream)
{
    return &stream->events[stream->turn];
}

struct merge {
    struct mem *mem;
    const struct trace_generation *generation;
    VEC(struct merge_stream) streams;
    VEC(struct sort_pair) heap; /* time of the next event, index of the stream */
};

void merge_init(struct merge *merge, struct mem *mem);
void merge_finish(struct merge *merge);

/* Begins a generation: decodes every thread's first event. False with the fault set. */
bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault);

/* Decodes the next event of the thread at place i of the heap, and moves or removes that thread. False with the fault
 * set. */
bool merge_advance(struct merge *merge, size_t i, struct trace_fault *fault);

/* Sorts the heap by time, which leaves it a heap. */
static inline void merge_sort(struct merge *merge)
{
    sort_pairs(merge->heap.at, merge->heap.n);
}

/* The stream at place i of the heap. */
static inline struct merge_stream *merge_at(struct merge *merge, size_t i)
{
    return &merge->streams.at[merge->heap.at[i].value];
}

#endif
