/* What each event adds to the columns. The rules for what begins with the trace, and which row something belongs to,
 * are those of the pages of `go tool trace`; what runs on a processor ends, other than there, when its goroutine does.
 */
#include "trace/columns.h"

/* One event on its way in. */
struct adding {
    struct columns *cols;
    const struct entry *e;
    int64_t now;
};

enum { dense_at_least = 1 << 10 };

/* Makes the dense part reach to an id; false on exhaustion. What the sparse part has of it is found there no more, so
 * it moves. */
static bool grow_dense(struct columns_index *index, struct mem *mem, uint64_t id)
{
    uint32_t room = index->room ? index->room * 2 : dense_at_least;
    while (room <= id)
        room *= 2;
    uint32_t *grown = mem->resize(mem, index->dense, index->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    for (uint32_t i = index->room; i < room; i++) {
        const uint32_t *row = index->sparse.n > 0 ? map_find(&index->sparse, i) : NULL;
        grown[i] = row ? *row + 1 : 0;
    }
    index->dense = grown;
    index->room = room;
    return true;
}

/* Makes an id mean a row from now on. The dense part stays within a few times the number of rows. */
static bool index_set(struct columns_index *index, struct mem *mem, int64_t id, uint32_t row)
{
    uint64_t number = (uint64_t)id;
    bool is_dense = number < index->room || number < dense_at_least || number < (uint64_t)row * 4;
    if (is_dense && number < UINT32_MAX / 4) {
        if (number >= index->room && !grow_dense(index, mem, number))
            return false;
        index->dense[number] = row + 1;
        return true;
    }
    uint32_t *value = map_add(&index->sparse, number, row);
    if (value)
        *value = row;
    return value != NULL;
}

/* Both rows are COLUMNS_NONE for the ids that mean none. False on exhaustion. */
static bool thread_row(struct columns *cols, int64_t id, uint32_t *row)
{
    *row = id == TRACE_NO_THREAD ? COLUMNS_NONE : columns_find(&cols->thread_of_id, id);
    if (id == TRACE_NO_THREAD || *row != COLUMNS_NONE)
        return true;
    struct columns_thread thread = {
        .id = id, .runs = lane_of(lane_spans), .points = lane_of(lane_points), .run = {COLUMNS_NONE, 0}};
    *row = (uint32_t)cols->threads.n;
    return vec_push(&cols->threads, cols->mem, thread) && index_set(&cols->thread_of_id, cols->mem, id, *row);
}

static bool proc_row(struct columns *cols, int64_t id, uint32_t *row)
{
    *row = id == TRACE_NO_PROC ? COLUMNS_NONE : columns_find(&cols->proc_of_id, id);
    if (id == TRACE_NO_PROC || *row != COLUMNS_NONE)
        return true;
    struct columns_proc proc = {.id = id,
                                .runs = lane_of(lane_spans),
                                .syscalls = lane_of(lane_spans),
                                .points = lane_of(lane_points),
                                .ranges = COLUMNS_NONE,
                                .run = {COLUMNS_NONE, 0},
                                .call = COLUMNS_NONE,
                                .idle_begin = -1};
    *row = (uint32_t)cols->procs.n;
    return vec_push(&cols->procs, cols->mem, proc) && index_set(&cols->proc_of_id, cols->mem, id, *row);
}

/* A goroutine that no event was about before, or whose id was that of another. */
static bool new_goroutine(struct columns *cols, int64_t id, uint32_t *row)
{
    struct columns_goroutine goroutine = {
        .id = id, .states = lane_of(lane_states), .points = COLUMNS_NONE, .proc = COLUMNS_NONE, .thread = COLUMNS_NONE};
    struct columns_nest nest = {columns_find(&cols->goroutine_of_id, id), COLUMNS_NONE, COLUMNS_NONE, COLUMNS_NONE,
                                COLUMNS_NONE};
    *row = (uint32_t)cols->goroutines.n;
    return cols->goroutines.n < LANE_REST_MAX && vec_push(&cols->nests, cols->mem, nest) &&
           vec_push(&cols->goroutines, cols->mem, goroutine) && index_set(&cols->goroutine_of_id, cols->mem, id, *row);
}

/* The number of a place that was not found among the last ones; SITE_NONE on exhaustion. */
static __attribute__((noinline)) uint32_t find_place(struct columns *cols, int64_t m, int64_t p)
{
    struct columns_place place;
    if (!thread_row(cols, m, &place.thread) || !proc_row(cols, p, &place.proc))
        return SITE_NONE;
    uint32_t fresh = (uint32_t)cols->places.n;
    uint32_t *index = map_add(&cols->place_of_key, (uint64_t)place.thread << 32 | place.proc, fresh);
    if (!index || (*index == fresh && (fresh > LANE_REST_MAX || !vec_push(&cols->places, cols->mem, place))))
        return SITE_NONE;
    return *index;
}

/* The number of a place; SITE_NONE on exhaustion. A thread mostly stays with its processor. */
static inline uint32_t place_of(struct columns *cols, int64_t m, int64_t p)
{
    struct columns_recent_place *recent = &cols->recent_places[(uint64_t)m % columns_recent_places];
    if (recent->number != 0 && recent->m == m && recent->p == p)
        return recent->number - 1;
    uint32_t place = find_place(cols, m, p);
    if (place != SITE_NONE)
        *recent = (struct columns_recent_place){m, p, place + 1};
    return place;
}

/* Ends the system call that is open on a processor. */
static bool end_call(struct columns *cols, struct columns_proc *proc, int64_t now)
{
    uint32_t site = proc->call;
    proc->call = COLUMNS_NONE;
    return site == COLUMNS_NONE ||
           lane_push_span(&proc->syscalls, &cols->pool, proc->call_begin, now, LANE_WHAT(columns_syscall, site));
}

static bool end_run(struct columns *cols, struct lane *runs, struct columns_open *run, int64_t now)
{
    uint32_t goroutine = run->goroutine;
    run->goroutine = COLUMNS_NONE;
    return goroutine == COLUMNS_NONE ||
           lane_push_span(runs, &cols->pool, run->begin, now, LANE_WHAT(columns_running, goroutine));
}

static bool end_proc_run(struct columns *cols, uint32_t row, int64_t now)
{
    if (row == COLUMNS_NONE)
        return true;
    struct columns_proc *proc = &cols->procs.at[row];
    if (cols->goroutines.at && proc->run.goroutine != COLUMNS_NONE)
        cols->goroutines.at[proc->run.goroutine].proc = COLUMNS_NONE;
    return end_call(cols, proc, now) && end_run(cols, &proc->runs, &proc->run, now);
}

/* Takes a processor from what runs there: that is in a system call, which blocks from here on. */
static bool take_proc(struct columns *cols, uint32_t row, int64_t now)
{
    uint32_t goroutine = cols->procs.at[row].run.goroutine;
    struct columns_goroutine *g = goroutine == COLUMNS_NONE ? NULL : &cols->goroutines.at[goroutine];
    if (g && g->state == go_syscall &&
        !lane_push(&g->states, &cols->pool, now, LANE_WHAT(columns_detached, lane_rest(lane_last(&g->states)))))
        return false;
    return end_proc_run(cols, row, now);
}

static bool end_thread_run(struct columns *cols, uint32_t row, int64_t now)
{
    if (row == COLUMNS_NONE)
        return true;
    struct columns_thread *thread = &cols->threads.at[row];
    if (cols->goroutines.at && thread->run.goroutine != COLUMNS_NONE)
        cols->goroutines.at[thread->run.goroutine].thread = COLUMNS_NONE;
    return end_run(cols, &thread->runs, &thread->run, now);
}

static bool begin_proc_run(struct columns *cols, uint32_t row, uint32_t goroutine, int64_t begin)
{
    if (row == COLUMNS_NONE)
        return true;
    /* Traces of Go 1.21 and before do not say that it was lost. */
    if (!take_proc(cols, row, begin))
        return false;
    cols->procs.at[row].run = (struct columns_open){goroutine, begin};
    cols->goroutines.at[goroutine].proc = row;
    return true;
}

static bool begin_thread_run(struct columns *cols, uint32_t row, uint32_t goroutine, int64_t begin)
{
    if (row == COLUMNS_NONE)
        return true;
    if (!end_thread_run(cols, row, begin))
        return false;
    cols->threads.at[row].run = (struct columns_open){goroutine, begin};
    cols->goroutines.at[goroutine].thread = row;
    return true;
}

static bool executes(unsigned state)
{
    return state == go_running || state == go_syscall;
}

static enum population_state population_of(unsigned state, bool in_assist)
{
    static const uint8_t states[] = {
        [go_undetermined] = population_none, [go_not_exist] = population_none,  [go_runnable] = population_runnable,
        [go_running] = population_running,   [go_waiting] = population_waiting, [go_syscall] = population_syscall,
    };
    return state == go_waiting && in_assist ? population_waiting_gc : (enum population_state)states[state];
}

/* Enters the new state in the goroutine's lane. */
static bool push_state(struct adding *a, struct columns_goroutine *g, int64_t begin, uint32_t place)
{
    struct lane_pool *pool = &a->cols->pool;
    const struct entry *e = a->e;
    bool is_made = e->from == go_not_exist || e->from == go_waiting;
    if (is_made && (e->to == go_runnable || e->to == go_waiting) &&
        !lane_push(&g->states, pool, begin, LANE_WHAT(columns_made_runnable, place)))
        return false;
    switch (e->to) {
    case go_runnable:
        return lane_push(&g->states, pool, begin, LANE_WHAT(columns_runnable, e->where));
    case go_running:
        return lane_push(&g->states, pool, begin, LANE_WHAT(columns_running, place));
    case go_waiting:
        return lane_push(&g->states, pool, begin, LANE_WHAT(columns_waiting, e->where));
    case go_syscall:
        return lane_push(&g->states, pool, begin,
                         LANE_WHAT(e->p == TRACE_NO_PROC ? columns_detached : columns_syscall, e->where));
    default:
        lane_close(&g->states, pool, begin);
        g->ended = true;
        return true;
    }
}

/* What processors and threads run after a change. */
static bool change_runs(struct adding *a, uint32_t row, int64_t begin, struct columns_place place)
{
    struct columns *cols = a->cols;
    const struct entry *e = a->e;
    struct columns_goroutine *g = &cols->goroutines.at[row];
    if (e->from == go_syscall && g->proc != COLUMNS_NONE && !end_call(cols, &cols->procs.at[g->proc], a->now))
        return false;
    if (!executes(e->to))
        return end_proc_run(cols, g->proc, a->now) && end_thread_run(cols, g->thread, a->now);
    if (g->thread == COLUMNS_NONE && !begin_thread_run(cols, place.thread, row, begin))
        return false;
    if (g->proc == COLUMNS_NONE && !begin_proc_run(cols, place.proc, row, begin))
        return false;
    if (e->to == go_syscall && g->proc != COLUMNS_NONE) {
        cols->procs.at[g->proc].call = e->where;
        cols->procs.at[g->proc].call_begin = begin;
    }
    return true;
}

/* Ends what a goroutine has open. */
static bool end_nested(struct columns *cols, uint32_t first, int64_t now)
{
    bool good = true;
    for (uint32_t i = first; i != COLUMNS_NONE && good; i = cols->nested.at[i].next) {
        struct columns_nested *nested = &cols->nested.at[i];
        if (nested->open)
            good = lane_push_span(&nested->lane, &cols->pool, nested->begin, now, nested->what);
        nested->open = false;
    }
    return good;
}

static bool end_goroutine(struct columns *cols, struct columns_nest *g, int64_t now)
{
    for (uint32_t i = g->open_region; i != COLUMNS_NONE; i = cols->nested.at[i].outer)
        cols->regions.at[cols->nested.at[i].what].has_end = true;
    g->open_region = COLUMNS_NONE;
    return end_nested(cols, g->regions, now) && end_nested(cols, g->ranges, now);
}

static bool change_goroutine(struct adding *a)
{
    struct columns *cols = a->cols;
    const struct entry *e = a->e;
    uint32_t row = columns_find(&cols->goroutine_of_id, e->id);
    if ((row == COLUMNS_NONE || e->from == go_not_exist || e->from == go_undetermined) &&
        !new_goroutine(cols, e->id, &row))
        return false;
    struct columns_goroutine *g = &cols->goroutines.at[row];
    if (g->name == 0) /* by the first stack that is said of it */
        g->name = e->name;
    if (e->from == e->to)
        return true;
    int64_t begin = e->from == go_undetermined ? 0 : a->now;
    uint32_t place = place_of(cols, e->m, e->p);
    if (place == SITE_NONE)
        return false;
    g->state = e->to;
    return change_runs(a, row, begin, cols->places.at[place]) && push_state(a, g, begin, place) &&
           population_change(&cols->population, a->now, population_of(e->from, g->in_assist),
                             population_of(e->to, g->in_assist)) &&
           (e->to != go_not_exist || end_goroutine(cols, &cols->nests.at[row], a->now));
}

/* Counts the processors that threads run. */
static bool count_procs(struct adding *a, int64_t change, int64_t time)
{
    struct columns *cols = a->cols;
    cols->running_procs += change;
    return lane_push_value(&cols->values[columns_threads], &cols->pool, time, (uint64_t)cols->running_procs);
}

static bool change_proc(struct adding *a)
{
    struct columns *cols = a->cols;
    const struct entry *e = a->e;
    uint32_t row, thread;
    if (!proc_row(cols, e->id, &row) || !thread_row(cols, e->m, &thread))
        return false;
    if (e->from == e->to)
        return true;
    int64_t begin = e->from == proc_undetermined ? 0 : a->now;
    if (e->from == proc_running && (!take_proc(cols, row, a->now) || !count_procs(a, -1, a->now)))
        return false;
    struct columns_proc *proc = &cols->procs.at[row];
    if (e->to == proc_idle && proc->idle_begin < 0)
        proc->idle_begin = begin;
    if (e->to != proc_running)
        return true;
    int64_t idle = proc->idle_begin;
    proc->idle_begin = -1;
    return (idle < 0 || lane_push_span(&proc->runs, &cols->pool, idle, begin, LANE_WHAT(columns_idle, 0))) &&
           count_procs(a, 1, begin);
}

/* Adds a nested lane to a row's list, in front. */
static uint32_t new_nested(struct columns *cols, uint32_t next)
{
    struct columns_nested nested = {.lane = lane_of(lane_spans), .next = next, .outer = COLUMNS_NONE};
    return cols->nested.n < COLUMNS_NONE && vec_push(&cols->nested, cols->mem, nested) ? (uint32_t)cols->nested.n - 1
                                                                                       : COLUMNS_NONE;
}

static void open_nested(struct columns_nested *nested, uint32_t what, uint32_t name, int64_t begin)
{
    nested->what = what;
    nested->name = name;
    nested->begin = begin;
    nested->open = true;
}

/* The open range of a kind, of stops of the world of a reason, too; COLUMNS_NONE for none. */
static uint32_t find_range(const struct columns *cols, uint32_t first, enum columns_range kind, uint32_t name)
{
    for (uint32_t i = first; i != COLUMNS_NONE; i = cols->nested.at[i].next) {
        const struct columns_nested *nested = &cols->nested.at[i];
        if (nested->open && lane_state(nested->what) == kind && (kind != columns_stw || nested->name == name))
            return i;
    }
    return COLUMNS_NONE;
}

/* Opens a range on a row whose list of ranges is given. Returns the list's new first lane; false on exhaustion. */
static bool begin_range(struct columns *cols, uint32_t *list, uint32_t what, uint32_t name, int64_t begin)
{
    uint32_t i = *list;
    while (i != COLUMNS_NONE && cols->nested.at[i].open)
        i = cols->nested.at[i].next;
    if (i == COLUMNS_NONE) {
        i = new_nested(cols, *list);
        if (i == COLUMNS_NONE)
            return false;
        *list = i;
    }
    open_nested(&cols->nested.at[i], what, name, begin);
    return true;
}

static bool end_range(struct columns *cols, uint32_t i, int64_t now)
{
    if (i == COLUMNS_NONE)
        return true;
    struct columns_nested *nested = &cols->nested.at[i];
    nested->open = false;
    return lane_push_span(&nested->lane, &cols->pool, nested->begin, now, nested->what);
}

/* What began before the trace is told of in its first generation; later such tellings say nothing new. */
static int64_t active_begin(const struct adding *a)
{
    return a->cols->marks < 2 ? 0 : a->now;
}

/* What a range of the event is. */
static uint32_t range_of(const struct adding *a, enum columns_range kind)
{
    return LANE_WHAT(kind, a->e->where);
}

/* A range of a row: its list of ranges stands at `list`, which is NULL where the row is not known. */
static bool change_range(struct adding *a, uint32_t *list, enum columns_range kind, bool begins, bool active)
{
    if (!list)
        return true;
    uint32_t found = find_range(a->cols, *list, kind, a->e->name);
    if (!begins)
        return end_range(a->cols, found, a->now);
    return found != COLUMNS_NONE ||
           begin_range(a->cols, list, range_of(a, kind), a->e->name, active ? active_begin(a) : a->now);
}

static struct columns_goroutine *goroutine_of(struct columns *cols, int64_t id)
{
    uint32_t row = columns_find(&cols->goroutine_of_id, id);
    return row == COLUMNS_NONE ? NULL : &cols->goroutines.at[row];
}

static struct columns_nest *nest_of(struct columns *cols, int64_t id)
{
    uint32_t row = columns_find(&cols->goroutine_of_id, id);
    return row == COLUMNS_NONE ? NULL : &cols->nests.at[row];
}

static bool change_assist(struct adding *a)
{
    bool active = a->e->type == ev_gc_mark_assist_active, begins = a->e->type != ev_gc_mark_assist_end;
    struct columns_goroutine *g = goroutine_of(a->cols, a->e->id);
    if (g)
        g->in_assist = begins;
    return change_range(a, g ? &nest_of(a->cols, a->e->id)->ranges : NULL, columns_assist, begins, active);
}

static bool change_sweep(struct adding *a)
{
    bool active = a->e->type == ev_gc_sweep_active;
    uint32_t row = columns_find(&a->cols->proc_of_id, a->e->id);
    return change_range(a, row == COLUMNS_NONE ? NULL : &a->cols->procs.at[row].ranges, columns_sweep,
                        a->e->type != ev_gc_sweep_end, active);
}

/* A range of the whole program begins or ends. */
static bool change_global(struct adding *a, struct lane *lane, enum columns_range kind, int64_t *begin, uint32_t *what,
                          bool begins)
{
    int64_t since = *begin;
    if (!begins) {
        *begin = -1;
        return since < 0 || lane_push_span(lane, &a->cols->pool, since, a->now, *what);
    }
    if (a->e->type == ev_gc_active && (since >= 0 || a->cols->marks >= 2))
        return true;
    *begin = a->e->type == ev_gc_active ? 0 : a->now;
    *what = range_of(a, kind);
    return true;
}

static bool change_stw(struct adding *a)
{
    struct columns *cols = a->cols;
    bool begins = a->e->type == ev_stw_begin;
    struct columns_nest *g = nest_of(cols, a->e->g);
    return change_global(a, &cols->stw, columns_stw, &cols->stw_begin, &cols->stw_site, begins) &&
           change_range(a, g ? &g->ranges : NULL, columns_stw, begins, false);
}

/* A region of an event; false on exhaustion. */
static bool new_region(struct adding *a, bool begins, uint32_t *region)
{
    struct columns *cols = a->cols;
    struct columns_region made = {.task = (uint64_t)a->e->id,
                                  .name = a->e->name,
                                  .begin_stack = begins ? a->e->where : 0,
                                  .end_stack = begins ? 0 : a->e->where,
                                  .has_begin = begins,
                                  .has_end = !begins};
    *region = (uint32_t)cols->regions.n;
    return cols->regions.n <= LANE_REST_MAX && vec_push(&cols->regions, cols->mem, made);
}

static bool begin_region(struct adding *a)
{
    struct columns *cols = a->cols;
    struct columns_nest *g = nest_of(cols, a->e->g);
    uint32_t region;
    if (!g)
        return true;
    if (!new_region(a, true, &region))
        return false;
    uint32_t outer = g->open_region;
    uint32_t i = outer == COLUMNS_NONE ? g->regions : cols->nested.at[outer].next;
    if (i == COLUMNS_NONE) {
        i = new_nested(cols, COLUMNS_NONE);
        if (i == COLUMNS_NONE)
            return false;
        *(outer == COLUMNS_NONE ? &g->regions : &cols->nested.at[outer].next) = i;
    }
    open_nested(&cols->nested.at[i], region, 0, a->now);
    cols->nested.at[i].outer = outer;
    g->open_region = i;
    return true;
}

/* A region that began before the trace has a lane of its own: it lies around all that ended before. */
static bool end_old_region(struct adding *a, struct columns_nest *g)
{
    uint32_t region;
    if (!new_region(a, false, &region))
        return false;
    uint32_t i = new_nested(a->cols, g->old_regions);
    if (i == COLUMNS_NONE)
        return false;
    g->old_regions = i;
    return lane_push_span(&a->cols->nested.at[i].lane, &a->cols->pool, 0, a->now, region);
}

static bool end_region(struct adding *a)
{
    struct columns *cols = a->cols;
    struct columns_nest *g = nest_of(cols, a->e->g);
    if (!g)
        return true;
    if (g->open_region == COLUMNS_NONE)
        return end_old_region(a, g);
    struct columns_nested *nested = &cols->nested.at[g->open_region];
    struct columns_region *region = &cols->regions.at[nested->what];
    region->end_stack = a->e->where;
    region->has_end = true;
    uint32_t i = g->open_region;
    g->open_region = nested->outer;
    return end_range(cols, i, a->now);
}

/* The task of an id: the last one that began with it. NULL on exhaustion. */
static struct columns_task *task_of(struct columns *cols, uint64_t id, bool begins)
{
    uint32_t fresh = (uint32_t)cols->tasks.n, *index = map_add(&cols->task_of_id, id, fresh);
    if (!index || cols->tasks.n == UINT32_MAX)
        return NULL;
    if (*index != fresh && begins && cols->tasks.at[*index].has_begin)
        *index = fresh;
    struct columns_task task = {.id = id,
                                .parent = TRACE_NO_TASK,
                                .begin_goroutine = COLUMNS_NONE,
                                .end_goroutine = COLUMNS_NONE,
                                .lane = COLUMNS_NONE};
    if (*index == fresh && !vec_push(&cols->tasks, cols->mem, task))
        return NULL;
    return &cols->tasks.at[*index];
}

/* A lane of tasks in which none is open, for a task from its begin on. */
static bool take_task_lane(struct columns *cols, struct columns_task *task)
{
    if (task->has_begin && cols->free_task_lanes.n > 0) {
        task->lane = cols->free_task_lanes.at[--cols->free_task_lanes.n];
        return true;
    }
    task->lane = (uint32_t)cols->task_lanes.n;
    return cols->task_lanes.n < UINT32_MAX && vec_push(&cols->task_lanes, cols->mem, lane_of(lane_spans));
}

static bool begin_task(struct adding *a)
{
    struct columns *cols = a->cols;
    if (a->e->other != TRACE_NO_TASK && !task_of(cols, a->e->other, false))
        return false;
    struct columns_task *task = task_of(cols, (uint64_t)a->e->id, true);
    if (!task)
        return false;
    task->parent = a->e->other;
    task->name = a->e->name;
    task->begin_stack = a->e->where;
    task->begin_goroutine = columns_find(&cols->goroutine_of_id, a->e->g);
    task->begin = a->now;
    task->has_begin = true;
    return take_task_lane(cols, task);
}

/* A task may be ended again; that counts, but what its lane shows is over. */
static bool end_task(struct adding *a)
{
    struct columns *cols = a->cols;
    struct columns_task *task = task_of(cols, (uint64_t)a->e->id, false);
    if (!task || cols->tasks.n > LANE_REST_MAX)
        return false;
    bool again = task->has_end;
    task->name = a->e->name;
    task->end_stack = a->e->where;
    task->end_goroutine = columns_find(&cols->goroutine_of_id, a->e->g);
    task->end = a->now;
    task->has_end = true;
    if (again || (task->lane == COLUMNS_NONE && !take_task_lane(cols, task)))
        return again;
    return lane_push_span(&cols->task_lanes.at[task->lane], &cols->pool, task->begin, a->now,
                          (uint32_t)(task - cols->tasks.at)) &&
           vec_push(&cols->free_task_lanes, cols->mem, task->lane);
}

/* Enters a point in the rows of all that an event happened on. */
static bool push_point(struct adding *a, uint32_t what)
{
    struct columns *cols = a->cols;
    uint32_t thread, proc = columns_find(&cols->proc_of_id, a->e->p),
                     goroutine = columns_find(&cols->goroutine_of_id, a->e->g);
    if (!thread_row(cols, a->e->m, &thread))
        return false;
    if (thread != COLUMNS_NONE && !lane_push(&cols->threads.at[thread].points, &cols->pool, a->now, what))
        return false;
    if (proc != COLUMNS_NONE && !lane_push(&cols->procs.at[proc].points, &cols->pool, a->now, what))
        return false;
    if (goroutine == COLUMNS_NONE)
        return true;
    uint32_t *points = &cols->goroutines.at[goroutine].points;
    if (*points == COLUMNS_NONE) {
        if (!vec_push(&cols->points, cols->mem, lane_of(lane_points)))
            return false;
        *points = (uint32_t)cols->points.n - 1;
    }
    return lane_push(&cols->points.at[*points], &cols->pool, a->now, what);
}

static bool add_sample(struct adding *a)
{
    return a->e->where <= LANE_REST_MAX && push_point(a, LANE_WHAT(columns_sample, a->e->where));
}

static bool add_log(struct adding *a)
{
    struct columns *cols = a->cols;
    struct columns_log log = {.task = (uint64_t)a->e->id,
                              .category = (uint32_t)a->e->other,
                              .message = a->e->name,
                              .stack = a->e->where,
                              .goroutine = columns_find(&cols->goroutine_of_id, a->e->g)};
    if (cols->logs.n > LANE_REST_MAX || !task_of(cols, log.task, false) || !vec_push(&cols->logs, cols->mem, log))
        return false;
    return push_point(a, LANE_WHAT(columns_log, (uint32_t)cols->logs.n - 1));
}

static bool add_value(struct adding *a, enum columns_value which, uint64_t *last, uint64_t value)
{
    struct lane *lane = &a->cols->values[which];
    if (lane->newest && *last == value)
        return true;
    *last = value;
    return lane_push_value(lane, &a->cols->pool, a->now, value);
}

static bool set_label(struct adding *a)
{
    struct columns_goroutine *g = goroutine_of(a->cols, a->e->g);
    if (g)
        g->label = a->e->name;
    return true;
}

/* A goal that is out of all proportion stands for none: Go's runtime writes such ones. */
static uint64_t goal_of(uint64_t value)
{
    return value > UINT64_C(1) << 50 ? 0 : value;
}

static bool add_other(struct adding *a)
{
    struct columns *cols = a->cols;
    switch (a->e->type) {
    case ev_cpu_sample:
        return add_sample(a);
    case ev_heap_alloc:
        return add_value(a, columns_heap, &cols->heap, (uint64_t)a->e->id);
    case ev_heap_goal:
        return add_value(a, columns_goal, &cols->goal, goal_of((uint64_t)a->e->id));
    case ev_procs_change:
        return lane_push_value(&cols->values[columns_gomaxprocs], &cols->pool, a->now, (uint64_t)a->e->id);
    case ev_stw_begin:
    case ev_stw_end:
        return change_stw(a);
    case ev_gc_active:
    case ev_gc_begin:
    case ev_gc_end:
        return change_global(a, &cols->gc, columns_gc, &cols->gc_begin, &cols->gc_site, a->e->type != ev_gc_end);
    case ev_gc_sweep_active:
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
        return change_sweep(a);
    case ev_gc_mark_assist_active:
    case ev_gc_mark_assist_begin:
    case ev_gc_mark_assist_end:
        return change_assist(a);
    case ev_user_region_begin:
        return begin_region(a);
    case ev_user_region_end:
        return end_region(a);
    case ev_user_task_begin:
        return begin_task(a);
    case ev_user_task_end:
        return end_task(a);
    case ev_user_log:
        return add_log(a);
    case ev_go_label:
        return set_label(a);
    default:
        return true;
    }
}

/* The time of an event in the columns' own. */
static int64_t time_of(struct columns *cols, int64_t time)
{
    if (!cols->began)
        cols->start = time;
    cols->began = true;
    uint64_t since = time < cols->start ? 0 : (uint64_t)time - (uint64_t)cols->start;
    if (since > COLUMNS_LIMIT)
        since = COLUMNS_LIMIT;
    if ((int64_t)since > cols->now)
        cols->now = (int64_t)since;
    return cols->now;
}

bool columns_enter(struct columns *cols, const struct entry *entry)
{
    struct adding a = {cols, entry, time_of(cols, entry->time)};
    cols->events++;
    if (entry->type == ev_mark) {
        cols->marks++;
        return true;
    }
    if (entry->change == entry_of_none)
        return add_other(&a);
    return entry->change == entry_of_goroutine ? change_goroutine(&a) : change_proc(&a);
}

bool columns_add(struct columns *cols, const struct trace_event *event)
{
    struct entry entry;
    return entry_make(&cols->sites, event, &entry) && columns_enter(cols, &entry);
}

/* How many entries ahead of the one that is entered each step is taken: the row of its goroutine is looked up in one
 * place, is itself in another, and says where its next item goes to, so each is the next one's address. */
enum { expect_entry = 36, expect_row = 24, expect_goroutine = 16, expect_item = 8 };

static inline bool is_near(const struct entry *entries, size_t n, size_t i, const struct columns *cols)
{
    return i < n && entries[i].change == entry_of_goroutine && (uint64_t)entries[i].id < cols->goroutine_of_id.room;
}

/* Has the memory fetched that entries behind number i will need. */
static inline void expect(const struct columns *cols, const struct entry *entries, size_t n, size_t i)
{
    const uint32_t *rows = cols->goroutine_of_id.dense;
    __builtin_prefetch(&entries[i + expect_entry]);
    if (is_near(entries, n, i + expect_row, cols))
        __builtin_prefetch(&rows[entries[i + expect_row].id]);
    if (is_near(entries, n, i + expect_goroutine, cols) && rows[entries[i + expect_goroutine].id] != 0)
        __builtin_prefetch(&cols->goroutines.at[rows[entries[i + expect_goroutine].id] - 1], 1);
    if (is_near(entries, n, i + expect_item, cols) && rows[entries[i + expect_item].id] != 0)
        lane_expect(&cols->goroutines.at[rows[entries[i + expect_item].id] - 1].states);
}

bool columns_enter_all(struct columns *cols, const struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        expect(cols, entries, n, i);
        if (!columns_enter(cols, &entries[i]))
            return false;
    }
    return true;
}
