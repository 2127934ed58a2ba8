/* The chain is found from its end: a goroutine's states are followed back in time; where it waited, the one that woke
 * it is followed instead as far as the wait reaches; where it was created, its creator. */
#include "trace/chain.h"

#include <inttypes.h>

void chain_finish(struct chain *c)
{
    for (size_t i = 0; i < c->goroutines.n; i++)
        vec_finish(&c->goroutines.at[i].intervals, c->mem);
    vec_finish(&c->goroutines, c->mem);
    vec_finish(&c->steps, c->mem);
    map_finish(&c->goroutine_of_id);
    places_finish(&c->places);
}

/* First pass: where tasks begin and end. */
struct search {
    struct chain *chain;
    VEC(struct chain_task) tasks;
    struct map task_of_id; /* the last task with a number */
};

static struct chain_task *task_of(struct search *s, uint64_t id, bool begins)
{
    uint32_t fresh = (uint32_t)s->tasks.n, *index = map_add(&s->task_of_id, id, fresh);
    struct chain_task task = {.id = id, .starter = TRACE_NO_GOROUTINE, .ender = TRACE_NO_GOROUTINE};
    if (index && *index != fresh && begins)
        *index = fresh; /* a number that is used again */
    if (!index || (*index == fresh && !vec_push(&s->tasks, s->chain->mem, task)))
        return NULL;
    return &s->tasks.at[*index];
}

static bool note_task(void *state, const struct trace_event *e)
{
    struct search *s = state;
    bool begins = e->type == ev_user_task_begin;
    if (!begins && e->type != ev_user_task_end)
        return true;
    struct chain_task *task = task_of(s, e->args[0], begins);
    if (!task)
        return false;
    if (begins) {
        task->has_start = true;
        task->start = e->time;
        task->starter = e->g;
        task->type = places_string(&s->chain->places, e->table, e->args[2]);
        return task->type != PLACES_NONE;
    }
    task->has_end = true; /* where there are several, the last counts, as for Go */
    task->end = e->time;
    task->ender = e->g;
    if (!task->has_start)
        task->type = places_name(&s->chain->places, e->table->extras.at[e->args[3]]);
    return task->type != PLACES_NONE;
}

static int64_t length_of(const struct chain_task *task, const struct trace_extent *x)
{
    return (task->has_end ? task->end : x->end) - (task->has_start ? task->start : x->begin);
}

/* The task that is asked for; NULL where there is none. */
static const struct chain_task *choose(const struct search *s, uint64_t id, struct str type,
                                       const struct trace_extent *x)
{
    const struct chain_task *best = NULL;
    for (size_t i = 0; i < s->tasks.n; i++) {
        const struct chain_task *task = &s->tasks.at[i];
        bool matches =
            type.n == 0 ? task->id == id : task->has_end && str_equal(s->chain->places.names.at[task->type], type);
        if (matches && (!best || (type.n > 0 && length_of(task, x) > length_of(best, x))))
            best = task;
    }
    return best;
}

static bool find_task(struct chain *c, struct str bytes, uint64_t id, struct str type, struct trace_extent *x,
                      struct trace_fault *fault)
{
    struct search s = {.chain = c};
    map_init(&s.task_of_id, c->mem);
    bool good = trace_pass(bytes, c->mem, UINT64_MAX, note_task, &s, x, fault);
    const struct chain_task *task = good ? choose(&s, id, type, x) : NULL;
    if (task) {
        c->task = *task;
        if (!task->has_start)
            c->task.start = x->begin;
        if (!task->has_end || task->end > x->end)
            c->task.end = x->end;
        if (task->starter == TRACE_NO_GOROUTINE)
            c->task.starter = task->ender;
        if (task->ender == TRACE_NO_GOROUTINE)
            c->task.ender = task->starter;
    } else if (good) {
        fault->set = false;
        if (type.n > 0)
            trace_fault_at(fault, 0, "no task of type \"%.*s\" has an end in the trace",
                           (int)(type.n < 80 ? type.n : 80), type.p);
        else
            trace_fault_at(fault, 0, "there is no task %" PRIu64, id);
    }
    vec_finish(&s.tasks, c->mem);
    map_finish(&s.task_of_id);
    return task != NULL;
}

