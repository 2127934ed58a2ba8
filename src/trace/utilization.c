/* Steps are only added where something has changed, so that an event costs little; what they are is the same. */
#include "trace/utilization.h"

enum collecting { collecting_assist = 1, collecting_background = 2 };

void utilization_init(struct utilization *u, unsigned flags, struct mem *mem)
{
    *u = (struct utilization){.mem = mem, .flags = flags, .changed_proc = -1};
    map_init(&u->collecting, mem);
    map_init(&u->states, mem);
}

void utilization_finish(struct utilization *u)
{
    for (size_t i = 0; i < u->series.n; i++)
        vec_finish(&u->series.at[i].steps, u->mem);
    vec_finish(&u->series, u->mem);
    vec_finish(&u->procs, u->mem);
    vec_finish(&u->counts, u->mem);
    map_finish(&u->collecting);
    map_finish(&u->states);
}

/* Of two steps at one time the lower one stays. */
static bool add_step(struct utilization *u, uint32_t series, int64_t time, double util)
{
    struct utilization_series *s = &u->series.at[series];
    if (s->steps.n > 0) {
        struct utilization_step *last = &s->steps.at[s->steps.n - 1];
        if (util == last->util)
            return true;
        if (time == last->time) {
            last->util = util < last->util ? util : last->util;
            return true;
        }
    }
    return vec_push(&s->steps, u->mem, (struct utilization_step){time, util});
}

static bool begin_series(struct utilization *u, int64_t time)
{
    return vec_push(&u->series, u->mem, (struct utilization_series){{0}}) &&
           add_step(u, (uint32_t)u->series.n - 1, time, 1);
}

/* Processors that go away end their functions; those that come have new ones. */
static bool change_procs(struct utilization *u, uint64_t n, int64_t time)
{
    bool each = u->flags & utilization_per_proc;
    n = n < utilization_max_procs ? n : utilization_max_procs;
    while (u->procs.n > n) {
        struct utilization_proc proc = u->procs.at[--u->procs.n];
        u->gc_procs -= proc.gc > 0;
        if (each && !add_step(u, proc.series, time, 0))
            return false;
    }
    while (u->procs.n < n) {
        if ((each || u->series.n == 0) && !begin_series(u, time))
            return false;
        struct utilization_proc proc = {.series = each ? (uint32_t)u->series.n - 1 : 0};
        if (!vec_push(&u->procs, u->mem, proc))
            return false;
    }
    u->changed = true;
    bool same = u->counts.n > 0 && u->counts.at[u->counts.n - 1].n == n;
    return same || vec_push(&u->counts, u->mem, (struct utilization_count){time, n});
}

/* The collector takes (1) or leaves (-1) a processor. */
static void occupy(struct utilization *u, int64_t p, int64_t by)
{
    if (p < 0 || (uint64_t)p >= u->procs.n)
        return;
    struct utilization_proc *proc = &u->procs.at[p];
    u->gc_procs -= proc->gc > 0;
    proc->gc += by;
    u->gc_procs += proc->gc > 0;
    u->changed_proc = p;
}

static void stop_world(struct utilization *u, const struct trace_event *e, int64_t by)
{
    struct str kind = trace_string(e->table, e->args[0]);
    if (!(u->flags & utilization_stw) || str_find(kind, STR("GC"), 0) == kind.n)
        return;
    u->stw += by;
    u->changed = true;
}

/* Whether a goroutine works for the collector: a set of enum collecting. */
static uint32_t is_collecting(const struct utilization *u, int64_t g)
{
    uint32_t *set = u->collecting.n > 0 ? map_find(&u->collecting, (uint64_t)g) : NULL;
    return set ? *set : 0;
}

static bool set_collecting(struct utilization *u, int64_t g, uint32_t add, uint32_t clear)
{
    uint32_t *set = map_add(&u->collecting, (uint64_t)g, 0);
    if (!set)
        return false;
    *set = (*set | add) & ~clear;
    if (*set == 0)
        map_remove(&u->collecting, (uint64_t)g);
    return true;
}

/* Something that was going on when the trace began, which is only known now: a processor less from the begin on. */
static void make_good(struct utilization *u)
{
    if ((u->flags & utilization_per_proc) || u->series.n == 0)
        return;
    struct utilization_series *s = &u->series.at[0];
    size_t count = 0;
    for (size_t i = 0; i < s->steps.n; i++) {
        while (count + 1 < u->counts.n && u->counts.at[count + 1].time < s->steps.at[i].time)
            count++;
        double *util = &s->steps.at[i].util;
        *util -= 1.0 / (double)u->counts.at[count].n;
        *util = *util < 0 ? 0 : *util;
    }
    u->changed = true;
}

static bool is_executing(uint32_t state)
{
    return state == go_running || state == go_syscall;
}

static bool begin_assist(struct utilization *u, const struct trace_event *e, int64_t g)
{
    if (!(u->flags & utilization_assist))
        return true;
    occupy(u, e->p, 1);
    return g == TRACE_NO_GOROUTINE || set_collecting(u, g, collecting_assist, 0);
}

