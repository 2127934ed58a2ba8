/* Follows Go's summarizer step by step, its oddities too, so that the numbers are the same: time in the state that a
 * trace begins with counts from the last mark, a system call that is open at the end without its processor counts as
 * waiting for one. */
#include "trace/summary.h"

#include <string.h>

enum { no_life = UINT32_MAX };

bool summary_init(struct summary *s, struct mem *mem)
{
    *s = (struct summary){.mem = mem, .wanted = TRACE_RANGE_ALL, .range = TRACE_RANGE_ALL};
    arena_init(&s->arena, mem);
    str_map_init(&s->name_of_text, mem);
    map_init(&s->goroutine_of_id, mem);
    map_init(&s->syscalling_of_proc, mem);
    map_init(&s->task_of_id, mem);
    if (vec_push(&s->names, mem, STR("")) && str_map_add(&s->name_of_text, STR(""), 0))
        return true;
    summary_finish(s);
    return false;
}

static void free_goroutine(struct summary *s, struct summary_goroutine *g)
{
    vec_finish(&g->blocks, s->mem);
    vec_finish(&g->ranges, s->mem);
    vec_finish(&g->open, s->mem);
    vec_finish(&g->regions, s->mem);
}

void summary_finish(struct summary *s)
{
    for (size_t i = 0; i < s->goroutines.n; i++)
        free_goroutine(s, &s->goroutines.at[i]);
    for (size_t i = 0; i < s->region_times.n; i++)
        free_goroutine(s, &s->region_times.at[i]);
    vec_finish(&s->region_times, s->mem);
    vec_finish(&s->goroutines, s->mem);
    vec_finish(&s->names, s->mem);
    vec_finish(&s->syscalling, s->mem);
    vec_finish(&s->proc_ranges, s->mem);
    vec_finish(&s->proc_range_procs, s->mem);
    str_map_finish(&s->name_of_text);
    map_finish(&s->goroutine_of_id);
    map_finish(&s->syscalling_of_proc);
    map_finish(&s->task_of_id);
    vec_finish(&s->regions, s->mem);
    vec_finish(&s->tasks, s->mem);
    vec_finish(&s->logs, s->mem);
    arena_finish(&s->arena);
}

/* The name with a text, added where it is new; UINT32_MAX on exhaustion. */
static uint32_t name_of(struct summary *s, struct str text)
{
    uint32_t *known = str_map_find(&s->name_of_text, text);
    if (known)
        return *known;
    struct str copy = arena_str(&s->arena, text);
    uint32_t fresh = (uint32_t)s->names.n;
    if (!copy.p || !str_map_add(&s->name_of_text, copy, fresh) || !vec_push(&s->names, s->mem, copy))
        return UINT32_MAX;
    return fresh;
}

/* The goroutine of an id; NULL where it is not known. */
static struct summary_goroutine *find(const struct summary *s, int64_t id)
{
    uint32_t *index = map_find(&s->goroutine_of_id, (uint64_t)id);
    return index ? &s->goroutines.at[*index] : NULL;
}

/* A goroutine that begins now, in the place of one with the same id; NULL on exhaustion. */
static struct summary_goroutine *begin(struct summary *s, int64_t id, int64_t creation)
{
    uint32_t fresh = (uint32_t)s->goroutines.n, *index = map_add(&s->goroutine_of_id, (uint64_t)id, fresh);
    if (!index || (*index == fresh && !vec_push(&s->goroutines, s->mem, (struct summary_goroutine){0})))
        return NULL;
    struct summary_goroutine *g = &s->goroutines.at[*index];
    uint32_t life = *index == fresh ? 0 : g->life + 1;
    free_goroutine(s, g);
    *g = (struct summary_goroutine){.id = id, .creation = creation, .life = life};
    return g;
}

/* How much of [from, to] counts. */
static int64_t spent(const struct summary *s, int64_t from, int64_t to)
{
    return trace_range_overlap(s->range, from, to);
}

/* Adds time under a name of a goroutine's blocks. */
static bool add_block(struct summary *s, struct summary_goroutine *g, uint32_t name, int64_t time)
{
    if (name == UINT32_MAX)
        return false;
    for (size_t i = 0; i < g->blocks.n; i++) {
        if (g->blocks.at[i].name == name) {
            g->blocks.at[i].time += time;
            return true;
        }
    }
    return vec_push(&g->blocks, s->mem, (struct summary_time){name, time});
}

