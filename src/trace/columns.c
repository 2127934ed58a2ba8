/* Columns as a whole: made, ended, read from a trace, measured. What events add is in columns_add.c. */
#include "trace/columns.h"

#include "trace/reader.h"

static void finish_index(struct columns_index *index, struct mem *mem)
{
    map_finish(&index->sparse);
    mem_put(mem, index->dense, index->room * sizeof *index->dense);
}

bool columns_init(struct columns *cols, struct mem *mem)
{
    *cols = (struct columns){.mem = mem, .gc_begin = -1, .stw_begin = -1};
    lane_pool_init(&cols->pool, mem);
    population_init(&cols->population, mem);
    map_init(&cols->place_of_key, mem);
    map_init(&cols->task_of_id, mem);
    cols->gc = cols->stw = lane_of(lane_spans);
    for (unsigned i = 0; i < columns_value_count; i++)
        cols->values[i] = lane_of(lane_values);
    map_init(&cols->goroutine_of_id.sparse, mem);
    map_init(&cols->proc_of_id.sparse, mem);
    map_init(&cols->thread_of_id.sparse, mem);
    return sites_init(&cols->sites, mem);
}

/* Calls a function for every lane; false where it does for one. */
static bool for_lanes(struct columns *cols, bool (*visit)(struct columns *cols, struct lane *lane))
{
    bool good = visit(cols, &cols->gc) && visit(cols, &cols->stw);
    for (size_t i = 0; i < cols->goroutines.n && good; i++)
        good = visit(cols, &cols->goroutines.at[i].states);
    for (size_t i = 0; i < cols->procs.n && good; i++)
        good = visit(cols, &cols->procs.at[i].runs) && visit(cols, &cols->procs.at[i].syscalls) &&
               visit(cols, &cols->procs.at[i].points);
    for (size_t i = 0; i < cols->threads.n && good; i++)
        good = visit(cols, &cols->threads.at[i].runs) && visit(cols, &cols->threads.at[i].points);
    for (size_t i = 0; i < cols->nested.n && good; i++)
        good = visit(cols, &cols->nested.at[i].lane);
    for (size_t i = 0; i < cols->points.n && good; i++)
        good = visit(cols, &cols->points.at[i]);
    for (size_t i = 0; i < cols->task_lanes.n && good; i++)
        good = visit(cols, &cols->task_lanes.at[i]);
    for (unsigned i = 0; i < columns_value_count && good; i++)
        good = visit(cols, &cols->values[i]);
    return good;
}

static bool drop_lane(struct columns *cols, struct lane *lane)
{
    lane_drop_index(lane, cols->mem);
    return true;
}

void columns_finish(struct columns *cols)
{
    for_lanes(cols, drop_lane);
    sites_finish(&cols->sites);
    lane_pool_finish(&cols->pool);
    population_finish(&cols->population);
    vec_finish(&cols->places, cols->mem);
    vec_finish(&cols->goroutines, cols->mem);
    vec_finish(&cols->nests, cols->mem);
    vec_finish(&cols->procs, cols->mem);
    vec_finish(&cols->threads, cols->mem);
    vec_finish(&cols->nested, cols->mem);
    vec_finish(&cols->points, cols->mem);
    vec_finish(&cols->regions, cols->mem);
    vec_finish(&cols->tasks, cols->mem);
    vec_finish(&cols->task_lanes, cols->mem);
    vec_finish(&cols->free_task_lanes, cols->mem);
    vec_finish(&cols->logs, cols->mem);
    map_finish(&cols->place_of_key);
    map_finish(&cols->task_of_id);
    finish_index(&cols->goroutine_of_id, cols->mem);
    finish_index(&cols->proc_of_id, cols->mem);
    finish_index(&cols->thread_of_id, cols->mem);
}

static bool push_end(struct columns *cols, struct lane *lane, int64_t begin, uint32_t what)
{
    return lane_push_span(lane, &cols->pool, begin, cols->end, what);
}

static bool end_procs(struct columns *cols)
{
    bool good = true;
    for (size_t i = 0; i < cols->procs.n && good; i++) {
        struct columns_proc *proc = &cols->procs.at[i];
        if (proc->idle_begin >= 0)
            good = push_end(cols, &proc->runs, proc->idle_begin, LANE_WHAT(columns_idle, 0));
        if (proc->run.goroutine != COLUMNS_NONE)
            good =
                good && push_end(cols, &proc->runs, proc->run.begin, LANE_WHAT(columns_running, proc->run.goroutine));
        if (proc->call != COLUMNS_NONE)
            good = good && push_end(cols, &proc->syscalls, proc->call_begin, LANE_WHAT(columns_syscall, proc->call));
    }
    return good;
}

static bool end_threads(struct columns *cols)
{
    bool good = true;
    for (size_t i = 0; i < cols->threads.n && good; i++) {
        struct columns_thread *thread = &cols->threads.at[i];
        if (thread->run.goroutine != COLUMNS_NONE)
            good = push_end(cols, &thread->runs, thread->run.begin, LANE_WHAT(columns_running, thread->run.goroutine));
    }
    return good;
}

