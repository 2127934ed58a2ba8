/* Each change of a goroutine's state ends an interval, which is added to what it belongs to as far as it is in the
 * range. A goroutine that is first heard of in the middle of a state has been in it since the trace began: the time
 * counts, but not as the length of a wait. */
#include "trace/activity.h"

#include "base/hash.h"

enum { nrecent = 4096 };

bool activity_init(struct activity *a, struct trace_range wanted, struct mem *mem)
{
    *a = (struct activity){.mem = mem, .wanted = wanted, .recent_thread = TRACE_NO_THREAD};
    map_init(&a->goroutine_of_id, mem);
    map_init(&a->proc_of_id, mem);
    map_init(&a->wait_of_key, mem);
    map_init(&a->wakeup_of_key, mem);
    map_init(&a->threads, mem);
    return places_init(&a->places, mem);
}

void activity_finish(struct activity *a)
{
    for (size_t i = 0; i < a->groups.n; i++)
        mem_put(a->mem, a->groups.at[i].latency, sizeof *a->groups.at[i].latency);
    vec_finish(&a->goroutines, a->mem);
    vec_finish(&a->free, a->mem);
    vec_finish(&a->groups, a->mem);
    vec_finish(&a->group_of_name, a->mem);
    vec_finish(&a->procs, a->mem);
    vec_finish(&a->waits, a->mem);
    vec_finish(&a->wakeups, a->mem);
    vec_finish(&a->leaks, a->mem);
    map_finish(&a->goroutine_of_id);
    map_finish(&a->proc_of_id);
    map_finish(&a->wait_of_key);
    map_finish(&a->wakeup_of_key);
    map_finish(&a->threads);
    places_finish(&a->places);
}

static bool in_range(const struct activity *a, int64_t time)
{
    return time >= a->range.start && time < a->range.end;
}

/* The place of a goroutine; ACTIVITY_NONE where it is not alive. */
static uint32_t find(const struct activity *a, int64_t id)
{
    uint32_t recent = a->recent[(uint64_t)id % nrecent];
    if (recent < a->goroutines.n && a->goroutines.at[recent].id == id && id != INT64_MIN)
        return recent;
    uint32_t *index = map_find(&a->goroutine_of_id, (uint64_t)id);
    return index ? *index : ACTIVITY_NONE;
}

/* A new goroutine; NULL on exhaustion. */
static struct activity_goroutine *begin_goroutine(struct activity *a, int64_t id)
{
    uint32_t index = (uint32_t)a->goroutines.n;
    if (a->free.n > 0)
        index = a->free.at[--a->free.n];
    else if (!vec_push(&a->goroutines, a->mem, (struct activity_goroutine){.id = INT64_MIN}))
        return NULL;
    uint32_t *slot = map_add(&a->goroutine_of_id, (uint64_t)id, index);
    if (!slot)
        return NULL;
    *slot = index;
    a->recent[(uint64_t)id % nrecent] = index;
    a->goroutines.at[index] = (struct activity_goroutine){.id = id, .group = ACTIVITY_NONE, .proc = ACTIVITY_NONE};
    a->alive++;
    a->most_alive = a->alive > a->most_alive ? a->alive : a->most_alive;
    return &a->goroutines.at[index];
}

/* The group of a start function; ACTIVITY_NONE on exhaustion. */
static uint32_t group_of_name(struct activity *a, uint32_t name)
{
    while (a->group_of_name.n <= name) {
        if (!vec_push(&a->group_of_name, a->mem, ACTIVITY_NONE))
            return ACTIVITY_NONE;
    }
    uint32_t *group = &a->group_of_name.at[name];
    if (*group == ACTIVITY_NONE && a->groups.n == activity_most_groups) {
        *group = activity_most_groups - 1;
    } else if (*group == ACTIVITY_NONE) {
        /* The last group is for all others. */
        uint32_t shown = a->groups.n + 1 < activity_most_groups ? name : places_name(&a->places, STR("(others)"));
        if (shown == PLACES_NONE || !vec_push(&a->groups, a->mem, (struct activity_group){.name = shown}))
            return ACTIVITY_NONE;
        *group = (uint32_t)a->groups.n - 1;
    }
    return *group;
}