static bool add_range(struct summary *s, struct summary_goroutine *g, uint32_t name, int64_t time)
{
    for (size_t i = 0; i < g->ranges.n; i++) {
        if (g->ranges.at[i].name == name) {
            g->ranges.at[i].time += time;
            return true;
        }
    }
    return vec_push(&g->ranges, s->mem, (struct summary_time){name, time});
}

/* Goroutines of Go's runtime, which take no part in tasks. */
static bool is_system(struct str name)
{
    return name.n == 0 || (str_starts_with(name, STR("runtime.")) && !str_equal(name, STR("runtime.main")));
}

/* Adds what of a goroutine's time is not added yet at `now`. */
static bool add_pending(struct summary *s, const struct summary_goroutine *g, struct summary_goroutine *to, int64_t now)
{
    bool good = true;
    if (to->total == 0)
        to->total = spent(s, g->creation, now);
    if (g->running_since != 0)
        to->execution += spent(s, g->running_since, now);
    if (g->runnable_since != 0)
        to->sched_wait += spent(s, g->runnable_since, now);
    if (g->blocked_since != 0)
        good = add_block(s, to, g->block_reason, spent(s, g->blocked_since, now));
    if (g->syscall_since != 0)
        to->syscall += spent(s, g->syscall_since, now);
    if (g->syscall_blocked_since != 0)
        to->sched_wait += spent(s, g->syscall_blocked_since, now);
    for (size_t i = 0; i < g->open.n && good; i++)
        good = add_range(s, to, g->open.at[i].name, spent(s, g->open.at[i].since, now));
    return good;
}

/* What a goroutine did until now, in a struct of its own; false on exhaustion, then nothing is owned. */
static bool snapshot(struct summary *s, const struct summary_goroutine *g, int64_t now, struct summary_goroutine *times)
{
    struct summary_goroutine t = {.id = g->id,
                                  .execution = g->execution,
                                  .sched_wait = g->sched_wait,
                                  .syscall = g->syscall,
                                  .syscall_block = g->syscall_block,
                                  .total = g->total};
    bool good = true;
    for (size_t i = 0; i < g->blocks.n && good; i++)
        good = vec_push(&t.blocks, s->mem, g->blocks.at[i]);
    for (size_t i = 0; i < g->ranges.n && good; i++)
        good = vec_push(&t.ranges, s->mem, g->ranges.at[i]);
    good = good && add_pending(s, g, &t, now);
    if (good)
        *times = t;
    else
        free_goroutine(s, &t);
    return good;
}

static void subtract_times(struct summary_time *times, size_t n, const struct summary_time *less, size_t nless)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < nless; k++) {
            if (less[k].name == times[i].name)
                times[i].time -= less[k].time;
        }
    }
}

static bool is_wanted(const struct summary *s, const struct summary_region *region)
{
    return s->wants_region_times && (s->region_type.n == 0 || str_equal(s->names.at[region->name], s->region_type));
}

/* A region begins to have times: those of its goroutine count from here on, or (fresh) all do. */
static bool begin_times(struct summary *s, const struct summary_goroutine *g, struct summary_region *region,
                        int64_t now, bool fresh)
{
    struct summary_goroutine times = {.id = g->id};
    if (!is_wanted(s, region))
        return true;
    if (!fresh && !snapshot(s, g, now, &times))
        return false;
    if (!vec_push(&s->region_times, s->mem, times)) {
        free_goroutine(s, &times);
        return false;
    }
    region->times = (uint32_t)s->region_times.n;
    return true;
}

static bool end_times(struct summary *s, const struct summary_goroutine *g, const struct summary_region *region,
                      int64_t now)
{
    struct summary_goroutine now_times, *times;
    if (region->times == 0)
        return true;
    if (!snapshot(s, g, now, &now_times))
        return false;
    times = &s->region_times.at[region->times - 1];
    now_times.execution -= times->execution;
    now_times.sched_wait -= times->sched_wait;
    now_times.syscall -= times->syscall;
    now_times.syscall_block -= times->syscall_block;
    now_times.total -= times->total;
    subtract_times(now_times.blocks.at, now_times.blocks.n, times->blocks.at, times->blocks.n);
    subtract_times(now_times.ranges.at, now_times.ranges.n, times->ranges.at, times->ranges.n);
    free_goroutine(s, times);
    *times = now_times;
    return true;
}

