/* Checks an ordered v1 trace as Go's reader does: what each event says must be possible where it stands. */
#include <inttypes.h>

#include "trace/v1.h"

enum state { state_dead, state_runnable, state_running, state_waiting };

struct region {
    uint64_t task, name;
};

struct goroutine {
    enum state state;
    uint8_t last; /* type of the event that it last stopped or was woken by; 0 for none */
    bool assists;
    bool created;       /* and not started since */
    uint64_t new_stack; /* of its creation */
    VEC(struct region) regions;
};

struct proc {
    bool runs, sweeps;
    bool stopped; /* the world, before Go 1.10, when each processor told */
    uint64_t g;
};

struct checker {
    struct v1_trace *trace;
    struct mem *mem;
    struct trace_fault *fault;
    struct map goroutine_of_id, proc_of_p, tasks;
    VEC(struct goroutine) goroutines;
    VEC(struct proc) procs;
    bool collects, stopped;
    struct v1_event *event;
};

static bool refuse(struct checker *c, const char *what)
{
    return trace_fault_at(c->fault, c->event->offset,
                          "an event of type %d on processor %" PRId32 " and goroutine %" PRIu64 ": %s", c->event->type,
                          c->event->p, c->event->g, what);
}

/* The index of a goroutine, added where it is new; UINT32_MAX on exhaustion. */
static uint32_t goroutine_index(struct checker *c, uint64_t id)
{
    uint32_t fresh = (uint32_t)c->goroutines.n;
    uint32_t *index = map_add(&c->goroutine_of_id, id, fresh);
    if (!index || (*index == fresh && !vec_push(&c->goroutines, c->mem, (struct goroutine){0})))
        return UINT32_MAX;
    return *index;
}

/* The processor, or the goroutine, of the event, added where it is new; NULL on exhaustion, which refuses. */
static struct proc *find_proc(struct checker *c)
{
    uint32_t fresh = (uint32_t)c->procs.n;
    uint32_t *index = map_add(&c->proc_of_p, (uint32_t)c->event->p, fresh);
    if (!index || (*index == fresh && !vec_push(&c->procs, c->mem, (struct proc){0}))) {
        refuse(c, "out of memory");
        return NULL;
    }
    return &c->procs.at[*index];
}

static struct goroutine *find_goroutine(struct checker *c)
{
    uint32_t index = goroutine_index(c, c->event->g);
    if (index == UINT32_MAX)
        refuse(c, "out of memory");
    return index == UINT32_MAX ? NULL : &c->goroutines.at[index];
}

static bool is_running(struct checker *c, const struct goroutine *g, const struct proc *p, bool may_be_0)
{
    if (g->state != state_running)
        return refuse(c, "the goroutine does not run");
    if (p->g != c->event->g)
        return refuse(c, "the processor does not run the goroutine");
    return may_be_0 || c->event->g != 0 || refuse(c, "there is no goroutine");
}

static bool check_create(struct checker *c, const struct goroutine *g, const struct proc *p)
{
    uint64_t id = c->event->args[0];
    if (!is_running(c, g, p, true))
        return false;
    if (map_find(&c->goroutine_of_id, id))
        return refuse(c, "the new goroutine exists already");
    uint32_t index = goroutine_index(c, id);
    if (index == UINT32_MAX)
        return refuse(c, "out of memory");
    struct goroutine *created = &c->goroutines.at[index];
    created->state = state_runnable;
    created->last = c->event->type;
    created->created = true;
    created->new_stack = c->event->args[1];
    return true;
}

static bool check_start(struct checker *c, struct goroutine *g, struct proc *p)
{
    if (g->state != state_runnable)
        return refuse(c, "the goroutine is not runnable");
    if (p->g != 0)
        return refuse(c, "the processor runs another goroutine");
    g->state = state_running;
    p->g = c->event->g;
    if (g->created)
        c->event->stack = (uint32_t)g->new_stack;
    g->created = false;
    g->last = 0;
    return true;
}

static bool check_unblock(struct checker *c, const struct goroutine *g, const struct proc *p)
{
    if (g->state != state_running)
        return refuse(c, "the goroutine does not run");
    if (c->event->p != v1_timer_p && p->g != c->event->g)
        return refuse(c, "the processor does not run the goroutine");
    uint32_t index = goroutine_index(c, c->event->args[0]);
    if (index == UINT32_MAX)
        return refuse(c, "out of memory");
    struct goroutine *woken = &c->goroutines.at[index];
    if (woken->state != state_waiting)
        return refuse(c, "the goroutine to wake does not wait");
    if (woken->last == v1_go_block_net)
        c->event->p = v1_netpoll_p;
    woken->state = state_runnable;
    woken->last = c->event->type;
    return true;
}

/* The goroutine leaves its processor. */
static bool check_stop(struct checker *c, struct goroutine *g, struct proc *p, enum state next)
{
    if (!is_running(c, g, p, false))
        return false;
    g->state = next;
    p->g = 0;
    if (c->event->type == v1_go_end)
        g->regions.n = 0;
    else if (c->event->type != v1_go_stop && c->event->type != v1_go_sys_block)
        g->last = c->event->type;
    return true;
}

/* The state that a goroutine is said to be in when the trace begins. */
static bool check_status(struct checker *c, struct goroutine *g)
{
    if (g->state != state_runnable)
        return refuse(c, "the goroutine is not runnable");
    g->state = state_waiting;
    g->last = c->event->type;
    return true;
}