/* The group that a goroutine counts for, which is that without a name while its start function is unknown. */
static struct activity_group *group_at(struct activity *a, const struct activity_goroutine *g)
{
    uint32_t group = g->group != ACTIVITY_NONE ? g->group : group_of_name(a, 0);
    return group != ACTIVITY_NONE ? &a->groups.at[group] : NULL;
}

uint32_t activity_group_of(const struct activity *a, int64_t goroutine)
{
    uint32_t index = find(a, goroutine);
    return index != ACTIVITY_NONE ? a->goroutines.at[index].group : ACTIVITY_NONE;
}

int64_t activity_ran(const struct activity *a, int64_t goroutine, int64_t now)
{
    uint32_t index = find(a, goroutine);
    if (index == ACTIVITY_NONE)
        return 0;
    const struct activity_goroutine *g = &a->goroutines.at[index];
    return g->time[go_running] + (g->state == go_running ? trace_range_overlap(a->range, g->since, now) : 0);
}

/* The processor of an id; ACTIVITY_NONE where it has no figures of its own, or on exhaustion. */
static uint32_t proc_of(struct activity *a, int64_t id)
{
    uint32_t *known = map_find(&a->proc_of_id, (uint64_t)id), fresh = (uint32_t)a->procs.n;
    if (known || id == TRACE_NO_PROC || a->procs.n == activity_most_procs)
        return known ? *known : ACTIVITY_NONE;
    if (!vec_push(&a->procs, a->mem, (struct activity_proc){.id = id}) || !map_add(&a->proc_of_id, (uint64_t)id, fresh))
        return ACTIVITY_NONE;
    return fresh;
}

static uint64_t key_of(uint64_t a, uint64_t b)
{
    return hash_fold(hash_u64(a), b);
}

/* Adds a wait that ended, or is not over. */
static bool add_wait(struct activity *a, const struct activity_goroutine *g, int64_t within, int64_t length)
{
    bool is_syscall = g->state == go_syscall;
    uint64_t key = key_of((uint64_t)g->reason << 1 | is_syscall, g->stack);
    uint32_t fresh = (uint32_t)a->waits.n, *index = map_add(&a->wait_of_key, key, fresh);
    struct activity_wait wait = {.reason = g->reason, .stack = g->stack, .is_syscall = is_syscall};
    if (!index || (*index == fresh && !vec_push(&a->waits, a->mem, wait)))
        return false;
    struct activity_wait *w = &a->waits.at[*index];
    w->count++;
    w->total += within;
    w->most = length > w->most ? length : w->most;
    return true;
}

static void keep_worst(struct activity *a, struct activity_latency latency)
{
    unsigned at = a->nworst < activity_worst ? a->nworst++ : activity_worst - 1;
    if (at == activity_worst - 1 && a->worst[at].length >= latency.length && a->nworst == activity_worst)
        return;
    for (; at > 0 && a->worst[at - 1].length < latency.length; at--)
        a->worst[at] = a->worst[at - 1];
    a->worst[at] = latency;
}

/* A goroutine runs that could have run for some time. */
static bool add_latency(struct activity *a, const struct activity_goroutine *g, int64_t now)
{
    if (!g->since_known || !in_range(a, now))
        return true;
    struct activity_group *group = group_at(a, g);
    if (!group)
        return false;
    if (!group->latency) {
        group->latency = mem_get(a->mem, sizeof *group->latency);
        if (!group->latency)
            return false;
        *group->latency = (struct quantiles){0};
    }
    int64_t length = now - g->since;
    quantiles_add(group->latency, length);
    quantiles_add(&a->latency, length);
    if (a->nworst < activity_worst || length > a->worst[activity_worst - 1].length)
        keep_worst(a, (struct activity_latency){g->id, now, length, g->group});
    return true;
}