/* Second pass: what goroutines did within the task's time. */
static struct chain_goroutine *goroutine_of(struct chain *c, int64_t id)
{
    uint32_t fresh = (uint32_t)c->goroutines.n, *index = map_add(&c->goroutine_of_id, (uint64_t)id, fresh);
    if (!index || (*index == fresh && !vec_push(&c->goroutines, c->mem, (struct chain_goroutine){.id = id})))
        return NULL;
    return &c->goroutines.at[*index];
}

static bool add_interval(struct chain *c, struct chain_goroutine *g, struct chain_interval interval)
{
    /* Of what was before the task only the last matters. */
    if (g->intervals.n == 1 && interval.start <= c->task.start) {
        g->intervals.at[0] = interval;
        return true;
    }
    return vec_push(&g->intervals, c->mem, interval);
}

static bool name_goroutine(struct chain *c, struct chain_goroutine *g, const struct trace_event *e,
                           const struct trace_transition *t)
{
    if (g->name != 0 || !t->has_stack)
        return true;
    uint32_t stack = places_stack(&c->places, e->table, t->stack);
    if (stack == PLACES_NONE)
        return false;
    g->name = places_start(&c->places, stack);
    return true;
}

static bool note_change(void *state, const struct trace_event *e)
{
    struct chain *c = state;
    struct trace_transition t;
    if (e->time > c->task.end || !trace_event_transition(e, &t) || !t.is_goroutine)
        return true;
    struct chain_goroutine *g = goroutine_of(c, t.id);
    if (g && t.from == go_not_exist)
        g->name = 0;
    if (!g || !name_goroutine(c, g, e, &t))
        return false;
    if (t.from == t.to)
        return true;
    struct chain_interval interval = {.start = e->time, .state = t.to, .by = TRACE_NO_GOROUTINE};
    if (t.from == go_undetermined)
        interval.start = c->begin;
    if (t.from == go_not_exist || (t.from == go_waiting && e->type != ev_go_status))
        interval.by = e->g;
    interval.born = t.from == go_not_exist;
    if (t.to == go_waiting || t.to == go_syscall) {
        interval.reason = t.reason ? places_string(&c->places, e->table, t.reason) : 0;
        interval.stack = t.from == go_running || t.has_stack ? places_stack(&c->places, e->table, t.stack) : 0;
        if (interval.reason == PLACES_NONE || interval.stack == PLACES_NONE)
            return false;
    }
    return add_interval(c, g, interval);
}

/* Whose time is being explained, down to when, and who waits for it. */
struct frame {
    int64_t goroutine, low;
    int64_t waiter;
    uint32_t waiter_reason, waiter_stack;
};

/* The walk back. */
struct walk {
    struct chain *chain;
    struct frame frames[chain_most_depth];
    unsigned depth; /* frames[depth] is at hand */
    int64_t time;   /* what is behind is explained */
};

static const struct chain_goroutine *find(const struct chain *c, int64_t id)
{
    uint32_t *index = id == TRACE_NO_GOROUTINE ? NULL : map_find(&c->goroutine_of_id, (uint64_t)id);
    return index ? &c->goroutines.at[*index] : NULL;
}

/* The last interval that began before a time; g->intervals.n where there is none. */
static size_t interval_before(const struct chain_goroutine *g, int64_t time)
{
    size_t left = 0, right = g->intervals.n;
    while (left < right) {
        size_t middle = (left + right) / 2;
        if (g->intervals.at[middle].start < time)
            left = middle + 1;
        else
            right = middle;
    }
    return left > 0 ? left - 1 : g->intervals.n;
}

