/* Marking begins before the first stop of the world and ends within the last one, so that a pause belongs to the cycle
 * that is marking when it begins. Sweeping goes on until the next cycle. */
#include "trace/collector.h"

void collector_init(struct collector *c, struct activity *activity, struct mem *mem)
{
    *c = (struct collector){.mem = mem, .activity = activity};
}

void collector_finish(struct collector *c)
{
    vec_finish(&c->cycles, c->mem);
    vec_finish(&c->pauses, c->mem);
    vec_finish(&c->helpers, c->mem);
    vec_finish(&c->assists, c->mem);
    vec_finish(&c->sweeps, c->mem);
    vec_finish(&c->stops, c->mem);
}

static uint32_t last_cycle(const struct collector *c)
{
    return c->cycles.n > 0 ? (uint32_t)c->cycles.n - 1 : ACTIVITY_NONE;
}

static struct collector_cycle *cycle_at(struct collector *c, uint32_t cycle)
{
    return cycle != ACTIVITY_NONE ? &c->cycles.at[cycle] : NULL;
}

static bool begin_mark(struct collector *c, int64_t now, bool before)
{
    if (c->in_mark)
        return true;
    struct collector_cycle cycle = {.start = before ? c->activity->begin : now,
                                    .began_before = before,
                                    .is_open = true,
                                    .heap_at_start = c->heap,
                                    .goal = c->goal,
                                    .most_heap = c->heap};
    c->in_mark = true;
    return vec_push(&c->cycles, c->mem, cycle);
}

static void end_mark(struct collector *c, int64_t now)
{
    struct collector_cycle *cycle = cycle_at(c, last_cycle(c));
    if (!c->in_mark || !cycle)
        return;
    cycle->end = now;
    cycle->is_open = false;
    cycle->heap_at_end = c->heap;
    c->in_mark = false;
    c->marking += trace_range_overlap(c->activity->range, cycle->start, now);
}

/* Removes and gives the open range of an owner; false where there is none. */
static bool take_open(struct collector_open *open, size_t *n, int64_t owner, struct collector_open *taken)
{
    for (size_t i = *n; i-- > 0;) {
        if (open[i].owner == owner) {
            *taken = open[i];
            open[i] = open[--*n];
            return true;
        }
    }
    return false;
}

static bool end_pause(struct collector *c, const struct collector_open *stop, int64_t now)
{
    struct str text = c->activity->places.names.at[stop->name];
    bool is_gc = str_find(text, STR("GC"), 0) < text.n;
    struct collector_pause pause = {stop->since, now, stop->name, is_gc ? stop->cycle : ACTIVITY_NONE, stop->owner};
    int64_t within = trace_range_overlap(c->activity->range, stop->since, now), length = now - stop->since;
    if (within == 0)
        return true;
    struct collector_cycle *cycle = cycle_at(c, pause.cycle);
    quantiles_add(is_gc ? &c->gc_pauses : &c->other_pauses, length);
    *(is_gc ? &c->paused : &c->paused_otherwise) += within;
    if (cycle) {
        cycle->pauses++;
        cycle->paused += length;
        cycle->longest_pause = length > cycle->longest_pause ? length : cycle->longest_pause;
    }
    return vec_push(&c->pauses, c->mem, pause);
}

static bool stop_world(struct collector *c, const struct trace_event *e)
{
    struct collector_open stop = {.owner = e->g, .since = e->time, .cycle = c->in_mark ? last_cycle(c) : ACTIVITY_NONE};
    stop.name = places_string(&c->activity->places, e->table, e->args[0]);
    if (stop.name == PLACES_NONE)
        return false;
    if (e->type == ev_stw_begin)
        return c->stops.n == collector_most_open || vec_push(&c->stops, c->mem, stop);
    return !take_open(c->stops.at, &c->stops.n, e->g, &stop) || end_pause(c, &stop, e->time);
}

static struct collector_helper *helper_of(struct collector *c, uint32_t group)
{
    for (size_t i = 0; i < c->helpers.n; i++) {
        if (c->helpers.at[i].group == group)
            return &c->helpers.at[i];
    }
    struct collector_helper fresh = {.group = group};
    return vec_push(&c->helpers, c->mem, fresh) ? &c->helpers.at[c->helpers.n - 1] : NULL;
}

