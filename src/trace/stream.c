/* Decoding is a chain: where a number begins is known when the one before was looked at. So numbers are taken eight
 * bytes at a time without a branch on how long they are, and room is checked once an event, as long as the batch has
 * room for the longest. */
#include "trace/stream.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "trace/spec.h"

/* Bytes that the quick ways may touch: the type and five numbers of 8; or the type, 32 bytes, and 8 from the last
 * number on, which begins at most 4 behind those. */
enum { quick_bytes = 1 + 32 + 4 + 8 };

void trace_stream_init(struct trace_stream *stream, const struct trace_generation *generation, uint32_t index,
                       struct stream_event *events, uint32_t room)
{
    *stream = (struct trace_stream){
        .next = events,
        .stop = events,
        .events = events,
        .room = room,
        .index = index,
        .behind = {.batch = generation->threads.at[index].first},
    };
}

/* What is left of the batch at a place. */
static struct cursor bytes_at(const struct trace_generation *generation, const struct stream_place *place)
{
    const struct trace_batch *batch = &generation->batches.at[place->batch];
    return cursor_over(batch->data + place->at, batch->size - place->at, batch->offset + place->at);
}

/* Goes on to the next batch where there are no bytes left in this one; false behind the last. */
static bool find_bytes(const struct trace_generation *generation, struct stream_place *place)
{
    const struct trace_batch *batches = generation->batches.at;
    while (place->batch != UINT32_MAX && place->at == batches[place->batch].size)
        *place = (struct stream_place){.batch = batches[place->batch].next};
    return place->batch != UINT32_MAX;
}

static inline bool is_known(const struct trace_ids *ids, uint64_t id)
{
    uint32_t index;
    return id < ids->full || trace_ids_find(ids, id, &index);
}

/* Whether all strings and stacks that an event names are defined. */
static __attribute__((noinline)) bool names_are_known(const struct trace_table *table, const struct stream_event *event)
{
    const struct trace_spec *spec = &trace_specs[event->type];
    for (int i = 0; i < 2; i++) {
        if ((spec->stacks[i] && !is_known(&table->stack_ids, event->args[spec->stacks[i] - 1])) ||
            (spec->strings[i] && !is_known(&table->string_ids, event->args[spec->strings[i] - 1])))
            return false;
    }
    return true;
}

/* What completes events, from one to the next in a batch: each tells its time as a difference to the one before, the
 * first as that to the batch's own. As in Go's reader a time of 0 is that of no event. */
struct completion {
    const struct trace_generation *generation;
    int64_t batch, last;
    double ns_per_unit;
    uint32_t stream;
};

/* What is left to do for an event whose bytes are decoded. */
static inline __attribute__((always_inline)) void complete(struct completion *c, struct stream_event *event,
                                                           uint64_t units)
{
    const uint64_t *known = c->generation->known[event->type];
    int doubts = (event->args[0] >= known[0]) + (event->args[1] >= known[1]) + (event->args[2] >= known[2]) +
                 (event->args[3] >= known[3]);
    if (c->last == 0)
        c->last = c->batch;
    c->last = (int64_t)((uint64_t)c->last + (uint64_t)trace_ns_of(units, c->ns_per_unit));
    event->time = c->last;
    event->stream = c->stream;
    event->unknown_names = doubts > 0 && !names_are_known(&c->generation->table, event);
}

/* Decodes the event at p, where quick_bytes are left, and returns where it ends; NULL where that takes a closer look.
 */
static inline const uint8_t *decode_one(const uint8_t *p, struct stream_event *event, uint64_t *units)
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

#ifdef __x86_64__
#define WITH_BIT_FIELDS __attribute__((target("bmi,bmi2")))

/* Takes the number that begins at byte `*begin` behind p, and ends where the first bit of *ends says; whether it is one
 * of more than eight bytes (and so not what was taken). */
static inline WITH_BIT_FIELDS unsigned take_number(const uint8_t *p, unsigned *begin, uint64_t *ends, uint64_t *value)
{
    unsigned end = (unsigned)_tzcnt_u64(*ends), size = end - *begin;
    uint64_t word;
    memcpy(&word, p + *begin, sizeof word);
    *value = _pext_u64(_bzhi_u64(word, 8 * size + 8), 0x7f7f7f7f7f7f7f7fu);
    *begin = end + 1;
    *ends = _blsr_u64(*ends);
    return size & ~7u;
}

/* The same for a processor that has instructions for this: whatever the event is, five numbers are taken. Where those
 * end is found for all of them at once, in 32 bytes; what would end behind these is one that ends at once. */