/* Explains the time from `start` on; steps that go on are one. */
static bool explain(struct walk *w, const struct chain_goroutine *g, const struct chain_interval *interval,
                    int64_t start)
{
    const struct frame *f = &w->frames[w->depth];
    struct chain_step step = {.start = start,
                              .end = w->time,
                              .goroutine = f->goroutine,
                              .state = interval ? interval->state : (uint8_t)go_undetermined,
                              .name = g ? g->name : 0,
                              .reason = interval ? interval->reason : 0,
                              .stack = interval ? interval->stack : 0,
                              .waiter = f->waiter,
                              .waiter_reason = f->waiter_reason,
                              .waiter_stack = f->waiter_stack};
    w->time = start;
    return vec_push(&w->chain->steps, w->chain->mem, step);
}

/* Follows who woke the goroutine at hand from a wait that began at `start`; false where that is nobody. */
static bool follow_waker(struct walk *w, const struct chain_goroutine *g, size_t wait, int64_t start)
{
    if (wait + 1 >= g->intervals.n || w->depth + 1 >= chain_most_depth)
        return false;
    int64_t waker = g->intervals.at[wait + 1].by;
    /* One that was not there at that time has nothing to tell. */
    const struct chain_goroutine *other = find(w->chain, waker);
    if (g->intervals.at[wait + 1].start != w->time || waker == g->id || !other || other->intervals.n == 0)
        return false;
    for (unsigned i = 0; i <= w->depth; i++) {
        if (w->frames[i].goroutine == waker)
            return false;
    }
    w->frames[++w->depth] = (struct frame){.goroutine = waker,
                                           .low = start,
                                           .waiter = g->id,
                                           .waiter_reason = g->intervals.at[wait].reason,
                                           .waiter_stack = g->intervals.at[wait].stack};
    return true;
}

/* One step back. False on exhaustion. */
static bool step_back(struct walk *w)
{
    struct frame *f = &w->frames[w->depth];
    const struct chain_goroutine *g = find(w->chain, f->goroutine);
    size_t at = g ? interval_before(g, w->time) : 0;
    if (!g || at == g->intervals.n)
        return explain(w, g, NULL, f->low);
    const struct chain_interval *interval = &g->intervals.at[at];
    int64_t start = interval->start > f->low ? interval->start : f->low;
    if (interval->state == go_waiting && follow_waker(w, g, at, start))
        return true;
    if (!explain(w, g, interval, start))
        return false;
    if (interval->born && start == interval->start && start > f->low && find(w->chain, interval->by))
        f->goroutine = interval->by;
    return true;
}

static bool walk_back(struct chain *c)
{
    struct walk w = {.chain = c, .time = c->task.end};
    w.frames[0] = (struct frame){c->task.ender, c->task.start, TRACE_NO_GOROUTINE, 0, 0};
    bool good = true;
    while (good && w.time > c->task.start) {
        if (w.time <= w.frames[w.depth].low && w.depth > 0)
            w.depth--;
        else
            good = step_back(&w);
    }
    for (size_t i = 0; i < c->steps.n / 2 && good; i++) {
        struct chain_step other = c->steps.at[i];
        c->steps.at[i] = c->steps.at[c->steps.n - 1 - i];
        c->steps.at[c->steps.n - 1 - i] = other;
    }
    return good;
}

bool chain_find(struct chain *chain, struct str bytes, uint64_t id, struct str type, struct mem *mem,
                struct trace_extent *extent, struct trace_fault *fault)
{
    struct chain c = {.mem = mem};
    struct trace_extent again;
    struct trace_fault other = {0};
    map_init(&c.goroutine_of_id, mem);
    if (!places_init(&c.places, mem))
        return trace_fault_at(fault, 0, "out of memory");
    bool good = find_task(&c, bytes, id, type, extent, fault);
    c.begin = extent->begin;
    if (good && !(trace_pass(bytes, mem, extent->marked, note_change, &c, &again, &other) && walk_back(&c))) {
        fault->set = false;
        good = trace_fault_at(fault, 0, "out of memory");
    }
    if (good)
        *chain = c;
    else
        chain_finish(&c);
    return good;
}
