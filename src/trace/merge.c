#include "trace/merge.h"

void merge_init(struct merge *merge, struct trace_ahead *ahead, struct mem *mem)
{
    *merge = (struct merge){.mem = mem, .ahead = ahead};
}

void merge_finish(struct merge *merge)
{
    vec_finish(&merge->streams, merge->mem);
    mem_put(merge->mem, merge->events, merge->room * sizeof *merge->events);
    mem_put(merge->mem, merge->times, merge->heap_room * sizeof *merge->times);
    mem_put(merge->mem, merge->order, merge->heap_room * sizeof *merge->order);
    vec_finish(&merge->sorted, merge->mem);
}

/* Moves what is at place i up while its parent is greater. */
static size_t sift_up(struct merge *merge, size_t i)
{
    int64_t time = merge->times[i];
    uint32_t stream = merge->order[i];
    for (; i > 0 && merge->times[(i - 1) / 2] > time; i = (i - 1) / 2) {
        merge->times[i] = merge->times[(i - 1) / 2];
        merge->order[i] = merge->order[(i - 1) / 2];
    }
    merge->times[i] = time;
    merge->order[i] = stream;
    return i;
}

void merge_sink(struct merge *merge, size_t i)
{
    int64_t *times = merge->times, time = times[i];
    uint32_t *order = merge->order, stream = order[i];
    for (size_t n = merge->n, child; (child = 2 * i + 1) < n; i = child) {
        child += times[child + 1] < times[child]; /* behind the last there is one that is never less */
        if (times[child] >= time)
            break;
        times[i] = times[child];
        order[i] = order[child];
    }
    times[i] = time;
    order[i] = stream;
}

/* Removes place i: its thread goes up to the root, the last thread takes its place there. */
static void heap_remove(struct merge *merge, size_t i)
{
    for (; i > 0; i = (i - 1) / 2) {
        merge->times[i] = merge->times[(i - 1) / 2];
        merge->order[i] = merge->order[(i - 1) / 2];
    }
    merge->n--;
    merge->times[0] = merge->times[merge->n];
    merge->order[0] = merge->order[merge->n];
    merge->times[merge->n] = INT64_MAX;
    merge_sink(merge, 0);
}

bool merge_sort(struct merge *merge)
{
    merge->sorted.n = 0;
    if (!vec_reserve(&merge->sorted, merge->mem, merge->n))
        return false;
    for (uint32_t i = 0; i < merge->n; i++)
        merge->sorted.at[i] = (struct sort_pair){merge->times[i], merge->order[i]};
    sort_pairs(merge->sorted.at, merge->n);
    for (uint32_t i = 0; i < merge->n; i++) {
        merge->times[i] = merge->sorted.at[i].key;
        merge->order[i] = merge->sorted.at[i].value;
    }
    return true;
}

/* Tells what is wrong with a stream's next event; false. */
static bool broken(const struct trace_stream *stream, struct trace_fault *fault)
{
    trace_stream_explain(stream, fault);
    return false;
}

bool merge_turn(struct merge *merge, size_t i, struct trace_fault *fault)
{
    struct trace_stream *stream = merge_at(merge, i);
    bool freed;
    enum stream_step step = trace_stream_turn(stream, &freed);
    if (freed)
        trace_ahead_ask(merge->ahead, merge->order[i]);
    if (step == stream_at_fault)
        return broken(stream, fault);
    if (step == stream_at_end)
        heap_remove(merge, i);
    else
        merge_move(merge, i);
    return true;
}

void merge_move(struct merge *merge, size_t i)
{
    merge->times[i] = merge_at(merge, i)->next->time;
    if (i == 0 || sift_up(merge, i) == i)
        merge_sink(merge, i);
}

/* Puts stream i in the heap, if it has events. */
static bool insert(struct merge *merge, uint32_t i, struct trace_fault *fault)
{
    struct trace_stream *stream = &merge->streams.at[i];
    enum stream_step step = trace_stream_begin(stream);
    if (step != stream_at_event)
        return step == stream_at_end || broken(stream, fault);
    merge->times[merge->n] = stream->next->time;
    merge->order[merge->n] = i;
    sift_up(merge, merge->n++);
    return true;
}

/* How many events a chunk of a thread holds: many, so that threads meet seldom, but not so many that all chunks
 * together leave the caches, or are much larger than the trace. */
static uint32_t chunk_room(const struct merge *merge, const struct trace_generation *generation, uint32_t i)
{
    uint64_t all = merge->ahead->running ? 1 << 14 : 1 << 12, largest = all / 64, least = 16;
    uint64_t share = all / stream_chunks / generation->threads.n;
    uint64_t room = share > largest ? largest : share < least ? least : share;
    uint64_t possible = generation->threads.at[i].bytes / 2 + 1; /* an event has a type and a time */
    return (uint32_t)(room < possible ? room : possible);
}

/* Makes an empty heap for n threads and one place more. */
static bool make_heap(struct merge *merge, uint32_t n)
{
    uint32_t room = n + 1;
    if (room > merge->heap_room) {
        mem_put(merge->mem, merge->times, merge->heap_room * sizeof *merge->times);
        mem_put(merge->mem, merge->order, merge->heap_room * sizeof *merge->order);
        merge->times = mem_get_array(merge->mem, room, sizeof *merge->times);
        merge->order = mem_get_array(merge->mem, room, sizeof *merge->order);
        merge->heap_room = room;
    }
    if (!merge->times || !merge->order)
        return false;
    for (uint32_t i = 0; i < room; i++) {
        merge->times[i] = INT64_MAX;
        merge->order[i] = 0;
    }
    merge->n = 0;
    return true;
}

static bool make_streams(struct merge *merge, const struct trace_generation *generation)
{
    size_t n = generation->threads.n, room = 0;
    merge->streams.n = 0;
    for (uint32_t i = 0; i < n; i++)
        room += (size_t)stream_chunks * chunk_room(merge, generation, i);
    if (room > merge->room) {
        mem_put(merge->mem, merge->events, merge->room * sizeof *merge->events);
        merge->events = mem_get_array(merge->mem, room, sizeof *merge->events);
        merge->room = merge->events ? room : 0;
    }
    if (room > merge->room || !vec_reserve(&merge->streams, merge->mem, n) || !make_heap(merge, (uint32_t)n))
        return false;
    struct trace_event *events = merge->events;
    for (uint32_t i = 0; i < n; i++) {
        room = chunk_room(merge, generation, i);
        trace_stream_init(&merge->streams.at[merge->streams.n++], generation, i, events, (uint32_t)room);
        events += stream_chunks * room;
    }
    return true;
}

/* The thread ahead begins with the last streams, the reader with the first. */
bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault)
{
    trace_ahead_rest(merge->ahead);
    if (!make_streams(merge, generation))
        return trace_fault_at(fault, generation->offset, "out of memory for threads");
    uint32_t n = (uint32_t)merge->streams.n;
    trace_ahead_streams(merge->ahead, merge->streams.at, n);
    for (uint32_t i = n; i-- > 0;)
        trace_ahead_ask(merge->ahead, i);
    for (uint32_t i = 0; i < n; i++) {
        if (!insert(merge, i, fault))
            return false;
    }
    for (uint32_t i = 0; i < n; i++)
        trace_ahead_ask(merge->ahead, i);
    return true;
}