static bool end_others(struct columns *cols)
{
    bool good = true;
    for (size_t i = 0; i < cols->nested.n && good; i++) {
        struct columns_nested *nested = &cols->nested.at[i];
        if (nested->open)
            good = push_end(cols, &nested->lane, nested->begin, nested->what);
    }
    for (size_t i = 0; i < cols->tasks.n && good; i++) {
        struct columns_task *task = &cols->tasks.at[i];
        if (task->has_begin && !task->has_end)
            good = i <= LANE_REST_MAX && push_end(cols, &cols->task_lanes.at[task->lane], task->begin, (uint32_t)i);
    }
    if (cols->gc_begin >= 0)
        good = good && push_end(cols, &cols->gc, cols->gc_begin, cols->gc_site);
    if (cols->stw_begin >= 0)
        good = good && push_end(cols, &cols->stw, cols->stw_begin, cols->stw_site);
    return good;
}

static bool index_lane(struct columns *cols, struct lane *lane)
{
    lane_close(lane, &cols->pool, cols->end);
    bool good = lane_index(lane, cols->mem);
    cols->levels += lane_index_size(lane);
    return good;
}

bool columns_end(struct columns *cols)
{
    cols->end = cols->now;
    return end_procs(cols) && end_threads(cols) && end_others(cols) && for_lanes(cols, index_lane) &&
           population_index(&cols->population);
}

/* One reading of a trace. */
struct reading {
    struct columns columns;
    uint64_t marked; /* events up to and with the last mark */
    uint64_t valid;
    struct trace_fault fault;
};

/* Takes the first `most` events in; false on exhaustion. */
static bool read_events(struct trace_reader *reader, struct reading *reading, uint64_t most, columns_passed *passed,
                        void *context)
{
    const struct trace_event *event;
    struct columns *cols = &reading->columns;
    while (cols->events < most && (event = trace_reader_next(reader))) {
        if (!columns_add(cols, event))
            return false;
        if (event->type != ev_mark)
            continue;
        reading->marked = cols->events;
        if (passed)
            passed(context, trace_reader_valid(reader));
    }
    return columns_end(cols);
}

/* Reads a trace, or its first `most` events. False where nothing of it is good, or on exhaustion; the fault is set
 * then, and nothing is owned. */
static bool read_once(struct str bytes, struct mem *mem, uint64_t most, columns_passed *passed, void *context,
                      struct reading *reading)
{
    *reading = (struct reading){0};
    struct trace_reader *reader = trace_reader_create(bytes, mem, &reading->fault);
    if (!reader)
        return false;
    bool made = columns_init(&reading->columns, mem);
    bool good = made && read_events(reader, reading, most, passed, context);
    reading->fault = *trace_reader_fault(reader);
    reading->valid = trace_reader_valid(reader);
    trace_reader_destroy(reader);
    if (!good)
        trace_fault_at(&reading->fault, reading->valid, "out of memory for columns");
    good = good && reading->marked > 0;
    if (made && !good)
        columns_finish(&reading->columns);
    return good;
}

bool columns_read(struct str bytes, struct mem *mem, columns_passed *passed, void *context, struct columns *columns,
                  uint64_t *valid, struct trace_fault *fault)
{
    struct reading first, again;
    if (!read_once(bytes, mem, UINT64_MAX, passed, context, &first)) {
        *fault = first.fault;
        return false;
    }
    /* What comes behind the last mark of a broken trace is not whole. */
    if (first.fault.set && first.marked < first.columns.events) {
        columns_finish(&first.columns);
        if (!read_once(bytes, mem, first.marked, passed, context, &again)) {
            *fault = again.fault;
            return false;
        }
        first.columns = again.columns;
    }
    *fault = first.fault;
    *valid = first.valid;
    *columns = first.columns;
    return true;
}

struct columns_size columns_size(const struct columns *cols)
{
    struct columns_size size = {
        .columns = cols->pool.bytes - (uint64_t)(cols->pool.end - cols->pool.next),
        .levels = cols->levels,
        .population = cols->population.bytes.n +
                      (cols->population.blocks.n + cols->population.nodes.n) * sizeof(struct population_block),
        .rows = cols->goroutines.n * (sizeof *cols->goroutines.at + sizeof *cols->nests.at) +
                cols->goroutine_of_id.room * sizeof(uint32_t) + cols->procs.n * sizeof *cols->procs.at +
                cols->threads.n * sizeof *cols->threads.at + cols->nested.n * sizeof *cols->nested.at +
                cols->points.n * sizeof *cols->points.at + cols->regions.n * sizeof *cols->regions.at +
                cols->tasks.n * sizeof *cols->tasks.at + cols->logs.n * sizeof *cols->logs.at +
                cols->task_lanes.n * sizeof *cols->task_lanes.at,
        .sites = sites_size(&cols->sites) + cols->places.n * sizeof *cols->places.at,
    };
    size.total = size.columns + size.levels + size.population + size.rows + size.sites;
    return size;
}