static inline WITH_BIT_FIELDS const uint8_t *decode_one_by_bits(const uint8_t *p, struct stream_event *event,
                                                                uint64_t *units)
{
    __m128i low = _mm_loadu_si128((const __m128i *)(p + 1)), high = _mm_loadu_si128((const __m128i *)(p + 17));
    uint32_t more = (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
    uint64_t ends = ~(uint64_t)more;
    unsigned begin = 0, nargs = trace_timed_args[*p];
    unsigned end = (unsigned)_tzcnt_u64(_pdep_u64((uint64_t)1 << nargs >> 1, ends));
    event->type = *p;
    unsigned odd = take_number(p + 1, &begin, &ends, units);
    odd |= take_number(p + 1, &begin, &ends, &event->args[0]);
    odd |= take_number(p + 1, &begin, &ends, &event->args[1]);
    odd |= take_number(p + 1, &begin, &ends, &event->args[2]);
    odd |= take_number(p + 1, &begin, &ends, &event->args[3]);
    return odd || end >= 32 ? NULL : p + end + 2; /* the latter also for what is no event */
}
#endif

typedef const uint8_t *decode_event(const uint8_t *p, struct stream_event *event, uint64_t *units);

/* Decodes events that begin before `end`, as long as that is simple, at most `room`; how many. */
static inline __attribute__((always_inline)) uint32_t decode_simple(decode_event *decode, const uint8_t **place,
                                                                    const uint8_t *end, struct completion *completion,
                                                                    struct stream_event *events, uint32_t room)
{
    struct completion c = *completion;
    const uint8_t *p = *place, *next;
    uint64_t units;
    uint32_t n = 0;
    for (; n < room && p < end && (next = decode(p, &events[n], &units)); p = next)
        complete(&c, &events[n++], units);
    *completion = c;
    *place = p;
    return n;
}

#ifdef __x86_64__
static WITH_BIT_FIELDS uint32_t decode_by_bits(const uint8_t **p, const uint8_t *end, struct completion *completion,
                                               struct stream_event *events, uint32_t room)
{
    return decode_simple(decode_one_by_bits, p, end, completion, events, room);
}
#endif

static uint32_t decode_quickly(const uint8_t **p, const uint8_t *end, struct completion *completion,
                               struct stream_event *events, uint32_t room)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2"))
        return decode_by_bits(p, end, completion, events, room);
#endif
    return decode_simple(decode_one, p, end, completion, events, room);
}

/* The same by the cursor. False where there is no event. */
static bool decode_carefully(struct cursor *c, struct stream_event *event, uint64_t *units)
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
static uint32_t decode_batch(struct cursor *c, struct completion *completion, struct stream_event *events,
                             uint32_t room)
{
    uint32_t n = 0;
    uint64_t units;
    while (n < room && cursor_left(c) > 0) {
        if (cursor_left(c) > quick_bytes) {
            n += decode_quickly(&c->p, c->end - quick_bytes, completion, events + n, room - n);
            if (n == room)
                break;
        }
        struct cursor ahead = *c;
        if (!decode_carefully(&ahead, &events[n], &units))
            break;
        *c = ahead;
        complete(completion, &events[n++], units);
    }
    return n;
}

/* Whether there is an event. */
static bool begins_event(struct cursor bytes)
{
    struct stream_event event;
    uint64_t units;
    return decode_carefully(&bytes, &event, &units);
}

static struct completion begin_completion(const struct trace_stream *stream, const struct trace_generation *generation,
                                          const struct stream_place *place)
{
    const struct trace_table *table = &generation->table;
    return (struct completion){
        .generation = generation,
        .batch = trace_ns(table, generation->batches.at[place->batch].time),
        .last = place->last,
        .ns_per_unit = table->ns_per_unit,
        .stream = stream->index,
    };
}

void trace_stream_fill(struct trace_stream *stream, const struct trace_generation *generation)
{
    struct stream_place *place = &stream->behind;
    struct stream_event *events = stream->events;
    uint32_t n = 0;
    stream->from = *place;
    stream->end = stream_goes_on;
    while (stream->end == stream_goes_on) {
        if (!find_bytes(generation, place)) {
            stream->end = stream_ends;
            break;
        }
        struct cursor bytes = bytes_at(generation, place);
        if (n == stream->room) {
            if (!begins_event(bytes))
                stream->end = stream_is_broken;
            break;
        }
        struct completion completion = begin_completion(stream, generation, place);
        n += decode_batch(&bytes, &completion, events + n, stream->room - n);
        *place = (struct stream_place){
            place->batch, generation->batches.at[place->batch].size - (uint32_t)cursor_left(&bytes), completion.last};
        if (cursor_left(&bytes) > 0 && n < stream->room)
            stream->end = stream_is_broken;
    }
    stream->next = events;
    stream->stop = events + n;
    stream->after = n > 1 ? events[1].time : 0;
}

void trace_stream_return(struct trace_stream *stream, const struct trace_stream *copy,
                         const struct trace_generation *generation)
{
    if (stream->from.batch != copy->from.batch || stream->from.at != copy->from.at) {
        stream->behind = copy->from;
        trace_stream_fill(stream, generation);
    }
    stream->next = copy->next;
    stream->after = copy->after;
}

/* Decodes the chunk again up to the next event: where that is. */
static struct cursor find_next(const struct trace_stream *stream, const struct trace_generation *generation)
{
    struct stream_place place = stream->from;
    for (const struct stream_event *e = stream->events;; e++) {
        if (!find_bytes(generation, &place))
            return cursor_over(NULL, 0, 0);
        struct cursor bytes = bytes_at(generation, &place);
        if (e == stream->next)
            return bytes;
        struct stream_event event;
        uint64_t units;
        decode_carefully(&bytes, &event, &units);
        place.at = generation->batches.at[place.batch].size - (uint32_t)cursor_left(&bytes);
    }
}

uint64_t trace_stream_offset(const struct trace_stream *stream, const struct trace_generation *generation)
{
    struct cursor bytes = find_next(stream, generation);
    return cursor_offset(&bytes);
}

void trace_stream_explain(const struct trace_stream *stream, const struct trace_generation *generation,
                          struct trace_fault *fault)
{
    struct cursor bytes = find_next(stream, generation);
    uint64_t offset = cursor_offset(&bytes);
    uint8_t type = cursor_u8(&bytes);
    trace_fault_at(fault, offset,
                   trace_timed_args[type] == 0 ? "type %d is not that of an event"
                                               : "an event of type %d whose arguments are cut off or not numbers",
                   type);
    trace_fault_on_thread(fault, generation->threads.at[stream->index].m);
}
