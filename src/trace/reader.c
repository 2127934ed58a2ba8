/* One generation at a time: a mark, then its threads' events merged by time and played by the order, with the CPU
 * samples where their times are. Only the generation at hand and the next one are in memory; the bytes are the
 * caller's, mostly a mapped file. Of a large trace another thread decodes what comes next (ahead.h); in what order
 * events come, and what is wrong with them, is decided here, so that it does not depend on how far that thread has
 * come. */
#include "trace/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/parallel.h"
#include "trace/ahead.h"
#include "trace/generation.h"
#include "trace/merge.h"
#include "trace/order.h"
#include "trace/pages.h"
#include "trace/v1.h"

enum { large_trace = 1 << 20 /* bytes that are worth another thread */ };

struct trace_reader {
    struct mem *mem;
    struct str bytes;
    struct v1_trace v1;             /* where the trace is one of v1: all of it */
    struct v1_converter *converter; /* NULL where it is not */
    struct trace_file file;
    struct trace_ahead ahead;
    enum trace_look_ahead look_ahead;
    bool started;
    struct trace_turn turns[2];
    struct trace_turn *turn; /* the generation at hand */
    bool has_generation;     /* one is being read, or was the last */
    bool wants_next;         /* the next one can be asked for */
    bool lets_go;
    uint64_t released;     /* bytes from the begin that were let go of */
    uint64_t serial;       /* of the last table */
    VEC(uint32_t) threads; /* of the order, by stream */
    /* What is left of a run; nothing where the next event is the merge's own (ahead.h). */
    const struct stream_event *next, *stop;
    const struct merge_run *run;
    struct trace_event event; /* the one that is being played */
    struct order order;
    size_t next_sample;
    unsigned next_queued; /* of the order's queue */
    bool quick;           /* nothing comes before the next event, unless a CPU sample does: as nearly always */
    int64_t sample_time;  /* of the next CPU sample; INT64_MAX while there is none */
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
    return trace_generation_init(&reader->turn->generation, reader->mem) || trace_fault_at(fault, 0, "out of memory");
}

struct trace_reader *trace_reader_create(struct str bytes, struct mem *mem, struct trace_fault *fault)
{
    struct trace_reader *reader = mem_get(mem, sizeof *reader);
    if (!reader) {
        trace_fault_at(fault, 0, "out of memory");
        return NULL;
    }
    *reader = (struct trace_reader){.mem = mem, .bytes = bytes};
    reader->turn = &reader->turns[0];
    v1_init(&reader->v1, mem);
    trace_ahead_init(&reader->ahead, &reader->file, mem);
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
    trace_ahead_finish(&reader->ahead);
    v1_converter_destroy(reader->converter);
    v1_finish(&reader->v1);
    for (int i = 0; i < 2; i++) {
        if (reader->turns[i].generation.mem)
            trace_generation_finish(&reader->turns[i].generation);
    }
    vec_finish(&reader->threads, reader->mem);
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

void trace_reader_look_ahead(struct trace_reader *reader, enum trace_look_ahead look_ahead)
{
    reader->look_ahead = look_ahead;
}

static __attribute__((noinline)) const struct trace_event *refuse_names(struct trace_reader *reader,
                                                                        const struct trace_event *event)
{
    trace_fault_at(&reader->fault, reader->turn->generation.offset, "%s names a string or stack that is not defined",
                   trace_specs[event->type].name);
    trace_fault_in_generation(&reader->fault, reader->turn->generation.number);
    trace_fault_on_thread(&reader->fault, event->m);
    reader->done = true;
    reader->quick = false;
    return NULL;
}

/* The last step for each event: what it names must be defined, and time must not stand still. */
static inline const struct trace_event *deliver(struct trace_reader *reader, struct trace_event *event)
{
    if (event->unknown_names)
        return refuse_names(reader, event);
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
                                        .table = with_table ? &reader->turn->generation.table : NULL};
    reader->mark.args[0] = ++reader->marks;
    if (with_table || !reader->has_generation)
        reader->valid = reader->turn->generation.offset;
    else
        reader->valid = reader->pending.set ? reader->pending.offset : reader->turn->end;
    return deliver(reader, &reader->mark);
}

/* The end, after a last mark. */
static const struct trace_event *finish(struct trace_reader *reader)
{
    reader->done = true;
    return deliver_mark(reader, reader->last_time, false);
}

/* The fault becomes the answer. */
static __attribute__((noinline)) const struct trace_event *fail(struct trace_reader *reader)
{
    reader->quick = false;
    if (!reader->fault.set)
        reader->fault = reader->pending;
    trace_fault_in_generation(&reader->fault, reader->turn->generation.number);
    reader->done = true;
    return NULL;
}

bool trace_is_worth_look_ahead(enum trace_look_ahead look_ahead, struct str bytes)
{
    return look_ahead == look_ahead_always ||
           (look_ahead == look_ahead_if_large && bytes.n >= large_trace && parallel_width() > 1);
}

