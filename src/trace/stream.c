/* Decoding is a chain: where a number begins is known when the one before was looked at. So numbers are taken eight
 * bytes at a time without a branch on how long they are, and room is checked once an event, as long as the batch has
 * room for the longest. */
#include "trace/stream.h"

#include <sched.h>

#include "trace/spec.h"

/* Bytes that an event of the longest numbers that the quick way takes may touch: the type and five numbers of 8. */
enum { quick_bytes = 1 + trace_max_args * 8 };

void trace_stream_init(struct trace_stream *stream, const struct trace_generation *generation, uint32_t thread,
                       struct trace_event *events, uint32_t room)
{
    const struct trace_thread *t = &generation->threads.at[thread];
    const struct trace_batch *batch = &generation->batches.at[t->first];
    *stream = (struct trace_stream){
        .m = t->m,
        .generation = generation,
        .events = events,
        .room = room,
        .place = {.batch = t->first, .bytes = cursor_over(batch->data, batch->size, batch->offset)},
    };
}

/* Goes on to the next batch that is not empty; false where there is none. */
static bool next_batch(const struct trace_generation *generation, struct stream_place *place)
{
    const struct trace_batch *batches = generation->batches.at;
    while (cursor_left(&place->bytes) == 0) {
        place->batch = batches[place->batch].next;
        place->last = 0;
        if (place->batch == UINT32_MAX)
            return false;
        const struct trace_batch *batch = &batches[place->batch];
        place->bytes = cursor_over(batch->data, batch->size, batch->offset);
    }
    return true;
}

static inline bool is_known(const struct trace_ids *ids, uint64_t id)
{
    uint32_t index;
    return (id < ids->room && ids->dense[id] > 0) || trace_ids_find(ids, id, &index);
}

/* Whether all strings and stacks that an event names are defined. */
static inline bool names_are_known(const struct trace_table *table, const struct trace_event *event)
{
    const struct trace_spec *spec = &trace_specs[event->type];
    if (spec->stacks[0] && !is_known(&table->stack_ids, event->args[spec->stacks[0] - 1]))
        return false;
    if (spec->strings[0] && !is_known(&table->string_ids, event->args[spec->strings[0] - 1]))
        return false;
    return (!spec->stacks[1] || is_known(&table->stack_ids, event->args[spec->stacks[1] - 1])) &&
           (!spec->strings[1] || is_known(&table->string_ids, event->args[spec->strings[1] - 1]));
}

/* Times in a batch: each is told as a difference to the one before, the first as that to the batch's own. As in Go's
 * reader a time of 0 is that of no event. */
struct clock {
    const struct trace_table *table;
    int64_t batch, last;
};

/* What is left to do for an event whose bytes are decoded. */
static void complete(struct clock *clock, struct trace_event *event, uint64_t units)
{
    if (clock->last == 0)
        clock->last = clock->batch;
    clock->last = (int64_t)((uint64_t)clock->last + (uint64_t)trace_ns(clock->table, units));
    event->time = clock->last;
    event->unknown_names = !names_are_known(clock->table, event);
}

/* Decodes the event at p, where quick_bytes are left, and returns where it ends; NULL where that takes a closer look.
 */
static const uint8_t *decode_quickly(const uint8_t *p, struct trace_event *event, uint64_t *units)
{
    unsigned nargs = trace_timed_args[*p];
    event->type = *p;
    if (nargs == 0)
        return NULL;
    p = varint_of_8(p + 1, units);
    for (unsigned i = 0; p && i + 1 < nargs; i++)
        p = varint_of_8(p, &event->args[i]);
    return p;
}

/* The same by the cursor. False where there is no event. */
static bool decode_carefully(struct cursor *c, struct trace_event *event, uint64_t *units)
{
    uint8_t type = cursor_u8(c);
    unsigned nargs = trace_timed_args[type];
    event->type = type;
    *units = cursor_varint(c);
    for (unsigned i = 0; i + 1 < nargs; i++)
        event->args[i] = cursor_varint(c);
    return nargs > 0 && cursor_ok(c);
}

/* Decodes events of one batch until it ends, `room` is full or something is wrong; how many. */
static uint32_t decode_batch(struct cursor *c, struct clock *clock, struct trace_event *events, uint32_t room)
{
    uint32_t n = 0;
    uint64_t units;
    while (n < room && cursor_left(c) > 0) {
        const uint8_t *p = c->p, *next;
        if (cursor_left(c) > quick_bytes) {
            const uint8_t *end = c->end - quick_bytes;
            for (; n < room && p < end && (next = decode_quickly(p, &events[n], &units)); p = next)
                complete(clock, &events[n++], units);
            c->p = p;
            if (n == room)
                break;
        }
        struct cursor ahead = *c;
        if (!decode_carefully(&ahead, &events[n], &units))
            break;
        *c = ahead;
        complete(clock, &events[n++], units);
    }
    return n;
}