/* Moves a goroutine's open regions to those that have ended; by `change` the goroutine has, without one the trace. */
static bool close_regions(struct summary *s, struct summary_goroutine *g, int64_t now,
                          const struct trace_transition *change)
{
    bool good = true;
    for (size_t i = 0; i < g->regions.n && good; i++) {
        struct summary_region region = g->regions.at[i];
        bool counts = !is_system(s->names.at[g->name]);
        if (counts && change) {
            region.has_end = true;
            region.from_state = change->from;
            region.to_state = change->to;
        }
        if (!counts)
            region.life = no_life;
        region.end = now;
        good = (!counts || end_times(s, g, &region, now)) && vec_push(&s->regions, s->mem, region);
    }
    g->regions.n = 0;
    return good;
}

/* Ends a goroutine's life by a change of its state, or (NULL) with the trace. */
static bool close_goroutine(struct summary *s, struct summary_goroutine *g, int64_t now,
                            const struct trace_transition *change)
{
    bool good = close_regions(s, g, now, change);
    good = add_pending(s, g, g, now) && good;
    g->running_since = g->runnable_since = g->blocked_since = g->syscall_since = g->syscall_blocked_since = 0;
    g->open.n = 0;
    return good;
}

/* Where the goroutine in a system call on a processor is kept; NULL where there never was one. */
static int64_t *syscalling(const struct summary *s, int64_t proc)
{
    uint32_t *index = map_find(&s->syscalling_of_proc, (uint64_t)proc);
    return index ? &s->syscalling.at[*index] : NULL;
}

static bool set_syscalling(struct summary *s, int64_t proc, int64_t goroutine)
{
    uint32_t fresh = (uint32_t)s->syscalling.n, *index = map_add(&s->syscalling_of_proc, (uint64_t)proc, fresh);
    if (!index || (*index == fresh && !vec_push(&s->syscalling, s->mem, goroutine)))
        return false;
    s->syscalling.at[*index] = goroutine;
    return true;
}

/* The time from the last mark to a goroutine's first event, in the state that this event says. */
static bool add_first_time(struct summary *s, struct summary_goroutine *g, const struct trace_event *e,
                           const struct trace_transition *t, uint32_t reason)
{
    int64_t time = spent(s, s->last_mark, e->time);
    if (t->to == go_waiting)
        return add_block(s, g, reason, time);
    if (t->to == go_running)
        g->execution += time;
    else if (t->to == go_runnable)
        g->sched_wait += time;
    else if (t->to == go_syscall && e->p == TRACE_NO_PROC)
        g->syscall_block += time;
    else if (t->to == go_syscall)
        g->syscall += time;
    return true;
}

static void leave_syscall(struct summary *s, struct summary_goroutine *g, int64_t now)
{
    if (g->syscall_since == 0)
        return;
    int64_t end = g->syscall_blocked_since != 0 ? g->syscall_blocked_since : now;
    g->syscall_block += spent(s, end, now);
    g->syscall += spent(s, g->syscall_since, end);
    g->syscall_since = g->syscall_blocked_since = 0;
    /* Another goroutine may be in a call on that processor by now; it is forgotten, too, as Go does it. */
    int64_t *id = syscalling(s, g->syscall_proc);
    if (id)
        *id = INT64_MIN;
}

static bool leave(struct summary *s, struct summary_goroutine *g, enum trace_go_state state, int64_t now)
{
    bool good = true;
    if (state == go_running) {
        g->execution += spent(s, g->running_since, now);
        g->running_since = 0;
    } else if (state == go_waiting && g->blocked_since != 0) {
        good = add_block(s, g, g->block_reason, spent(s, g->blocked_since, now));
        g->blocked_since = 0;
    } else if (state == go_runnable && g->runnable_since != 0) {
        g->sched_wait += spent(s, g->runnable_since, now);
        g->runnable_since = 0;
    } else if (state == go_syscall) {
        leave_syscall(s, g, now);
    }
    return good;
}

static bool enter(struct summary *s, struct summary_goroutine *g, const struct trace_event *e,
                  const struct trace_transition *t, uint32_t reason)
{
    switch (t->to) {
    case go_running:
        g->running_since = e->time;
        if (g->start == 0)
            g->start = e->time;
        return true;
    case go_runnable:
        g->runnable_since = e->time;
        return true;
    case go_syscall:
        g->syscall_since = e->time;
        g->syscall_proc = e->p;
        return set_syscalling(s, e->p, g->id);
    case go_waiting:
        if (!str_equal(s->names.at[reason], STR("forever"))) {
            g->blocked_since = e->time;
            g->block_reason = reason;
            return true;
        }
        break;
    case go_not_exist:
        break;
    default:
        return true;
    }
    g->end = e->time;
    return close_goroutine(s, g, e->time, t);
}