/* Who is busy and who could be changes at `now`. */
static void count_states(struct activity *a, int busy, int runnable, int64_t now)
{
    bool was = a->runnable_now > 0 && a->nprocs > 0 && a->busy_now >= a->nprocs;
    a->busy_now += (uint64_t)(int64_t)busy;
    a->runnable_now += (uint64_t)(int64_t)runnable;
    bool is = a->runnable_now > 0 && a->nprocs > 0 && a->busy_now >= a->nprocs;
    if (was && !is)
        a->saturated += trace_range_overlap(a->range, a->saturated_since, now);
    if (is && !was)
        a->saturated_since = now;
}

/* Ends the interval that a goroutine was in its state; false on exhaustion. */
static bool leave(struct activity *a, struct activity_goroutine *g, int64_t now)
{
    int64_t within = trace_range_overlap(a->range, g->since, now);
    int64_t from = g->since > a->range.start ? g->since : a->range.start, to = from + within;
    g->time[g->state] += within;
    switch (g->state) {
    case go_running:
        count_states(a, -1, 0, now);
        course_add(&a->busy, a->begin, from, to);
        if (g->proc != ACTIVITY_NONE) {
            a->procs.at[g->proc].busy += within;
            course_add(&a->procs.at[g->proc].course, a->begin, from, to);
            g->proc = ACTIVITY_NONE;
        }
        return true;
    case go_runnable:
        count_states(a, 0, -1, now);
        course_add(&a->runnable, a->begin, from, to);
        return true;
    case go_waiting:
    case go_syscall:
        return within == 0 || add_wait(a, g, within, g->since_known ? now - g->since : 0);
    default:
        return true;
    }
}

/* Adds a goroutine's times to its group's. */
static bool settle(struct activity *a, struct activity_goroutine *g)
{
    struct activity_group *group = group_at(a, g);
    for (int i = 0; i <= go_syscall && group; i++) {
        group->time[i] += g->time[i];
        g->time[i] = 0;
    }
    return group != NULL;
}

static bool end_goroutine(struct activity *a, uint32_t index, int64_t now)
{
    struct activity_goroutine *g = &a->goroutines.at[index];
    struct activity_group *group = group_at(a, g);
    if (!group || !settle(a, g))
        return false;
    a->alive--;
    if (in_range(a, now)) {
        a->ended++;
        group->ended++;
    } else {
        a->alive_at_begin--;
    }
    map_remove(&a->goroutine_of_id, (uint64_t)g->id);
    g->id = INT64_MIN;
    return vec_push(&a->free, a->mem, index);
}

static bool enter(struct activity *a, struct activity_goroutine *g, const struct trace_event *e,
                  const struct trace_transition *t)
{
    g->state = t->to;
    g->since = e->time;
    g->since_known = true;
    if (t->to == go_running) {
        g->proc = proc_of(a, e->p);
        count_states(a, 1, 0, e->time);
    } else if (t->to == go_runnable) {
        count_states(a, 0, 1, e->time);
    } else {
        g->reason = t->reason ? places_string(&a->places, e->table, t->reason) : 0;
        /* Of a goroutine that only begins, or is only heard of, the event's own stack is another's. */
        g->stack = t->stack && t->from == go_running ? places_stack(&a->places, e->table, t->stack) : 0;
        if (t->from == go_undetermined && t->has_stack)
            g->stack = places_stack(&a->places, e->table, t->stack);
        return g->reason != PLACES_NONE && g->stack != PLACES_NONE;
    }
    return true;
}

/* A goroutine is of the group of the outermost function of the first stack that is said of it. */
static bool find_group(struct activity *a, struct activity_goroutine *g, const struct trace_event *e,
                       const struct trace_transition *t)
{
    if (g->group != ACTIVITY_NONE || !t->has_stack)
        return true;
    uint32_t stack = places_stack(&a->places, e->table, t->stack);
    if (stack == PLACES_NONE)
        return false;
    uint32_t name = places_start(&a->places, stack);
    if (name == 0)
        return true;
    g->group = group_of_name(a, name);
    return g->group != ACTIVITY_NONE;
}

