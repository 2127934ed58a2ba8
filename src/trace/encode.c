/* Times are ns: a frequency of 1e9 makes Go's conversion from units to ns exact, as far as they are whole numbers as
 * double. Where a machine has been up for more than 104 days they are not all; there batches begin at times that are,
 * and their events are counted from those. */
#include "trace/encode.h"

#include <string.h>

#include "wire/proto.h"

enum {
    most_event = 64,              /* bytes: a type and six numbers */
    most_text = trace_max_string, /* longer texts are cut, as Go cuts them */
    most_entry = 16 + most_text,  /* of a table of strings */
    most_stack = 32 + trace_max_stack * 40,
};

void trace_encoder_init(struct trace_encoder *encoder, struct mem *mem, unsigned version, struct frame_tree *frames)
{
    *encoder = (struct trace_encoder){.mem = mem, .version = version, .frames = frames};
    map_init(&encoder->thread_of_m, mem);
    buf_init(&encoder->samples, mem);
}

void trace_encoder_finish(struct trace_encoder *encoder)
{
    for (size_t i = 0; i < encoder->threads.n; i++)
        buf_finish(&encoder->threads.at[i].events);
    vec_finish(&encoder->threads, encoder->mem);
    map_finish(&encoder->thread_of_m);
    vec_finish(&encoder->strings.id_of, encoder->mem);
    vec_finish(&encoder->strings.used, encoder->mem);
    vec_finish(&encoder->stacks.id_of, encoder->mem);
    vec_finish(&encoder->stacks.used, encoder->mem);
    buf_finish(&encoder->samples);
}

void trace_encoder_header(const struct trace_encoder *encoder, struct buf *out)
{
    buf_printf(out, "go 1.%u trace", encoder->version);
    buf_fill(out, 0, 3);
}

/* Below the one all times are whole as double, and from there on to the greatest multiples of the other. */
static const uint64_t exact_below = (uint64_t)1 << 53, exact_step = 1 << 11;

static void put_batch(const struct trace_encoder *encoder, int64_t m, uint64_t time, const struct buf *payload,
                      struct buf *out)
{
    buf_byte(out, ev_event_batch);
    proto_put_varint(out, encoder->generation);
    proto_put_varint(out, (uint64_t)m);
    proto_put_varint(out, time);
    proto_put_varint(out, payload->n);
    buf_str(out, buf_text(payload));
}

/* Writes a batch, where there is something in it, and empties it. */
static void flush(struct trace_encoder *encoder, int64_t m, uint64_t time, struct buf *payload, struct buf *out)
{
    encoder->failed |= payload->failed;
    if (payload->n > 0)
        put_batch(encoder, m, time, payload, out);
    payload->n = 0;
}

void trace_encoder_begin(struct trace_encoder *encoder, uint64_t start, const struct trace_clocks *clocks,
                         struct buf *out)
{
    struct buf sync;
    encoder->generation++;
    encoder->start = start;
    buf_init(&sync, encoder->mem);
    if (encoder->version >= 25)
        buf_byte(&sync, ev_sync);
    buf_byte(&sync, ev_frequency);
    proto_put_varint(&sync, 1000000000);
    if (encoder->version >= 25) {
        const uint64_t args[] = {0, clocks->mono, clocks->sec, clocks->nsec};
        buf_byte(&sync, ev_clock_snapshot);
        for (int i = 0; i < 4; i++)
            proto_put_varint(&sync, args[i]);
    }
    flush(encoder, TRACE_NO_THREAD, start, &sync, out);
    buf_finish(&sync);
}

static struct trace_encoder_thread *thread_of(struct trace_encoder *encoder, int64_t m)
{
    uint32_t fresh = (uint32_t)encoder->threads.n, *index = map_add(&encoder->thread_of_m, (uint64_t)m, fresh);
    struct trace_encoder_thread thread = {.m = m};
    buf_init(&thread.events, encoder->mem);
    if (!index || (*index == fresh && !vec_push(&encoder->threads, encoder->mem, thread))) {
        encoder->failed = true;
        return NULL;
    }
    return &encoder->threads.at[*index];
}

void trace_encoder_event(struct trace_encoder *encoder, int64_t m, uint64_t time, enum trace_type type,
                         const uint64_t *args, struct buf *out)
{
    struct trace_encoder_thread *thread = encoder->failed ? NULL : thread_of(encoder, m);
    if (!thread)
        return;
    if (thread->events.n + most_event > trace_max_batch)
        flush(encoder, m, thread->begin, &thread->events, out);
    if (thread->events.n == 0)
        thread->begin = thread->last = time < exact_below ? time : time & ~(uint64_t)(exact_step - 1);
    buf_byte(&thread->events, (char)type);
    proto_put_varint(&thread->events, time - thread->last);
    for (unsigned i = 0; i + 1 < trace_specs[type].nargs; i++)
        proto_put_varint(&thread->events, args[i]);
    thread->last = time;
    encoder->failed |= thread->events.failed;
}