/* A goroutine is named by the outermost frame of the first stack that is said of it. */
static bool name_goroutine(struct summary *s, struct summary_goroutine *g, const struct trace_event *e,
                           const struct trace_transition *t)
{
    if (g->name != 0 || !t->has_stack)
        return true;
    struct trace_stack stack = trace_stack(e->table, t->stack);
    if (stack.n == 0)
        return true;
    uint32_t name = name_of(s, e->table->strings.at[trace_stack_frame(e->table, stack, stack.n - 1)->func]);
    if (name == UINT32_MAX)
        return false;
    g->name = name;
    return true;
}

/* A region that begins at an event; its goroutine is to be filled in. False on exhaustion. */
static bool new_region(struct summary *s, const struct trace_event *e, uint32_t name, uint64_t task,
                       struct summary_region *region)
{
    *region = (struct summary_region){.name = name, .task = task, .has_start = true, .start = e->time};
    struct trace_stack stack = trace_stack(e->table, trace_event_stack(e));
    if (stack.n == 0)
        return name != UINT32_MAX;
    const struct trace_frame *frame = trace_stack_frame(e->table, stack, stack.n - 1);
    region->pc = frame->pc;
    region->line = frame->line;
    region->func = name_of(s, e->table->strings.at[frame->func]);
    region->file = name_of(s, e->table->strings.at[frame->file]);
    return name != UINT32_MAX && region->func != UINT32_MAX && region->file != UINT32_MAX;
}

static bool push_region(struct summary *s, struct summary_goroutine *g, struct summary_region region)
{
    region.goroutine = (uint32_t)(g - s->goroutines.at);
    region.life = g->life;
    return begin_times(s, g, &region, region.start, region.inherited) && vec_push(&g->regions, s->mem, region);
}

/* The task of an id, added where it is new; NULL on exhaustion. */
static struct summary_task *task_of(struct summary *s, uint64_t id)
{
    uint32_t fresh = (uint32_t)s->tasks.n, *index = map_add(&s->task_of_id, id, fresh);
    struct summary_task task = {.id = id, .parent = TRACE_NO_TASK};
    if (!index || (*index == fresh && !vec_push(&s->tasks, s->mem, task)))
        return NULL;
    return &s->tasks.at[*index];
}

static bool begin_region(struct summary *s, const struct trace_event *e)
{
    struct summary_goroutine *g = find(s, e->g);
    struct summary_region region;
    uint32_t name = name_of(s, trace_string(e->table, e->args[1]));
    return !g || (new_region(s, e, name, e->args[0], &region) && push_region(s, g, region) && task_of(s, e->args[0]));
}

/* Ends the innermost region, or one that began before the trace. */
static bool end_region(struct summary *s, const struct trace_event *e)
{
    struct summary_goroutine *g = find(s, e->g);
    uint32_t name = name_of(s, trace_string(e->table, e->args[1]));
    if (!g || name == UINT32_MAX)
        return !g;
    struct summary_region region = {
        .task = e->args[0], .goroutine = (uint32_t)(g - s->goroutines.at), .life = g->life, .name = name};
    if (g->regions.n > 0)
        region = g->regions.at[--g->regions.n];
    else if (!task_of(s, e->args[0]) || !begin_times(s, g, &region, e->time, true))
        return false;
    region.end_name = name;
    region.has_end = true;
    region.end = e->time;
    return end_times(s, g, &region, e->time) && vec_push(&s->regions, s->mem, region);
}

static bool change_task(struct summary *s, const struct trace_event *e)
{
    bool begins = e->type == ev_user_task_begin;
    uint64_t parent = begins ? e->args[1] : e->args[2];
    uint32_t name = name_of(s, begins ? trace_string(e->table, e->args[2]) : e->table->extras.at[e->args[3]]);
    struct summary_task *task = task_of(s, e->args[0]);
    if (!task || name == UINT32_MAX)
        return false;
    task->name = name;
    if (begins) {
        task->parent = parent;
        task->has_start = true;
        task->start = e->time;
        task->start_on = e->g;
        task->start_name = name;
    } else {
        task->has_end = true;
        task->end = e->time;
        task->end_on = e->g;
    }
    return parent == TRACE_NO_TASK || task_of(s, parent);
}

