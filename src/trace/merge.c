#include "trace/merge.h"

#include "trace/spec.h"

void merge_init(struct merge *merge, struct mem *mem)
{
    *merge = (struct merge){.mem = mem};
}

void merge_finish(struct merge *merge)
{
    vec_finish(&merge->streams, merge->mem);
    vec_finish(&merge->heap, merge->mem);
}

static void swap(struct sort_pair *heap, size_t i, size_t j)
{
    struct sort_pair pair = heap[i];
    heap[i] = heap[j];
    heap[j] = pair;
}

static size_t sift_up(struct sort_pair *heap, size_t i)
{
    for (; i > 0 && heap[(i - 1) / 2].key > heap[i].key; i = (i - 1) / 2)
        swap(heap, (i - 1) / 2, i);
    return i;
}

/* Moves the pair at i down while a child is less; of two children the lesser, the left one where they are equal. */
static void sift_down(struct sort_pair *heap, size_t n, size_t i)
{
    struct sort_pair pair = heap[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1].key < heap[child].key;
        if (heap[child].key >= pair.key)
            break;
        heap[i] = heap[child];
    }
    heap[i] = pair;
}

/* Removes place i: its thread goes up to the root, the last thread takes its place there. */
static void heap_remove(struct merge *merge, size_t i)
{
    struct sort_pair *heap = merge->heap.at;
    for (; i > 0; i = (i - 1) / 2)
        swap(heap, (i - 1) / 2, i);
    heap[0] = heap[--merge->heap.n];
    if (merge->heap.n > 0)
        sift_down(heap, merge->heap.n, 0);
}

enum decoded { decoded_event, decoded_end, decoded_broken };

static enum decoded broken(const struct merge_stream *stream, struct trace_fault *fault, const char *what, int type)
{
    trace_fault_at(fault, stream->offset, what, type);
    trace_fault_on_thread(fault, stream->m);
    return decoded_broken;
}

/* Goes on to the next batch that is not empty; false where there is none. */
static bool next_batch(const struct merge *merge, struct merge_stream *stream)
{
    const struct trace_batch *batches = merge->generation->batches.at;
    while (cursor_left(&stream->bytes) == 0) {
        stream->batch = batches[stream->batch].next;
        stream->last = 0;
        if (stream->batch == UINT32_MAX)
            return false;
        const struct trace_batch *batch = &batches[stream->batch];
        stream->bytes = cursor_over(batch->data, batch->size, batch->offset);
    }
    return true;
}

static enum decoded decode(const struct merge *merge, struct merge_stream *stream, struct trace_fault *fault)
{
    struct cursor *c = &stream->bytes;
    if (cursor_left(c) == 0 && !next_batch(merge, stream))
        return decoded_end;
    if (stream->last == 0)
        stream->last = trace_ns(&merge->generation->table, merge->generation->batches.at[stream->batch].time);
    stream->offset = cursor_offset(c);
    uint8_t type = cursor_u8(c);
    unsigned nargs = trace_timed_args[type];
    if (nargs == 0)
        return broken(stream, fault, "type %d is not that of an event", type);
    /* The event before is still to be delivered: the two take turns. */
    stream->turn = !stream->turn;
    struct trace_event *event = &stream->events[stream->turn];
    event->type = type;
    uint64_t units = cursor_varint_wide(c);
    for (unsigned i = 0; i + 1 < nargs; i++)
        event->args[i] = cursor_varint_wide(c);
    if (!cursor_ok(c))
        return broken(stream, fault, "an event of type %d whose arguments are cut off or not numbers", type);
    stream->last = (int64_t)((uint64_t)stream->last + (uint64_t)trace_ns(&merge->generation->table, units));
    event->time = stream->last;
    return decoded_event;
}

bool merge_advance(struct merge *merge, size_t i, struct trace_fault *fault)
{
    struct merge_stream *stream = merge_at(merge, i);
    enum decoded decoded = decode(merge, stream, fault);
    if (decoded == decoded_event) {
        merge->heap.at[i].key = merge_event(stream)->time;
        if (i == 0 || sift_up(merge->heap.at, i) == i)
            sift_down(merge->heap.at, merge->heap.n, i);
    } else if (decoded == decoded_end) {
        heap_remove(merge, i);
    }
    return decoded != decoded_broken;
}

/* Decodes the first event of stream i and puts it in the heap. */
static bool insert(struct merge *merge, uint32_t i, struct trace_fault *fault)
{
    struct merge_stream *stream = &merge->streams.at[i];
    enum decoded decoded = decode(merge, stream, fault);
    if (decoded != decoded_event)
        return decoded == decoded_end;
    struct sort_pair pair = {merge_event(stream)->time, i};
    if (!vec_push(&merge->heap, merge->mem, pair))
        return trace_fault_at(fault, stream->offset, "out of memory for threads");
    sift_up(merge->heap.at, merge->heap.n - 1);
    return true;
}

bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault)
{
    merge->generation = generation;
    merge->streams.n = merge->heap.n = 0;
    for (uint32_t i = 0; i < generation->threads.n; i++) {
        const struct trace_thread *thread = &generation->threads.at[i];
        const struct trace_batch *batch = &generation->batches.at[thread->first];
        struct merge_stream stream = {
            .m = thread->m, .batch = thread->first, .bytes = cursor_over(batch->data, batch->size, batch->offset)};
        if (!vec_push(&merge->streams, merge->mem, stream))
            return trace_fault_at(fault, batch->offset, "out of memory for threads");
        if (!insert(merge, i, fault))
            return false;
    }
    return true;
}
