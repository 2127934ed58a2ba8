/* One generation at a time: a mark, then its threads' events merged by time and played by the order, with the CPU
 * samples where their times are. Only the generation at hand is in memory; the bytes are the caller's, mostly a mapped
 * file. */
#include "trace/reader.h"

#include <inttypes.h>

#include "trace/generation.h"
#include "trace/merge.h"
#include "trace/order.h"
#include "trace/v1.h"

struct trace_reader {
    struct mem *mem;
    struct v1_trace v1;             /* where the trace is one of v1: all of it */
    struct v1_converter *converter; /* NULL where it is not */
    uint64_t v1_size;
    struct trace_file file;
    struct trace_generation generation;
    bool has_generation; /* one is being read, or was the last */
    struct merge merge;
    struct order order;
    size_t next_sample;
    unsigned next_queued; /* of the order's queue */
    struct trace_event mark;
    uint64_t marks;
    int64_t last_time;
    struct trace_fault fault;   /* set when it is the reader's answer */
    struct trace_fault pending; /* what is wrong behind the generation at hand, or instead of the next one */
    bool pending_marked;        /* the mark before `pending` was delivered */
    uint64_t valid;             /* bytes before the last mark */
    bool done;
};

/* Up to two digits behind "go 1.", as Go scans them. */
static bool scan_version(struct cursor *c, unsigned *version)
{
    struct str go = cursor_bytes(c, 5);
    if (!cursor_ok(c) || !str_equal(go, STR("go 1.")))
        return false;
    unsigned number = 0, digits = 0;
    while (cursor_left(c) > 0 && *c->p >= '0' && *c->p <= '9' && digits < 9) {
        number = number * 10 + (cursor_u8(c) - '0');
        digits++;
    }
    struct str rest = cursor_bytes(c, 9);
    *version = number;
    return digits > 0 && str_equal(rest, (struct str){" trace\0\0\0", 9});
}

unsigned trace_header_version(struct str bytes, struct trace_fault *fault)
{
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    unsigned version = 0;
    if (!scan_version(&c, &version)) {
        trace_fault_at(fault, 0, "this is not a Go execution trace");
        return 0;
    }
    return version;
}

static bool init_v1(struct trace_reader *reader, unsigned version, struct str bytes, struct trace_fault *fault)
{
    size_t header = bytes.n < trace_header_size ? bytes.n : trace_header_size;
    reader->v1_size = bytes.n;
    if (v1_parse(&reader->v1, version, str_skip(bytes, header), header, fault) && v1_order(&reader->v1, fault) &&
        v1_check(&reader->v1, fault))
        reader->converter = v1_converter_create(&reader->v1, fault);
    return reader->converter != NULL;
}

static bool init(struct trace_reader *reader, struct str bytes, struct trace_fault *fault)
{
    unsigned version = trace_header_version(bytes, fault);
    if (version == 0)
        return false;
    if (v1_knows(version))
        return init_v1(reader, version, bytes, fault);
    if (trace_type_count(version) == 0)
        return trace_fault_at(fault, 0, "version go 1.%u of traces is not known", version);
    reader->file.version = version;
    reader->file.bytes = cursor_over(bytes.p + trace_header_size, bytes.n - trace_header_size, trace_header_size);
    return trace_generation_init(&reader->generation, reader->mem) || trace_fault_at(fault, 0, "out of memory");
}

struct trace_reader *trace_reader_create(struct str bytes, struct mem *mem, struct trace_fault *fault)
{
    struct trace_reader *reader = mem_get(mem, sizeof *reader);
    if (!reader) {
        trace_fault_at(fault, 0, "out of memory");
        return NULL;
    }
    *reader = (struct trace_reader){.mem = mem};
    v1_init(&reader->v1, mem);
    merge_init(&reader->merge, mem);
    order_init(&reader->order, mem, &reader->fault);
    if (!init(reader, bytes, fault)) {
        trace_reader_destroy(reader);
        reader = NULL;
    }
    return reader;
}