static bool add_log(struct summary *s, const struct trace_event *e)
{
    struct summary_task *task = task_of(s, e->args[0]);
    if (!task || !s->wants_logs)
        return task != NULL;
    struct summary_log log = {.task = (uint32_t)(task - s->tasks.at),
                              .category = name_of(s, trace_string(e->table, e->args[1])),
                              .message = name_of(s, trace_string(e->table, e->args[2])),
                              .time = e->time,
                              .goroutine = e->g};
    return log.category != UINT32_MAX && log.message != UINT32_MAX && vec_push(&s->logs, s->mem, log);
}

/* A goroutine that is created in a region begins in one of the same task. */
static bool inherit_region(struct summary *s, const struct trace_event *e, const struct trace_transition *t)
{
    struct summary_goroutine *creator = find(s, e->g), *g;
    if (!creator || creator->regions.n == 0)
        return begin(s, t->id, e->time) != NULL;
    struct summary_region region;
    uint64_t task = creator->regions.at[creator->regions.n - 1].task;
    if (!new_region(s, e, 0, task, &region))
        return false;
    region.inherited = true;
    return (g = begin(s, t->id, e->time)) && push_region(s, g, region);
}

static bool change_goroutine(struct summary *s, const struct trace_event *e, const struct trace_transition *t)
{
    if (t->from == t->to)
        return true;
    uint32_t reason = t->reason ? name_of(s, trace_string(e->table, t->reason)) : 0;
    if (reason == UINT32_MAX)
        return false;
    if (t->from == go_not_exist && !inherit_region(s, e, t))
        return false;
    struct summary_goroutine *g = find(s, t->id);
    if (t->from == go_undetermined || !g)
        g = begin(s, t->id, s->last_mark);
    if (!g || (t->from == go_undetermined && !add_first_time(s, g, e, t, reason)))
        return false;
    return leave(s, g, (enum trace_go_state)t->from, e->time) && name_goroutine(s, g, e, t) &&
           enter(s, g, e, t, reason);
}

/* A processor that goes idle under a goroutine in a system call: from here on the call blocks. */
static void change_proc(struct summary *s, const struct trace_event *e, const struct trace_transition *t)
{
    int64_t *id = t->from != t->to && t->to == proc_idle ? syscalling(s, t->id) : NULL;
    struct summary_goroutine *g = id && *id != INT64_MIN ? find(s, *id) : NULL;
    if (!g)
        return;
    g->syscall_blocked_since = e->time;
    *id = INT64_MIN;
}

/* The name of an event's range; UINT32_MAX on exhaustion. */
static uint32_t range_name(struct summary *s, const struct trace_event *e)
{
    if (e->type >= ev_gc_sweep_active && e->type <= ev_gc_sweep_end)
        return name_of(s, STR("GC incremental sweep"));
    if (e->type >= ev_gc_mark_assist_active && e->type <= ev_gc_mark_assist_end)
        return name_of(s, STR("GC mark assist"));
    struct buf text;
    buf_init(&text, s->mem);
    buf_str(&text, STR("stop-the-world ("));
    buf_str(&text, trace_string(e->table, e->args[0]));
    buf_byte(&text, ')');
    uint32_t name = text.failed ? UINT32_MAX : name_of(s, buf_text(&text));
    buf_finish(&text);
    return name;
}

/* Where a goroutine has a range open; open.n where it has not. */
static size_t find_open(const struct summary_goroutine *g, uint32_t name)
{
    size_t i = 0;
    while (i < g->open.n && g->open.at[i].name != name)
        i++;
    return i;
}

static bool open_range(struct summary *s, struct summary_goroutine *g, uint32_t name, const struct trace_event *e,
                       bool active)
{
    int64_t since = active ? s->last_mark : e->time;
    size_t at = find_open(g, name);
    if (at == g->open.n)
        return vec_push(&g->open, s->mem, (struct summary_range){name, since});
    if (active && g->open.at[at].since != 0 && !add_range(s, g, name, spent(s, g->open.at[at].since, since)))
        return false;
    g->open.at[at].since = since;
    return true;
}

static bool shut_range(struct summary *s, struct summary_goroutine *g, uint32_t name, int64_t now)
{
    size_t at = find_open(g, name);
    if (at == g->open.n || g->open.at[at].since == 0)
        return true;
    int64_t since = g->open.at[at].since;
    g->open.at[at] = g->open.at[--g->open.n];
    return add_range(s, g, name, spent(s, since, now));
}