/* Fills a chunk. */
static void decode(const struct trace_generation *generation, struct stream_place *place, struct stream_chunk *chunk,
                   struct trace_event *events, uint32_t room)
{
    *chunk = (struct stream_chunk){.from = *place, .end = stream_goes_on};
    for (;;) {
        if (cursor_left(&place->bytes) == 0 && !next_batch(generation, place)) {
            chunk->end = stream_ends;
            return;
        }
        if (chunk->n == room)
            return;
        struct clock clock = {&generation->table,
                              trace_ns(&generation->table, generation->batches.at[place->batch].time), place->last};
        chunk->n += decode_batch(&place->bytes, &clock, events + chunk->n, room - chunk->n);
        place->last = clock.last;
        if (cursor_left(&place->bytes) > 0 && chunk->n < room) {
            chunk->end = stream_is_broken;
            return;
        }
    }
}

static bool hold(struct trace_stream *stream)
{
    return !atomic_load_explicit(&stream->busy, memory_order_relaxed) &&
           !atomic_exchange_explicit(&stream->busy, true, memory_order_acquire);
}

bool trace_stream_fill(struct trace_stream *stream)
{
    if (!hold(stream))
        return false;
    uint32_t made = atomic_load_explicit(&stream->made, memory_order_relaxed);
    uint32_t freed = atomic_load_explicit(&stream->freed, memory_order_acquire);
    bool fills = !stream->over && made - freed < stream_chunks;
    if (fills) {
        uint32_t i = made % stream_chunks;
        decode(stream->generation, &stream->place, &stream->chunks[i], stream->events + (size_t)i * stream->room,
               stream->room);
        stream->over = stream->chunks[i].end != stream_goes_on;
        atomic_store_explicit(&stream->made, made + 1, memory_order_release);
    }
    atomic_store_explicit(&stream->busy, false, memory_order_release);
    return fills;
}

/* Begins the chunk behind those that were taken, waiting for it where another thread is at it. */
static enum stream_step take(struct trace_stream *stream)
{
    while (atomic_load_explicit(&stream->made, memory_order_acquire) == stream->taken) {
        if (!trace_stream_fill(stream))
            sched_yield();
    }
    const struct stream_chunk *chunk = &stream->chunks[stream->taken % stream_chunks];
    stream->next = stream->events + (size_t)(stream->taken % stream_chunks) * stream->room;
    stream->taken++;
    if (chunk->n == 0) {
        stream->stop = stream->next;
        return chunk->end == stream_is_broken ? stream_at_fault : stream_at_end;
    }
    stream->stop = stream->next + 1;
    return stream_at_event;
}

/* The chunk that is being read. */
static const struct stream_chunk *current(const struct trace_stream *stream)
{
    return &stream->chunks[(stream->taken - 1) % stream_chunks];
}

static struct trace_event *first_of_chunk(const struct trace_stream *stream)
{
    return stream->events + (size_t)((stream->taken - 1) % stream_chunks) * stream->room;
}

enum stream_step trace_stream_begin(struct trace_stream *stream)
{
    return take(stream);
}

/* The event before `next` may still be in use by whoever it was given to. So the last chunk is freed when the second
 * event of this one is next: that is the first `stop`. */
enum stream_step trace_stream_turn(struct trace_stream *stream, bool *freed)
{
    const struct stream_chunk *chunk = current(stream);
    struct trace_event *end = first_of_chunk(stream) + chunk->n;
    *freed = false;
    if (stream->taken > 1 && stream->next == end - chunk->n + 1) {
        atomic_store_explicit(&stream->freed, stream->taken - 1, memory_order_release);
        *freed = chunk->end == stream_goes_on;
    }
    stream->stop = end;
    if (stream->next < end)
        return stream_at_event;
    if (chunk->end == stream_goes_on)
        return take(stream);
    return chunk->end == stream_ends ? stream_at_end : stream_at_fault;
}

/* Decodes the chunk again up to the next event; the cursor behind those before it. */
static struct stream_place find_next(const struct trace_stream *stream)
{
    const struct stream_chunk *chunk = current(stream);
    struct stream_place place = chunk->from;
    struct trace_event event;
    for (struct trace_event *e = first_of_chunk(stream); e < stream->next; e++) {
        if (cursor_left(&place.bytes) == 0)
            next_batch(stream->generation, &place);
        uint64_t units;
        decode_carefully(&place.bytes, &event, &units);
    }
    if (cursor_left(&place.bytes) == 0)
        next_batch(stream->generation, &place);
    return place;
}

uint64_t trace_stream_offset(const struct trace_stream *stream)
{
    struct stream_place place = find_next(stream);
    return cursor_offset(&place.bytes);
}

void trace_stream_explain(const struct trace_stream *stream, struct trace_fault *fault)
{
    struct stream_place place = find_next(stream);
    uint64_t offset = cursor_offset(&place.bytes);
    uint8_t type = cursor_u8(&place.bytes);
    trace_fault_at(fault, offset,
                   trace_timed_args[type] == 0 ? "type %d is not that of an event"
                                               : "an event of type %d whose arguments are cut off or not numbers",
                   type);
    trace_fault_on_thread(fault, stream->m);
}