/* A goroutine that is created by an event, or that was there before the trace. */
static struct activity_goroutine *meet(struct activity *a, const struct trace_event *e,
                                       const struct trace_transition *t)
{
    struct activity_goroutine *g = begin_goroutine(a, t->id);
    if (!g)
        return NULL;
    g->since = a->begin;
    if (t->from != go_not_exist) {
        a->alive_at_begin++;
        return g;
    }
    g->created = true;
    g->creation = e->time;
    g->creation_stack = places_stack(&a->places, e->table, trace_event_stack(e));
    a->created += in_range(a, e->time);
    a->alive_at_begin += !in_range(a, e->time);
    return g->creation_stack != PLACES_NONE ? g : NULL;
}

static bool add_wakeup(struct activity *a, const struct activity_goroutine *g, const struct trace_event *e)
{
    uint32_t waker = e->g != TRACE_NO_GOROUTINE ? activity_group_of(a, e->g) : ACTIVITY_NONE;
    struct activity_wakeup wakeup = {.waker = waker, .woken = g->group, .reason = g->reason};
    uint64_t key = key_of((uint64_t)waker << 32 | g->group, g->reason);
    uint32_t fresh = (uint32_t)a->wakeups.n, *index = map_add(&a->wakeup_of_key, key, fresh);
    if (!index || (*index == fresh && !vec_push(&a->wakeups, a->mem, wakeup)))
        return false;
    a->wakeups.at[*index].count++;
    a->wakeups.at[*index].waited += trace_range_overlap(a->range, g->since, e->time);
    return true;
}

/* Gives a goroutine that was heard of only now its time since the trace began in the state that it turns out to have
 * had. */
static void begin_before(struct activity *a, struct activity_goroutine *g)
{
    g->since = a->begin;
    g->since_known = false;
}

static bool change_goroutine(struct activity *a, const struct trace_event *e, const struct trace_transition *t)
{
    uint32_t index = find(a, t->id);
    bool is_new = index == ACTIVITY_NONE || t->from == go_undetermined || t->from == go_not_exist;
    if (t->from == t->to)
        return index == ACTIVITY_NONE || find_group(a, &a->goroutines.at[index], e, t);
    if (index != ACTIVITY_NONE && is_new && !end_goroutine(a, index, e->time)) /* an id that is used again */
        return false;
    struct activity_goroutine *g = is_new ? meet(a, e, t) : &a->goroutines.at[index];
    if (!g || !find_group(a, g, e, t))
        return false;
    if (is_new && t->from == go_not_exist) {
        struct activity_group *group = group_at(a, g);
        if (!group)
            return false;
        group->created += in_range(a, e->time);
    }
    if (!is_new) {
        bool wakes = e->type == ev_go_unblock || e->type == ev_go_switch || e->type == ev_go_switch_destroy;
        if ((wakes && in_range(a, e->time) && !add_wakeup(a, g, e)) ||
            (t->to == go_running && g->state == go_runnable && !add_latency(a, g, e->time)) || !leave(a, g, e->time))
            return false;
    }
    if (t->to == go_not_exist)
        return end_goroutine(a, find(a, t->id), e->time);
    if (!enter(a, g, e, t))
        return false;
    if (t->from == go_undetermined)
        begin_before(a, g);
    return true;
}

static bool change_proc(struct activity *a, const struct trace_event *e, const struct trace_transition *t)
{
    uint32_t index = proc_of(a, t->id);
    if (index == ACTIVITY_NONE)
        return true;
    struct activity_proc *p = &a->procs.at[index];
    bool runs = t->to == proc_running;
    if (runs && !p->is_running)
        p->running_since = t->from == proc_undetermined ? a->begin : e->time;
    if (!runs && p->is_running)
        p->running += trace_range_overlap(a->range, p->running_since, e->time);
    p->is_running = runs;
    return true;
}

static bool note_thread(struct activity *a, int64_t m)
{
    if (m == a->recent_thread || m == TRACE_NO_THREAD)
        return true;
    a->recent_thread = m;
    return map_add(&a->threads, (uint64_t)m, 0) != NULL;
}