static bool check_return(struct checker *c, struct goroutine *g)
{
    if (g->state != state_waiting)
        return refuse(c, "the goroutine does not wait");
    g->state = state_runnable;
    g->last = c->event->type;
    return true;
}

static bool check_region(struct checker *c, struct goroutine *g)
{
    struct region region = {c->event->args[0], c->event->args[2]};
    if (c->event->args[1] > 1)
        return refuse(c, "a region that neither begins nor ends");
    if (c->event->args[1] == 0)
        return vec_push(&g->regions, c->mem, region) || refuse(c, "out of memory");
    if (g->regions.n == 0)
        return true;
    const struct region *last = &g->regions.at[g->regions.n - 1];
    if (last->task != region.task || last->name != region.name)
        return refuse(c, "a region ends within another");
    g->regions.n--;
    return true;
}

/* A flag that a pair of events raises and lowers. */
static bool toggle(struct checker *c, bool *flag, bool to)
{
    if (*flag == to)
        return refuse(c, to ? "the one before has not ended" : "it has not begun");
    *flag = to;
    return true;
}

static bool check_task(struct checker *c)
{
    if (c->event->type == v1_user_task_end) {
        map_remove(&c->tasks, c->event->args[0]);
        return true;
    }
    if (map_find(&c->tasks, c->event->args[0]))
        return refuse(c, "the task exists already");
    return map_add(&c->tasks, c->event->args[0], 1) || refuse(c, "out of memory");
}

static bool check_proc_stop(struct checker *c, struct proc *p)
{
    if (p->g != 0 && p->runs)
        return refuse(c, "the processor runs a goroutine");
    return toggle(c, &p->runs, false);
}

/* Events that change no goroutine. What they happen on need not be known yet: a CPU sample may come before the creation
 * of its goroutine. */
static bool check_elsewhere(struct checker *c, struct proc *p)
{
    switch (c->event->type) {
    case v1_proc_start:
        return toggle(c, &p->runs, true);
    case v1_proc_stop:
        return check_proc_stop(c, p);
    case v1_gc_start:
        c->event->p = v1_gc_p;
        return toggle(c, &c->collects, true);
    case v1_gc_done:
        return toggle(c, &c->collects, false);
    case v1_stw_start:
    case v1_stw_done:
        return toggle(c, c->trace->version < 10 ? &p->stopped : &c->stopped, c->event->type == v1_stw_start);
    case v1_gc_sweep_start:
        return toggle(c, &p->sweeps, true);
    case v1_gc_sweep_done:
        return toggle(c, &p->sweeps, false);
    case v1_user_task_create:
    case v1_user_task_end:
        return check_task(c);
    default:
        return true;
    }
}

static bool check_event(struct checker *c)
{
    struct proc *p = find_proc(c);
    if (!p)
        return false;
    uint8_t type = c->event->type;
    bool changes_goroutine = (type >= v1_go_create && type <= v1_go_in_syscall) || type == v1_go_start_label ||
                             type == v1_go_block_gc || type == v1_gc_mark_assist_start ||
                             type == v1_gc_mark_assist_done || type == v1_user_region;
    if (!changes_goroutine)
        return check_elsewhere(c, p);
    struct goroutine *g = find_goroutine(c);
    if (!g)
        return false;
    switch (type) {
    case v1_gc_mark_assist_start:
        return toggle(c, &g->assists, true);
    case v1_gc_mark_assist_done:
        g->assists = false; /* it may have begun before the trace */
        return true;
    case v1_go_waiting:
    case v1_go_in_syscall:
        return check_status(c, g);
    case v1_go_create:
        return check_create(c, g, p);
    case v1_go_start:
    case v1_go_start_label:
        return check_start(c, g, p);
    case v1_go_end:
    case v1_go_stop:
        return check_stop(c, g, p, state_dead);
    case v1_go_sched:
    case v1_go_preempt:
        return check_stop(c, g, p, state_runnable);
    case v1_go_unblock:
        return check_unblock(c, g, p);
    case v1_go_syscall:
        g->last = type;
        return is_running(c, g, p, false);
    case v1_go_sys_exit:
        return check_return(c, g);
    case v1_user_region:
        return check_region(c, g);
    default: /* all that is left blocks */
        return check_stop(c, g, p, state_waiting);
    }
}

static bool check_all(struct checker *c)
{
    uint32_t zero = goroutine_index(c, 0);
    if (zero == UINT32_MAX)
        return trace_fault_at(c->fault, 0, "out of memory");
    c->goroutines.at[zero].state = state_running;
    for (size_t i = 0; i < c->trace->order.n; i++) {
        uint32_t index;
        c->event = &c->trace->events.at[c->trace->order.at[i]];
        if (!check_event(c))
            return false;
        if (!trace_ids_find(&c->trace->table.stack_ids, c->event->stack, &index))
            c->event->stack = 0;
    }
    return true;
}

bool v1_check(struct v1_trace *trace, struct trace_fault *fault)
{
    struct checker c = {.trace = trace, .mem = trace->mem, .fault = fault};
    map_init(&c.goroutine_of_id, c.mem);
    map_init(&c.proc_of_p, c.mem);
    map_init(&c.tasks, c.mem);
    bool good = check_all(&c);
    for (size_t i = 0; i < c.goroutines.n; i++)
        vec_finish(&c.goroutines.at[i].regions, c.mem);
    vec_finish(&c.goroutines, c.mem);
    vec_finish(&c.procs, c.mem);
    map_finish(&c.goroutine_of_id);
    map_finish(&c.proc_of_p);
    map_finish(&c.tasks);
    return good;
}