/* Where a range of a processor is open; proc_ranges.n where it is not. */
static size_t find_proc_range(const struct summary *s, int64_t proc, uint32_t name)
{
    size_t i = 0;
    while (i < s->proc_ranges.n && (s->proc_range_procs.at[i] != proc || s->proc_ranges.at[i].name != name))
        i++;
    return i;
}

/* Sweeps belong to processors; they count for a goroutine that ran all the while. */
static bool sweep(struct summary *s, const struct trace_event *e, uint32_t name)
{
    bool active = e->type == ev_gc_sweep_active;
    int64_t proc = active ? (int64_t)e->args[0] : e->p;
    size_t at = find_proc_range(s, proc, name);
    struct summary_goroutine *g = find(s, e->g);
    if (e->type == ev_gc_sweep_end) {
        if (at == s->proc_ranges.n)
            return true;
        int64_t owner = s->proc_ranges.at[at].since;
        s->proc_ranges.at[at] = s->proc_ranges.at[--s->proc_ranges.n];
        s->proc_range_procs.at[at] = s->proc_range_procs.at[--s->proc_range_procs.n];
        return owner != e->g || !g || shut_range(s, g, name, e->time);
    }
    if (!g)
        return true;
    if (at == s->proc_ranges.n && (!vec_push(&s->proc_ranges, s->mem, (struct summary_range){.name = name}) ||
                                   !vec_push(&s->proc_range_procs, s->mem, proc)))
        return false;
    s->proc_ranges.at[at].since = e->g;
    return open_range(s, g, name, e, active);
}

static bool change_range(struct summary *s, const struct trace_event *e)
{
    uint32_t name = range_name(s, e);
    if (name == UINT32_MAX)
        return false;
    if (e->type >= ev_gc_sweep_active && e->type <= ev_gc_sweep_end)
        return sweep(s, e, name);
    bool active = e->type == ev_gc_mark_assist_active;
    struct summary_goroutine *g = find(s, active ? (int64_t)e->args[0] : e->g);
    if (!g)
        return true;
    bool ends = e->type == ev_gc_mark_assist_end || e->type == ev_stw_end;
    return ends ? shut_range(s, g, name, e->time) : open_range(s, g, name, e, active);
}

bool summary_add(struct summary *s, const struct trace_event *e)
{
    struct trace_transition t;
    if (s->last_mark == 0)
        s->last_mark = e->time;
    if (!s->began) {
        s->first_time = e->time;
        s->range = trace_range_from(s->wanted, e->time);
    }
    s->began = true;
    s->last_time = e->time;
    if (e->type == ev_mark) {
        s->last_mark = e->time;
        return true;
    }
    if (trace_event_transition(e, &t)) {
        if (t.is_goroutine)
            return change_goroutine(s, e, &t);
        change_proc(s, e, &t);
        return true;
    }
    switch (e->type) {
    case ev_user_task_begin:
    case ev_user_task_end:
        return change_task(s, e);
    case ev_user_region_begin:
        return begin_region(s, e);
    case ev_user_region_end:
        return end_region(s, e);
    case ev_user_log:
        return add_log(s, e);
    }
    bool is_range = e->type == ev_stw_begin || e->type == ev_stw_end ||
                    (e->type >= ev_gc_sweep_active && e->type <= ev_gc_mark_assist_end);
    return !is_range || change_range(s, e);
}

bool summary_end(struct summary *s)
{
    bool good = true;
    for (size_t i = 0; i < s->goroutines.n && good; i++)
        good = close_goroutine(s, &s->goroutines.at[i], s->last_time, NULL);
    return good;
}

bool summary_region_counts(const struct summary *s, const struct summary_region *region)
{
    return s->goroutines.at[region->goroutine].life == region->life;
}

int64_t summary_region_length(const struct summary *s, const struct summary_region *region)
{
    return (region->has_end ? region->end : s->last_time) - (region->has_start ? region->start : s->first_time);
}

bool summary_overlaps(const struct summary *s, bool has_start, int64_t start, bool has_end, int64_t end)
{
    return (has_start ? start : s->first_time) < s->range.end && (has_end ? end : s->last_time) >= s->range.start;
}

int64_t summary_unknown(const struct summary_goroutine *g)
{
    int64_t sum = g->execution + g->sched_wait + g->syscall + g->syscall_block;
    for (size_t i = 0; i < g->blocks.n; i++)
        sum += g->blocks.at[i].time;
    return sum < g->total ? g->total - sum : 0;
}