/* Behind the range only those matter that turn out to have been there all the time. */
static bool add_late(struct activity *a, const struct trace_event *e)
{
    struct trace_transition t;
    a->last = a->range.end;
    a->over = true;
    bool is_status = e->type == ev_go_status || e->type == ev_go_status_stack || e->type == ev_proc_status;
    if (!is_status || !trace_event_transition(e, &t))
        return true;
    if (!t.is_goroutine)
        return t.from != proc_undetermined || change_proc(a, e, &t);
    return t.from != go_undetermined || find(a, t.id) != ACTIVITY_NONE || change_goroutine(a, e, &t);
}

bool activity_add(struct activity *a, const struct trace_event *e)
{
    struct trace_transition t;
    if (!a->began) {
        a->began = true;
        a->begin = e->time;
        a->range = trace_range_from(a->wanted, e->time);
        if (a->range.start < a->begin)
            a->range.start = a->begin;
    }
    if (a->over || e->time >= a->range.end)
        return add_late(a, e);
    a->last = e->time;
    if (!in_range(a, e->time)) {
        a->most_alive = 0;
    } else {
        a->most_alive = a->alive > a->most_alive ? a->alive : a->most_alive;
        a->events++;
        if (!note_thread(a, e->m))
            return false;
    }
    if (e->type == ev_procs_change) {
        count_states(a, 0, 0, e->time);
        a->nprocs = e->args[0];
        a->nprocs_most = e->args[0] > a->nprocs_most ? e->args[0] : a->nprocs_most;
        return true;
    }
    if (!trace_event_transition(e, &t))
        return true;
    return t.is_goroutine ? change_goroutine(a, e, &t) : change_proc(a, e, &t);
}

/* Adds a goroutine that waits at the end. */
static bool add_leak(struct activity *a, struct map *leak_of_key, const struct activity_goroutine *g, int64_t end)
{
    uint64_t key = key_of((uint64_t)g->creation_stack << 32 | g->stack, (uint64_t)g->reason << 32 | g->group);
    uint32_t fresh = (uint32_t)a->leaks.n, *index = map_add(leak_of_key, key, fresh);
    struct activity_leak leak = {
        .creation_stack = g->creation_stack, .reason = g->reason, .stack = g->stack, .group = g->group, .longest = -1};
    if (!index || (*index == fresh && !vec_push(&a->leaks, a->mem, leak)))
        return false;
    struct activity_leak *l = &a->leaks.at[*index];
    l->count++;
    l->created += g->created;
    int64_t length = end - g->since;
    if (length > l->longest) {
        l->longest = length;
        l->since_before = !g->since_known;
        l->goroutine = g->id;
    }
    return true;
}

struct trace_range activity_span(const struct activity *a)
{
    struct trace_range span = {a->begin, a->last};
    span.start = a->range.start > span.start ? a->range.start : span.start;
    span.end = a->range.end < span.end ? a->range.end : span.end;
    return span.start < span.end ? span : (struct trace_range){span.start, span.start};
}

bool activity_end(struct activity *a)
{
    struct map leak_of_key;
    map_init(&leak_of_key, a->mem);
    bool good = true;
    for (size_t i = 0; i < a->goroutines.n && good; i++) {
        struct activity_goroutine *g = &a->goroutines.at[i];
        if (g->id == INT64_MIN)
            continue;
        good =
            (g->state != go_waiting || add_leak(a, &leak_of_key, g, a->last)) && leave(a, g, a->last) && settle(a, g);
        struct activity_group *group = good ? group_at(a, g) : NULL;
        if (group)
            group->alive++;
    }
    for (size_t i = 0; i < a->procs.n && good; i++) {
        struct activity_proc *p = &a->procs.at[i];
        if (p->is_running)
            p->running += trace_range_overlap(a->range, p->running_since, a->last);
        p->is_running = false;
    }
    map_finish(&leak_of_key);
    return good;
}