/* Has another thread decode ahead where that is worth it and possible. */
static void start(struct trace_reader *reader)
{
    bool wanted = trace_is_worth_look_ahead(reader->look_ahead, reader->bytes);
    reader->started = true;
    reader->lets_go = reader->bytes.n >= large_trace && pages_are_of_a_file(reader->bytes);
    if (wanted && trace_generation_init(&reader->turns[1].generation, reader->mem))
        trace_ahead_start(&reader->ahead);
}

/* The turn that the next generation is read into: not that of the one at hand where it is read at the same time. */
static struct trace_turn *next_turn(struct trace_reader *reader)
{
    return &reader->turns[reader->ahead.running && reader->turn == &reader->turns[0]];
}

/* Lets go of what comes before an offset: what still looks at it, as names of tasks do, finds it again. */
static void let_go(struct trace_reader *reader, uint64_t until)
{
    if (reader->lets_go)
        pages_let_go(str_first(str_skip(reader->bytes, reader->released), until - reader->released));
    reader->released = until;
}

/* When the mark of a generation was delivered, and so the one before it is done with. */
static void look_further(struct trace_reader *reader)
{
    reader->wants_next = false;
    let_go(reader, reader->turn->generation.offset);
    if (reader->ahead.running && !reader->pending.set && !reader->turn->is_last)
        trace_ahead_want(&reader->ahead, next_turn(reader));
}

/* Has the order know the generation's threads. */
static bool begin_threads(struct trace_reader *reader)
{
    const struct trace_generation *generation = &reader->turn->generation;
    reader->threads.n = 0;
    for (size_t i = 0; i < generation->threads.n; i++) {
        uint32_t thread = order_thread(&reader->order, generation->threads.at[i].m);
        if (thread == UINT32_MAX || !vec_push(&reader->threads, reader->mem, thread))
            return trace_fault_at(&reader->fault, generation->offset, "out of memory for threads");
    }
    return true;
}

static const struct trace_event *begin_generation(struct trace_reader *reader)
{
    struct trace_generation *generation = &reader->turn->generation;
    reader->has_generation = reader->wants_next = true;
    reader->next_sample = 0;
    generation->table.serial = ++reader->serial;
    if (!begin_threads(reader) || !trace_ahead_begin(&reader->ahead, generation, &reader->fault))
        return fail(reader);
    return deliver_mark(reader, trace_ns(&generation->table, generation->min_time), true);
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
    if (reader->has_generation && reader->turn->is_last)
        return finish(reader);
    struct trace_turn *turn = next_turn(reader);
    trace_ahead_get(&reader->ahead, turn);
    atomic_store(&turn->state, turn_free);
    reader->turn = turn;
    reader->pending = turn->fault;
    switch (turn->result) {
    case trace_generation_read:
        return begin_generation(reader);
    case trace_generation_end:
        return finish(reader);
    default:
        reader->has_generation = false;
        turn->generation.samples.n = reader->next_sample = 0;
        reader->pending_marked = true;
        return deliver_mark(reader, reader->last_time, false);
    }
}

/* Finds the next event, in a run or at the root of the merge; false where there is none. */
static bool find_next(struct trace_reader *reader)
{
    if (reader->next == reader->stop) {
        reader->run = trace_ahead_next(&reader->ahead);
        reader->next = reader->run ? reader->run->events : NULL;
        reader->stop = reader->run ? reader->run->events + reader->run->n : NULL;
    }
    return reader->run || reader->ahead.merge.at.n > 0;
}

/* The time of the next event, which must have been found. */
static int64_t next_time(const struct trace_reader *reader)
{
    return reader->run ? reader->next->time : reader->ahead.merge.at.times[0];
}

/* Whether a CPU sample comes before the next event, if there is one; it is `mark` then. */
static bool next_sample(struct trace_reader *reader, bool has_event)
{
    const struct trace_generation *generation = &reader->turn->generation;
    reader->sample_time = INT64_MAX;
    if (reader->next_sample == generation->samples.n)
        return false;
    const struct trace_sample *sample = &generation->samples.at[reader->next_sample];
    reader->sample_time = sample->time;
    if (has_event && sample->time >= next_time(reader))
        return false;
    reader->next_sample++;
    uint32_t index;
    reader->mark = (struct trace_event){.type = ev_cpu_sample,
                                        .time = sample->time,
                                        .m = sample->m,
                                        .p = sample->p,
                                        .g = sample->g,
                                        .table = &generation->table};
    reader->mark.args[0] = sample->stack;
    reader->mark.unknown_names = !trace_ids_find(&generation->table.stack_ids, sample->stack, &index);
    return true;
}

/* Plays an event. */
static inline __attribute__((always_inline)) enum order_result play(struct trace_reader *reader,
                                                                    const struct stream_event *next)
{
    struct trace_event *event = &reader->event;
    event->time = next->time;
    memcpy(event->args, next->args, sizeof event->args);
    event->type = next->type;
    event->unknown_names = next->unknown_names;
    return order_advance(&reader->order, event, reader->threads.at[next->stream], reader->turn->generation.number,
                         &reader->turn->generation.table);
}