void trace_reader_destroy(struct trace_reader *reader)
{
    if (!reader)
        return;
    v1_converter_destroy(reader->converter);
    v1_finish(&reader->v1);
    if (reader->generation.mem)
        trace_generation_finish(&reader->generation);
    merge_finish(&reader->merge);
    order_finish(&reader->order);
    mem_put(reader->mem, reader, sizeof *reader);
}

const struct trace_fault *trace_reader_fault(const struct trace_reader *reader)
{
    return &reader->fault;
}

uint64_t trace_reader_valid(const struct trace_reader *reader)
{
    return reader->valid;
}

/* Whether all stacks and strings that an event names are defined. */
static bool ids_are_known(const struct trace_event *event)
{
    const struct trace_table *table = event->table;
    const struct trace_spec *spec = &trace_specs[event->type];
    uint32_t index;
    if (event->type == ev_cpu_sample)
        return trace_ids_find(&table->stack_ids, event->args[0], &index);
    return (!spec->stacks[0] || trace_ids_find(&table->stack_ids, event->args[spec->stacks[0] - 1], &index)) &&
           (!spec->strings[0] || trace_ids_find(&table->string_ids, event->args[spec->strings[0] - 1], &index)) &&
           (!spec->stacks[1] || trace_ids_find(&table->stack_ids, event->args[spec->stacks[1] - 1], &index)) &&
           (!spec->strings[1] || trace_ids_find(&table->string_ids, event->args[spec->strings[1] - 1], &index));
}

/* The last step for each event: its ids must be known, and time must not stand still. */
static const struct trace_event *deliver(struct trace_reader *reader, struct trace_event *event)
{
    if (event->type != ev_mark && !ids_are_known(event)) {
        trace_fault_at(&reader->fault, reader->generation.offset, "%s names a string or stack that is not defined",
                       trace_specs[event->type].name);
        trace_fault_in_generation(&reader->fault, reader->generation.number);
        trace_fault_on_thread(&reader->fault, event->m);
        reader->done = true;
        return NULL;
    }
    if (event->time <= reader->last_time)
        event->time = (int64_t)((uint64_t)reader->last_time + 1);
    reader->last_time = event->time;
    return event;
}

static const struct trace_event *deliver_mark(struct trace_reader *reader, int64_t time, bool with_table)
{
    reader->mark = (struct trace_event){.type = ev_mark,
                                        .time = time,
                                        .m = TRACE_NO_THREAD,
                                        .p = TRACE_NO_PROC,
                                        .g = TRACE_NO_GOROUTINE,
                                        .table = with_table ? &reader->generation.table : NULL};
    reader->mark.args[0] = ++reader->marks;
    if (with_table || !reader->has_generation)
        reader->valid = reader->generation.offset;
    else
        reader->valid = reader->pending.set ? reader->pending.offset : cursor_offset(&reader->file.bytes);
    return deliver(reader, &reader->mark);
}

/* The end, after a last mark. */
static const struct trace_event *finish(struct trace_reader *reader)
{
    reader->done = true;
    return deliver_mark(reader, reader->last_time, false);
}

/* The fault becomes the answer. */
static const struct trace_event *fail(struct trace_reader *reader)
{
    if (!reader->fault.set)
        reader->fault = reader->pending;
    trace_fault_in_generation(&reader->fault, reader->generation.number);
    reader->done = true;
    return NULL;
}

static const struct trace_event *begin_generation(struct trace_reader *reader)
{
    reader->has_generation = true;
    reader->next_sample = 0;
    reader->generation.table.serial++;
    if (!merge_begin(&reader->merge, &reader->generation, &reader->fault))
        return fail(reader);
    for (size_t i = 0; i < reader->merge.streams.n; i++) {
        struct merge_stream *stream = &reader->merge.streams.at[i];
        stream->thread = order_thread(&reader->order, stream->m);
        if (stream->thread == UINT32_MAX) {
            trace_fault_at(&reader->fault, stream->offset, "out of memory for threads");
            return fail(reader);
        }
    }
    return deliver_mark(reader, trace_ns(&reader->generation.table, reader->generation.min_time), true);
}

/* What follows a generation: the next one, the end, or what is wrong with the file. A fault is preceded by a mark, so
 * that what came before it is whole. */
