/* Reading a trace into columns. What takes longest is waiting for memory: each event goes to the columns of its
 * goroutine, processor and thread, which no cache holds all of. So events are entered in batches, where it is known
 * early what will be needed, and of a large trace by another thread than the one that reads; a third one touches the
 * memory that will be needed next. */
#include "base/parallel.h"
#include "trace/belt.h"
#include "trace/columns.h"
#include "trace/larder.h"
#include "trace/reader.h"

/* One reading of a trace. */
struct reading {
    struct columns columns;
    struct trace_reader *reader;
    columns_passed *passed;
    void *context;
    uint64_t events; /* that were read */
    uint64_t marked; /* up to and with the last mark */
    uint64_t valid;
    struct trace_fault fault;

    struct belt belt;
    struct larder larder;
    struct helper helper;
    bool helped;         /* there is a thread that enters what is read */
    bool failed;         /* it could not; to be looked at when it has ended */
    struct entry *batch; /* that is being filled, n entries; NULL for none */
    size_t n;
};

/* The thread that enters. */
static void enter_batches(void *context)
{
    struct reading *reading = context;
    const struct entry *entries;
    size_t n;
    while (!reading->failed && (entries = belt_next(&reading->belt, &n))) {
        reading->failed = !columns_enter_all(&reading->columns, entries, n);
        belt_done(&reading->belt);
    }
    if (reading->failed)
        belt_stop(&reading->belt);
}

/* Enters the batch, or hands it to who does; false on exhaustion. */
static bool hand_over(struct reading *reading)
{
    size_t n = reading->n;
    reading->n = 0;
    if (!reading->helped)
        return columns_enter_all(&reading->columns, reading->batch, n);
    belt_hand(&reading->belt, n);
    reading->batch = NULL;
    return true;
}

static bool take_event(struct reading *reading, const struct trace_event *event)
{
    if (!reading->batch && !(reading->batch = belt_room(&reading->belt)))
        return false;
    struct entry entry;
    if (!entry_make(&reading->columns.sites, event, &entry))
        return false;
    if (reading->helped)
        belt_put(&reading->batch[reading->n], &entry);
    else
        reading->batch[reading->n] = entry;
    reading->events++;
    return ++reading->n < belt_entries || hand_over(reading);
}

/* Takes the first `most` events in; false on exhaustion. */
static bool take_events(struct reading *reading, uint64_t most)
{
    const struct trace_event *event;
    while (reading->events < most && (event = trace_reader_next(reading->reader))) {
        bool is_mark = event->type == ev_mark;
        if (!take_event(reading, event))
            return false;
        if (!is_mark)
            continue;
        reading->marked = reading->events;
        if (reading->passed)
            reading->passed(reading->context, trace_reader_valid(reading->reader));
    }
    return reading->n == 0 || hand_over(reading);
}

/* Fills the columns; false on exhaustion. */
static bool fill(struct reading *reading, uint64_t most, bool wants_help)
{
    if (wants_help) {
        larder_start(&reading->larder, reading->columns.mem, lane_largest_slab);
        reading->columns.pool.larder = &reading->larder;
    }
    reading->helped = wants_help && helper_start(&reading->helper, enter_batches, reading);
    bool good = take_events(reading, most);
    if (reading->helped) {
        belt_end(&reading->belt);
        helper_join(&reading->helper);
        good = good && !reading->failed;
    }
    if (wants_help) {
        reading->columns.pool.larder = NULL;
        larder_finish(&reading->larder);
    }
    return good && columns_end(&reading->columns);
}

/* Reads a trace, or its first `most` events. False where nothing of it is good, or on exhaustion; the fault is set
 * then, and nothing is owned. `reading` has been told whom to tell what has passed. */
static bool read_once(struct reading *reading, enum trace_look_ahead help, struct str bytes, struct mem *mem,
                      uint64_t most)
{
    bool wants_help = trace_is_worth_look_ahead(help, bytes);
    reading->reader = trace_reader_create(bytes, mem, &reading->fault);
    if (!reading->reader)
        return false;
    trace_reader_look_ahead(reading->reader, help);
    bool made = columns_init(&reading->columns, mem);
    bool has_belt = belt_init(&reading->belt, mem);
    if (made && wants_help)
        reading->columns.width = help == look_ahead_always ? parallel_most : parallel_width();
    bool good = made && has_belt && fill(reading, most, wants_help);
    reading->fault = *trace_reader_fault(reading->reader);
    reading->valid = trace_reader_valid(reading->reader);
    trace_reader_destroy(reading->reader);
    belt_finish(&reading->belt);
    if (!good)
        trace_fault_at(&reading->fault, reading->valid, "out of memory for columns");
    good = good && reading->marked > 0;
    if (made && !good)
        columns_finish(&reading->columns);
    return good;
}

bool columns_read_with(enum trace_look_ahead help, struct str bytes, struct mem *mem, columns_passed *passed,
                       void *context, struct columns *columns, uint64_t *valid, struct trace_fault *fault)
{
    struct reading reading = {.passed = passed, .context = context};
    if (!read_once(&reading, help, bytes, mem, UINT64_MAX)) {
        *fault = reading.fault;
        return false;
    }
    struct trace_fault found = reading.fault;
    uint64_t good = reading.valid;
    /* What comes behind the last mark of a broken trace is not whole. */
    if (found.set && reading.marked < reading.events) {
        uint64_t most = reading.marked;
        columns_finish(&reading.columns);
        reading = (struct reading){.passed = passed, .context = context};
        if (!read_once(&reading, help, bytes, mem, most)) {
            *fault = reading.fault;
            return false;
        }
    }
    *fault = found;
    *valid = good;
    *columns = reading.columns;
    return true;
}

bool columns_read(struct str bytes, struct mem *mem, columns_passed *passed, void *context, struct columns *columns,
                  uint64_t *valid, struct trace_fault *fault)
{
    return columns_read_with(look_ahead_if_large, bytes, mem, passed, context, columns, valid, fault);
}