/* Only the first generation tells something new by ranges that are active. */
static bool note_active(struct utilization *u, const struct trace_event *e)
{
    if (u->mark > 1)
        return true;
    if (e->type == ev_gc_sweep_active) {
        if (u->flags & utilization_sweep) {
            make_good(u);
            occupy(u, e->p, 1);
        }
        return true;
    }
    uint32_t *state = map_find(&u->states, (uint64_t)e->g);
    if ((u->flags & utilization_assist) && state && is_executing(*state))
        make_good(u);
    return begin_assist(u, e, (int64_t)e->args[0]);
}

static bool note_label(struct utilization *u, const struct trace_event *e)
{
    struct str label = trace_string(e->table, e->args[0]);
    if (!(u->flags & utilization_background) || !str_starts_with(label, STR("GC ")) ||
        str_equal(label, STR("GC (idle)")))
        return true;
    /* A dedicated worker has driven all goroutines off its processor: none of them feels it. */
    if ((u->flags & utilization_per_proc) && str_equal(label, STR("GC (dedicated)")))
        return true;
    occupy(u, e->p, 1);
    return set_collecting(u, e->g, collecting_background, 0);
}

static bool note_transition(struct utilization *u, const struct trace_event *e)
{
    struct trace_transition t;
    bool first = u->mark <= 1;
    if ((u->collecting.n == 0 && !first) || !trace_event_transition(e, &t) || !t.is_goroutine)
        return true;
    bool was = is_executing(t.from), is = is_executing(t.to);
    if (was != is && is_collecting(u, t.id))
        occupy(u, e->p, is ? 1 : -1);
    uint32_t *state = first ? map_add(&u->states, (uint64_t)t.id, 0) : NULL;
    if (state)
        *state = t.to;
    return state || !first;
}

static bool note(struct utilization *u, const struct trace_event *e)
{
    switch (e->type) {
    case ev_stw_begin:
        stop_world(u, e, 1);
        return true;
    case ev_stw_end:
        stop_world(u, e, -1);
        return true;
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
        if (u->flags & utilization_sweep)
            occupy(u, e->p, e->type == ev_gc_sweep_begin ? 1 : -1);
        return true;
    case ev_gc_mark_assist_begin:
        return begin_assist(u, e, e->g);
    case ev_gc_mark_assist_end:
        if (!(u->flags & utilization_assist))
            return true;
        occupy(u, e->p, -1);
        return set_collecting(u, e->g, 0, collecting_assist);
    case ev_gc_sweep_active:
    case ev_gc_mark_assist_active:
        return note_active(u, e);
    case ev_go_label:
        return note_label(u, e);
    default:
        return note_transition(u, e);
    }
}

static bool add_steps_of_procs(struct utilization *u, int64_t time)
{
    size_t first = u->changed ? 0 : (size_t)u->changed_proc, end = u->changed ? u->procs.n : first + 1;
    bool good = true;
    for (size_t i = first; i < end && i < u->procs.n && good; i++)
        good = add_step(u, u->procs.at[i].series, time, u->stw > 0 || u->procs.at[i].gc > 0 ? 0.0 : 1.0);
    return good;
}

bool utilization_add(struct utilization *u, const struct trace_event *e)
{
    u->any = true;
    u->last_time = e->time;
    if (e->type == ev_mark)
        u->mark = e->args[0];
    else if (e->type == ev_procs_change && !change_procs(u, e->args[0], e->time))
        return false;
    if (u->procs.n == 0)
        return true;
    if (!note(u, e))
        return false;
    if (!u->changed && u->changed_proc < 0)
        return true;
    bool good;
    if (u->flags & utilization_per_proc) {
        good = add_steps_of_procs(u, e->time);
    } else {
        uint64_t taken = u->stw > 0 ? u->procs.n : u->gc_procs;
        good = add_step(u, 0, e->time, 1 - (double)taken / (double)u->procs.n);
    }
    u->changed = false;
    u->changed_proc = -1;
    return good;
}

bool utilization_end(struct utilization *u)
{
    bool good = true;
    for (size_t i = 0; i < u->procs.n && good; i++)
        good = add_step(u, u->procs.at[i].series, u->last_time, 0);
    return good;
}

/* Cuts one function; whether anything is left. */
static bool cut(struct utilization_series *s, struct trace_range range)
{
    struct utilization_step *steps = s->steps.at;
    size_t n = s->steps.n, first = 0, kept = 0;
    if (n == 0 || steps[n - 1].time <= range.start || steps[0].time >= range.end)
        return false;
    while (first + 1 < n && steps[first + 1].time <= range.start)
        first++;
    for (size_t i = first; i < n && steps[i].time < range.end; i++)
        steps[kept++] = steps[i];
    if (steps[0].time < range.start)
        steps[0].time = range.start;
    /* A step was left out where the range ends early: its place is taken by the end. */
    if (first + kept < n)
        steps[kept++] = (struct utilization_step){range.end, 0};
    s->steps.n = kept;
    return true;
}

void utilization_cut(struct utilization *u, struct trace_range range)
{
    size_t kept = 0;
    for (size_t i = 0; i < u->series.n && !trace_range_is_all(range); i++) {
        if (cut(&u->series.at[i], range))
            u->series.at[kept++] = u->series.at[i];
        else
            vec_finish(&u->series.at[i].steps, u->mem);
    }
    if (!trace_range_is_all(range))
        u->series.n = kept;
}
