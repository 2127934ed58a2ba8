/* Columns as a whole: made, ended, measured. What events add is in columns_add.c, reading a trace in columns_read.c. */
#include "trace/columns.h"

#include "base/parallel.h"

static void finish_index(struct columns_index *index, struct mem *mem)
{
    map_finish(&index->sparse);
    mem_put(mem, index->dense, index->room * sizeof *index->dense);
}

bool columns_init(struct columns *cols, struct mem *mem)
{
    *cols = (struct columns){.mem = mem, .width = 1, .gc_begin = -1, .stw_begin = -1};
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
static bool for_lanes(struct columns *cols, bool (*visit)(void *context, struct lane *lane), void *context)
{
    bool good = visit(context, &cols->gc) && visit(context, &cols->stw);
    for (size_t i = 0; i < cols->goroutines.n && good; i++)
        good = visit(context, &cols->goroutines.at[i].states);
    for (size_t i = 0; i < cols->procs.n && good; i++)
        good = visit(context, &cols->procs.at[i].runs) && visit(context, &cols->procs.at[i].syscalls) &&
               visit(context, &cols->procs.at[i].points);
    for (size_t i = 0; i < cols->threads.n && good; i++)
        good = visit(context, &cols->threads.at[i].runs) && visit(context, &cols->threads.at[i].points);
    for (size_t i = 0; i < cols->nested.n && good; i++)
        good = visit(context, &cols->nested.at[i].lane);
    for (size_t i = 0; i < cols->points.n && good; i++)
        good = visit(context, &cols->points.at[i]);
    for (size_t i = 0; i < cols->task_lanes.n && good; i++)
        good = visit(context, &cols->task_lanes.at[i]);
    for (unsigned i = 0; i < columns_value_count && good; i++)
        good = visit(context, &cols->values[i]);
    return good;
}

static bool drop_lane(void *context, struct lane *lane)
{
    struct columns *cols = context;
    lane_drop_index(lane, cols->mem);
    return true;
}

void columns_finish(struct columns *cols)
{
    for_lanes(cols, drop_lane, cols);
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

static bool close_lane(void *context, struct lane *lane)
{
    struct columns *cols = context;
    lane_close(lane, &cols->pool, cols->end);
    return true;
}

enum { lanes_at_a_time = 64 };

/* What one thread does of building the levels: lanes are dealt to all in turn. */
struct indexing {
    struct columns *columns;
    uint64_t seen, bytes; /* lanes; of levels */
    unsigned part;
    bool failed;
};

static bool index_lane(void *context, struct lane *lane)
{
    struct indexing *indexing = context;
    struct columns *cols = indexing->columns;
    if (indexing->seen++ / lanes_at_a_time % cols->width != indexing->part)
        return true;
    bool good = lane_index(lane, cols->mem);
    indexing->bytes += lane_index_size(lane);
    return good;
}

static void index_part(void *context, unsigned part)
{
    struct indexing *indexing = (struct indexing *)context + part;
    indexing->failed = !for_lanes(indexing->columns, index_lane, indexing);
}

/* Builds the levels of all lanes; false on exhaustion. */
static bool index_lanes(struct columns *cols)
{
    struct indexing indexing[parallel_most];
    bool good = true;
    for (unsigned i = 0; i < cols->width; i++)
        indexing[i] = (struct indexing){.columns = cols, .part = i};
    parallel_run(cols->width, index_part, indexing);
    for (unsigned i = 0; i < cols->width; i++) {
        cols->levels += indexing[i].bytes;
        good = good && !indexing[i].failed;
    }
    return good;
}

bool columns_end(struct columns *cols)
{
    cols->end = cols->now;
    return end_procs(cols) && end_threads(cols) && end_others(cols) && for_lanes(cols, close_lane, cols) &&
           index_lanes(cols) && population_index(&cols->population);
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