void trace_encoder_sample(struct trace_encoder *encoder, uint64_t time, int64_t m, int64_t p, int64_t g, uint64_t stack,
                          struct buf *out)
{
    struct buf *samples = &encoder->samples;
    const uint64_t args[] = {time, (uint64_t)m, (uint64_t)p, g == TRACE_NO_GOROUTINE ? 0 : (uint64_t)g, stack};
    if (samples->n + most_event > trace_max_batch)
        flush(encoder, TRACE_NO_THREAD, encoder->start, samples, out);
    if (samples->n == 0)
        buf_byte(samples, ev_cpu_samples);
    buf_byte(samples, ev_cpu_sample);
    for (int i = 0; i < 5; i++)
        proto_put_varint(samples, args[i]);
    encoder->failed |= samples->failed;
}

/* The id of a number of the tree, which has n of them. */
static uint64_t id_of(struct trace_encoder *encoder, struct trace_encoder_ids *ids, uint32_t number, size_t n)
{
    size_t before = ids->id_of.n;
    if (number == 0)
        return 0;
    if (number >= before) {
        if (!vec_reserve(&ids->id_of, encoder->mem, n - before)) {
            encoder->failed = true;
            return 0;
        }
        memset(ids->id_of.at + before, 0, (n - before) * sizeof *ids->id_of.at);
        ids->id_of.n = n;
    }
    uint32_t *id = &ids->id_of.at[number];
    if (*id == 0) {
        if (!vec_push(&ids->used, encoder->mem, number)) {
            encoder->failed = true;
            return 0;
        }
        *id = (uint32_t)ids->used.n;
    }
    return *id;
}

uint64_t trace_encoder_string(struct trace_encoder *encoder, uint32_t text)
{
    return id_of(encoder, &encoder->strings, text, encoder->frames->texts.n);
}

uint64_t trace_encoder_stack(struct trace_encoder *encoder, uint32_t node)
{
    return id_of(encoder, &encoder->stacks, node, encoder->frames->nodes.n);
}

static void put_stack(struct trace_encoder *encoder, uint32_t node, struct buf *table)
{
    const struct frame_node *nodes = encoder->frames->nodes.at;
    uint64_t n = 0;
    for (uint32_t i = node; i != 0 && n < trace_max_stack; i = nodes[i].parent)
        n++;
    buf_byte(table, ev_stack);
    proto_put_varint(table, encoder->stacks.id_of.at[node]);
    proto_put_varint(table, n);
    for (uint32_t i = node; n-- > 0; i = nodes[i].parent) {
        proto_put_varint(table, nodes[i].pc);
        proto_put_varint(table, trace_encoder_string(encoder, nodes[i].func));
        proto_put_varint(table, trace_encoder_string(encoder, nodes[i].file));
        proto_put_varint(table, nodes[i].line);
    }
}

static void put_string(struct trace_encoder *encoder, uint32_t text, struct buf *table)
{
    struct str s = str_first(encoder->frames->texts.at[text], most_text);
    buf_byte(table, ev_string);
    proto_put_varint(table, encoder->strings.id_of.at[text]);
    proto_put_varint(table, s.n);
    buf_str(table, s);
}

/* Writes the used entries of a table, each by `put`, in as many batches as they need; and forgets them. */
static void put_table(struct trace_encoder *encoder, struct trace_encoder_ids *ids, enum trace_type type, size_t most,
                      void (*put)(struct trace_encoder *, uint32_t, struct buf *), struct buf *out)
{
    struct buf table;
    buf_init(&table, encoder->mem);
    for (size_t i = 0; i < ids->used.n; i++) {
        if (table.n + most > trace_max_batch)
            flush(encoder, TRACE_NO_THREAD, encoder->start, &table, out);
        if (table.n == 0)
            buf_byte(&table, (char)type);
        put(encoder, ids->used.at[i], &table);
    }
    flush(encoder, TRACE_NO_THREAD, encoder->start, &table, out);
    buf_finish(&table);
    for (size_t i = 0; i < ids->used.n; i++)
        ids->id_of.at[ids->used.at[i]] = 0;
    ids->used.n = 0;
}

void trace_encoder_end(struct trace_encoder *encoder, struct buf *out)
{
    for (size_t i = 0; i < encoder->threads.n; i++) {
        struct trace_encoder_thread *thread = &encoder->threads.at[i];
        flush(encoder, thread->m, thread->begin, &thread->events, out);
    }
    flush(encoder, TRACE_NO_THREAD, encoder->start, &encoder->samples, out);
    /* Stacks name strings, so those come last. */
    put_table(encoder, &encoder->stacks, ev_stacks, most_stack, put_stack, out);
    put_table(encoder, &encoder->strings, ev_strings, most_entry, put_string, out);
    if (encoder->version >= 26)
        buf_byte(out, ev_end_of_generation);
    encoder->failed |= out->failed;
}