static const struct trace_event *next_generation(struct trace_reader *reader)
{
    if (reader->pending.set) {
        if (reader->pending_marked)
            return fail(reader);
        reader->pending_marked = true;
        return deliver_mark(reader, reader->last_time, false);
    }
    if (reader->file.version < 26 && reader->has_generation && !reader->file.has_spill)
        return finish(reader);
    switch (trace_generation_next(&reader->generation, &reader->file, &reader->pending)) {
    case trace_generation_read:
        return begin_generation(reader);
    case trace_generation_end:
        return finish(reader);
    default:
        reader->has_generation = false;
        reader->generation.samples.n = reader->next_sample = 0;
        reader->pending_marked = true;
        return deliver_mark(reader, reader->last_time, false);
    }
}

/* The next CPU sample, where it comes before every event; NULL where it does not. */
static const struct trace_event *next_sample(struct trace_reader *reader)
{
    if (reader->next_sample == reader->generation.samples.n)
        return NULL;
    const struct trace_sample *sample = &reader->generation.samples.at[reader->next_sample];
    if (reader->merge.heap.n > 0 && sample->time >= reader->merge.heap.at[0].key)
        return NULL;
    reader->next_sample++;
    reader->mark = (struct trace_event){.type = ev_cpu_sample,
                                        .time = sample->time,
                                        .m = sample->m,
                                        .p = sample->p,
                                        .g = sample->g,
                                        .table = &reader->generation.table};
    reader->mark.args[0] = sample->stack;
    return &reader->mark;
}

/* Plays the event at place i of the heap and, where that is done, decodes the thread's next one. */
static enum order_result try_advance(struct trace_reader *reader, size_t i)
{
    struct merge_stream *stream = merge_at(&reader->merge, i);
    enum order_result result = order_advance(&reader->order, merge_event(stream), stream->thread,
                                             reader->generation.number, &reader->generation.table);
    if (result == order_done && !merge_advance(&reader->merge, i, &reader->fault))
        return order_refused;
    if (result == order_refused) {
        reader->fault.offset = stream->offset;
        trace_fault_on_thread(&reader->fault, stream->m);
    }
    return result;
}

/* No thread's next event is possible. */
static void fail_to_advance(struct trace_reader *reader)
{
    struct merge_stream *stream = merge_at(&reader->merge, 0);
    const struct trace_event *event = merge_event(stream);
    trace_fault_at(&reader->fault, stream->offset,
                   "the next events of all %zu threads wait for one another; the earliest is %s at %" PRId64
                   " ns (first argument %" PRIu64 ")",
                   reader->merge.heap.n, trace_specs[event->type].name, event->time,
                   trace_specs[event->type].nargs > 1 ? event->args[0] : 0);
    trace_fault_on_thread(&reader->fault, stream->m);
}

/* Plays the earliest event that is possible; false with the fault set. */
static bool advance(struct trace_reader *reader)
{
    enum order_result result = try_advance(reader, 0);
    if (result == order_later) {
        merge_sort(&reader->merge);
        for (size_t i = 1; i < reader->merge.heap.n && result == order_later; i++)
            result = try_advance(reader, i);
        if (result == order_later)
            fail_to_advance(reader);
    }
    return result == order_done;
}

/* A v1 trace is good as a whole, or was refused. */
static const struct trace_event *next_v1(struct trace_reader *reader)
{
    reader->valid = reader->v1_size;
    return v1_next(reader->converter, &reader->fault);
}

const struct trace_event *trace_reader_next(struct trace_reader *reader)
{
    if (reader->done)
        return NULL;
    if (reader->converter)
        return next_v1(reader);
    if (reader->next_queued < reader->order.queued)
        return deliver(reader, reader->order.queue[reader->next_queued++]);
    if (reader->merge.heap.n == 0 && reader->next_sample == reader->generation.samples.n)
        return next_generation(reader);
    const struct trace_event *sample = next_sample(reader);
    if (sample)
        return deliver(reader, &reader->mark);
    if (!advance(reader))
        return fail(reader);
    reader->next_queued = 1;
    return deliver(reader, reader->order.queue[0]);
}