/* Tells where the next event of a stream is, which cannot be true. */
static void locate_fault(struct trace_reader *reader, const struct trace_stream *stream)
{
    const struct trace_generation *generation = &reader->turn->generation;
    reader->fault.offset = trace_stream_offset(stream, generation);
    trace_fault_on_thread(&reader->fault, generation->threads.at[stream->index].m);
}

/* Plays the event at place i of the heap and, where that is done, goes on to the thread's next one. */
static enum order_result try_advance(struct trace_reader *reader, size_t i)
{
    struct merge *merge = &reader->ahead.merge;
    enum order_result result = play(reader, merge_at(merge, i)->next);
    if (result == order_refused)
        locate_fault(reader, merge_at(merge, i));
    if (result == order_done && !merge_advance(merge, i, &reader->fault))
        return order_refused;
    return result;
}

/* No thread's next event is possible. */
static void fail_to_advance(struct trace_reader *reader)
{
    const struct merge *merge = &reader->ahead.merge;
    const struct trace_stream *stream = merge_at(merge, 0);
    const struct stream_event *event = stream->next;
    trace_fault_at(&reader->fault, 0,
                   "the next events of all %" PRIu32 " threads wait for one another; the earliest is %s at %" PRId64
                   " ns (first argument %" PRIu64 ")",
                   merge->at.n, trace_specs[event->type].name, event->time,
                   trace_specs[event->type].nargs > 1 ? event->args[0] : 0);
    locate_fault(reader, stream);
}

/* Plays the earliest event that is possible, now that the one at the root is not; false with the fault set. */
static bool advance_another(struct trace_reader *reader)
{
    struct merge *merge = &reader->ahead.merge;
    enum order_result result = order_later;
    if (!merge_sort(merge))
        return trace_fault_at(&reader->fault, reader->turn->generation.offset, "out of memory for threads");
    for (size_t i = 1; i < merge->at.n && result == order_later; i++)
        result = try_advance(reader, i);
    if (result == order_later)
        fail_to_advance(reader);
    return result == order_done;
}

/* The next event of a run was not possible, or refused: the merge is taken back to before it, and what must be is done
 * there. False with the fault set. */
static __attribute__((noinline)) bool reconsider(struct trace_reader *reader, enum order_result result)
{
    trace_ahead_return(&reader->ahead, (uint32_t)(reader->next - reader->run->events));
    reader->run = NULL;
    reader->next = reader->stop = NULL;
    if (result == order_refused)
        locate_fault(reader, merge_at(&reader->ahead.merge, 0));
    return result == order_later && advance_another(reader);
}

/* Delivers the event that was played, with those that it implied, one by one. */
static inline const struct trace_event *deliver_played(struct trace_reader *reader)
{
    reader->next_queued = 1;
    reader->quick = reader->order.queued == 0;
    return deliver(reader, reader->quick ? &reader->event : reader->order.queue[0]);
}

/* Plays the next event of a run and delivers it. */
static inline __attribute__((always_inline)) const struct trace_event *advance(struct trace_reader *reader)
{
    enum { soon = 6 };
    __builtin_prefetch(reader->next + run_margin);
    order_expect(&reader->order, reader->next[soon].args[0]);
    enum order_result result = play(reader, reader->next);
    if (result == order_done)
        reader->next++;
    else if (!reconsider(reader, result))
        return fail(reader);
    return deliver_played(reader);
}

/* Plays the next event, which is not in a run, and delivers it. */
static const struct trace_event *advance_merge(struct trace_reader *reader)
{
    enum order_result result = try_advance(reader, 0);
    if (result != order_done && (result != order_later || !advance_another(reader)))
        return fail(reader);
    return deliver_played(reader);
}

/* A v1 trace is good as a whole, or was refused. */
static const struct trace_event *next_v1(struct trace_reader *reader)
{
    reader->valid = reader->bytes.n;
    return v1_next(reader->converter, &reader->fault);
}

/* Kept apart, so that what is done for nearly every event stays short. */
static __attribute__((noinline)) const struct trace_event *next_slowly(struct trace_reader *reader)
{
    if (reader->done)
        return NULL;
    if (reader->converter)
        return next_v1(reader);
    if (reader->next_queued < reader->order.queued)
        return deliver(reader, reader->order.queue[reader->next_queued++]);
    if (!reader->started)
        start(reader);
    if (reader->wants_next)
        look_further(reader);
    bool has_event = find_next(reader);
    if (!has_event && reader->next_sample == reader->turn->generation.samples.n)
        return next_generation(reader);
    if (next_sample(reader, has_event))
        return deliver(reader, &reader->mark);
    return reader->run ? advance(reader) : advance_merge(reader);
}

const struct trace_event *trace_reader_next(struct trace_reader *reader)
{
    if (reader->quick && reader->next != reader->stop && reader->next->time <= reader->sample_time)
        return advance(reader);
    reader->quick = false;
    return next_slowly(reader);
}