static bool end_assist(struct collector *c, const struct collector_open *assist, int64_t now)
{
    int64_t within = trace_range_overlap(c->activity->range, assist->since, now);
    struct collector_helper *helper = within > 0 ? helper_of(c, assist->group) : NULL;
    struct collector_cycle *cycle = cycle_at(c, assist->cycle);
    if (within == 0 || !helper)
        return within == 0;
    helper->count++;
    helper->time += within;
    helper->ran += activity_ran(c->activity, assist->owner, now) - assist->ran;
    helper->longest = now - assist->since > helper->longest ? now - assist->since : helper->longest;
    if (cycle) {
        cycle->assists++;
        cycle->assisted += within;
    }
    return true;
}

static bool change_assist(struct collector *c, const struct trace_event *e)
{
    struct collector_open assist;
    int64_t owner = e->type == ev_gc_mark_assist_active ? (int64_t)e->args[0] : e->g;
    bool goes_on = take_open(c->assists.at, &c->assists.n, owner, &assist);
    if (e->type == ev_gc_mark_assist_end)
        return !goes_on || end_assist(c, &assist, e->time);
    if (!goes_on) {
        bool before = e->type == ev_gc_mark_assist_active;
        assist = (struct collector_open){.owner = owner,
                                         .since = before ? c->activity->begin : e->time,
                                         .ran = before ? 0 : activity_ran(c->activity, owner, e->time),
                                         .cycle = last_cycle(c),
                                         .group = activity_group_of(c->activity, owner)};
    }
    return c->assists.n == collector_most_open || vec_push(&c->assists, c->mem, assist);
}

static bool change_sweep(struct collector *c, const struct trace_event *e)
{
    struct collector_open sweep;
    int64_t owner = e->type == ev_gc_sweep_active ? (int64_t)e->args[0] : e->p;
    bool goes_on = take_open(c->sweeps.at, &c->sweeps.n, owner, &sweep);
    if (e->type == ev_gc_sweep_end) {
        struct collector_cycle *cycle = goes_on ? cycle_at(c, sweep.cycle) : NULL;
        if (cycle) {
            cycle->sweeps++;
            cycle->swept_time += trace_range_overlap(c->activity->range, sweep.since, e->time);
            cycle->swept += e->args[0];
            cycle->reclaimed += e->args[1];
        }
        return true;
    }
    if (!goes_on) {
        bool before = e->type == ev_gc_sweep_active;
        sweep = (struct collector_open){
            .owner = owner, .since = before ? c->activity->begin : e->time, .cycle = last_cycle(c)};
    }
    return c->sweeps.n == collector_most_open || vec_push(&c->sweeps, c->mem, sweep);
}

static void change_heap(struct collector *c, const struct trace_event *e)
{
    c->heap = e->args[0];
    if (e->time < c->activity->range.start)
        return;
    c->first_heap = c->first_heap ? c->first_heap : c->heap;
    if (c->heap > c->most_heap) {
        c->most_heap = c->heap;
        c->most_heap_time = e->time;
    }
    struct collector_cycle *cycle = c->in_mark ? cycle_at(c, last_cycle(c)) : NULL;
    if (cycle) {
        cycle->heap_at_start = cycle->heap_at_start ? cycle->heap_at_start : c->heap;
        cycle->most_heap = c->heap > cycle->most_heap ? c->heap : cycle->most_heap;
    }
}

bool collector_add(struct collector *c, const struct trace_event *e)
{
    if (c->activity->over || e->type < ev_stw_begin || e->type > ev_heap_goal)
        return true;
    switch (e->type) {
    case ev_stw_begin:
    case ev_stw_end:
        return stop_world(c, e);
    case ev_gc_active:
    case ev_gc_begin:
        return begin_mark(c, e->time, e->type == ev_gc_active);
    case ev_gc_end:
        end_mark(c, e->time);
        return true;
    case ev_gc_sweep_active:
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
        return change_sweep(c, e);
    case ev_gc_mark_assist_active:
    case ev_gc_mark_assist_begin:
    case ev_gc_mark_assist_end:
        return change_assist(c, e);
    case ev_heap_alloc:
        change_heap(c, e);
        return true;
    default:
        c->goal = e->args[0];
        return true;
    }
}

bool collector_end(struct collector *c)
{
    int64_t end = c->activity->last;
    bool good = true;
    for (size_t i = 0; i < c->assists.n && good; i++)
        good = end_assist(c, &c->assists.at[i], end);
    for (size_t i = 0; i < c->stops.n && good; i++)
        good = end_pause(c, &c->stops.at[i], end);
    c->assists.n = c->stops.n = 0;
    if (!c->in_mark)
        return good;
    end_mark(c, end);
    c->cycles.at[c->cycles.n - 1].is_open = true;
    return good;
}
