/* The events of a generation's threads, each thread's in the order in which it wrote them, and all by time: a heap of
 * threads by the time of their next event. Where times are equal the steps that the heap takes decide, so they are
 * those of Go's reader.
 *
 * In what order events come is known only when they are played, because one may have to wait for another with a later
 * time. But hardly any does, so that a run of them is merged as if none did; where that was wrong, the merge is taken
 * back to where it was before the event that has to wait. */
#ifndef SONDE_TRACE_MERGE_H
#define SONDE_TRACE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "trace/generation.h"
#include "trace/sort.h"
#include "trace/stream.h"

/* Where a merge stands. */
struct merge_state {
    struct trace_stream *streams; /* one a thread of the generation, nstreams */
    /* The heap: times of the threads' next events, and the threads' streams. Apart, because what is moved in two pieces
     * and read in one makes the processor wait. Behind the last place times are INT64_MAX, up to the end of the tree.
     */
    int64_t *times;
    uint32_t *order;
    uint32_t n, nstreams;
    uint32_t room; /* of each */
};

struct merge {
    struct mem *mem;
    const struct trace_generation *generation;
    struct merge_state at;
    VEC(uint32_t) lesser;         /* the lesser child of a place, while that is kept up */
    struct stream_event *events;  /* all streams' chunks */
    size_t room;                  /* of events */
    VEC(struct sort_pair) sorted; /* while sorting */
};

/* Events as they come if none has to wait for another. Behind them there are as many more as one may look ahead at,
 * whatever they are. */
enum { run_margin = 24 };

struct merge_run {
    struct stream_event *events;
    uint32_t n, room;
    struct merge_state from; /* before the first of them */
};

/* Prepares an empty merge, frees it. */
void merge_init(struct merge *merge, struct mem *mem);
void merge_finish(struct merge *merge);

/* Makes room in a run for so many events of so many threads; false on exhaustion. What is all zeros is a run without
 * room. */
bool merge_run_reserve(struct merge_run *run, uint32_t events, uint32_t threads, struct mem *mem);
void merge_run_finish(struct merge_run *run, struct mem *mem);

/* Begins a generation, which must live until the end of the merge or its next begin: decodes every thread's first
 * event. False with the fault set. */
bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault);

/* Fills a run, for which there must be room, with up to `most` events; none where there are no more, or what comes
 * behind the next one is broken. */
void merge_fill(struct merge *merge, struct merge_run *run, uint32_t most);

/* The same for another thread to use: events are written past the caches of this processor. Lines that another one has
 * read last would else have to be fetched from it for each, which can take longer than all the rest. */
void merge_fill_away(struct merge *merge, struct merge_run *run, uint32_t most);

/* Takes the merge back to where it was behind the first n events of a run. */
void merge_return(struct merge *merge, const struct merge_run *run, uint32_t n);

/* Sorts the heap by time, which leaves it a heap. False on exhaustion. */
bool merge_sort(struct merge *merge);

/* The stream at place i of the heap. */
static inline struct trace_stream *merge_at(const struct merge *merge, size_t i)
{
    return &merge->at.streams[merge->at.order[i]];
}

/* Goes on to the next event of the thread at place i of the heap, and moves or removes that thread. False with the
 * fault set. */
bool merge_advance(struct merge *merge, size_t i, struct trace_fault *fault);

#endif
