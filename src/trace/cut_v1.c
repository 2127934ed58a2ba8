/* What v2 wants of an event is that it happens on a thread which has the processor and the goroutine that it is about.
 * The cut knows where those are; an event is moved there, or left out where they are in no such state.
 *
 * A thread of v1 is only as good as the last start of a processor. Where it still holds a goroutine in a system call,
 * or another processor, one that is not in the trace takes its place. What has to happen first, such as a processor
 * leaving a thread, is told by an event before, 1 ns behind the last one. */
#include "trace/cut_v1.h"

#include "trace/cut_step.h"

enum { first_fresh = 10000000, no_region = UINT32_MAX };

void cut_v1_init(struct trace_cut *cut)
{
    struct cut_v1 *v1 = &cut->v1;
    *v1 = (struct cut_v1){.last = INT64_MIN};
    map_init(&v1->thread_of, cut->mem);
    map_init(&v1->region_of, cut->mem);
    map_init(&v1->open_tasks, cut->mem);
}

void cut_v1_finish(struct trace_cut *cut)
{
    struct cut_v1 *v1 = &cut->v1;
    map_finish(&v1->thread_of);
    map_finish(&v1->region_of);
    map_finish(&v1->open_tasks);
    vec_finish(&v1->threads, cut->mem);
    vec_finish(&v1->regions, cut->mem);
}

/* Passes an event on, behind all before it. */
static bool give(struct trace_cut *cut, struct trace_event *e, struct buf *out)
{
    struct cut_v1 *v1 = &cut->v1;
    if (v1->last != INT64_MIN && e->time <= v1->last)
        e->time = v1->last + 1;
    v1->last = e->time;
    return cut_take(cut, e, out);
}

/* Passes on an event that is not in the trace, of a thread with what it has, just before `e`. */
static bool insert(struct trace_cut *cut, const struct trace_event *e, int64_t m, enum trace_type type, uint64_t a,
                   uint64_t b, uint64_t c, struct buf *out)
{
    struct cut_thread *thread = m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, m);
    struct trace_event event = {.time = cut->v1.last < e->time ? cut->v1.last + 1 : e->time,
                                .m = m,
                                .p = thread ? thread->p : TRACE_NO_PROC,
                                .g = thread ? thread->g : TRACE_NO_GOROUTINE,
                                .args = {a, b, c},
                                .table = e->table,
                                .type = (uint8_t)type};
    return give(cut, &event, out);
}

static int64_t fresh_thread(struct trace_cut *cut)
{
    return first_fresh + cut->v1.nfresh++;
}

static bool is_free(struct trace_cut *cut, int64_t m)
{
    struct cut_thread *thread = m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, m);
    return thread && thread->p == TRACE_NO_PROC && thread->g == TRACE_NO_GOROUTINE;
}

/* A thread without a processor and a goroutine to stand for one of the trace: itself, if it can. */
static int64_t free_thread(struct trace_cut *cut, int64_t m)
{
    struct cut_v1 *v1 = &cut->v1;
    if (is_free(cut, m))
        return m;
    uint32_t fresh = (uint32_t)v1->threads.n, *index = map_add(&v1->thread_of, (uint64_t)m, fresh);
    if (!index || (*index == fresh && !vec_push(&v1->threads, cut->mem, m))) {
        cut->failed = true;
        return m;
    }
    int64_t *stand_in = &v1->threads.at[*index];
    if (!is_free(cut, *stand_in))
        *stand_in = fresh_thread(cut);
    return *stand_in;
}

/* Moves an event to where its processor is, with what is there; false, with the event nowhere, where that is nowhere.
 */
static bool place(struct trace_cut *cut, struct trace_event *e)
{
    struct cut_proc *proc = cut_find_proc(cut, e->p);
    struct cut_thread *thread = proc && proc->m != TRACE_NO_THREAD ? cut_thread_of(cut, proc->m) : NULL;
    e->m = thread ? thread->m : TRACE_NO_THREAD;
    e->p = thread ? thread->p : TRACE_NO_PROC;
    e->g = thread ? thread->g : TRACE_NO_GOROUTINE;
    return thread != NULL;
}

static bool has_status(struct trace_cut *cut, int64_t g, enum trace_go_status status)
{
    struct cut_goroutine *goroutine = g == TRACE_NO_GOROUTINE ? NULL : cut_find_goroutine(cut, g);
    return goroutine && goroutine->status == status;
}

/* Moves an event to where its goroutine is in a status, on a processor. */
static bool place_with(struct trace_cut *cut, struct trace_event *e, enum trace_go_status status)
{
    int64_t g = e->g;
    return place(cut, e) && e->g == g && has_status(cut, g, status);
}

/* Makes sure that a processor is on a thread which has no goroutine, so that one can start there. */
static bool free_proc(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct cut_proc *proc = cut_find_proc(cut, e->p);
    uint64_t p = (uint64_t)e->p;
    if (!proc)
        return insert(cut, e, free_thread(cut, e->m), ev_proc_status, p, proc_status_running, 0, out);
    struct cut_thread *thread = proc->m == TRACE_NO_THREAD ? NULL : cut_thread_of(cut, proc->m);
    if (thread && thread->g == TRACE_NO_GOROUTINE)
        return true;
    return (!thread || insert(cut, e, thread->m, ev_proc_stop, 0, 0, 0, out)) &&
           insert(cut, e, free_thread(cut, e->m), ev_proc_start, p, 0, 0, out);
}

/* A processor comes to a thread, or is known to be idle. Whether the event is to be passed on, here and below. */
static bool fix_proc(struct trace_cut *cut, struct trace_event *e)
{
    struct cut_proc *proc = cut_find_proc(cut, (int64_t)e->args[0]);
    bool idle = e->type == ev_proc_status && e->args[1] == proc_status_idle;
    e->p = TRACE_NO_PROC;
    e->g = TRACE_NO_GOROUTINE;
    e->m = idle ? TRACE_NO_THREAD : free_thread(cut, e->m);
    return !proc || proc->m == TRACE_NO_THREAD;
}

static bool fix_status(struct trace_cut *cut, struct trace_event *e, struct buf *out)
{
    uint32_t status = (uint32_t)e->args[2];
    if (cut_find_goroutine(cut, (int64_t)e->args[0]))
        return false;
    if (status == go_status_running)
        return free_proc(cut, e, out) && place(cut, e);
    e->m = status == go_status_syscall ? fresh_thread(cut) : TRACE_NO_THREAD;
    e->p = TRACE_NO_PROC;
    e->g = TRACE_NO_GOROUTINE;
    return true;
}

static bool fix_start(struct trace_cut *cut, struct trace_event *e, struct buf *out)
{
    int64_t g = (int64_t)e->args[0];
    if (!cut_find_goroutine(cut, g) &&
        !insert(cut, e, TRACE_NO_THREAD, ev_go_status, e->args[0], (uint64_t)TRACE_NO_THREAD, go_status_runnable, out))
        return false;
    return has_status(cut, g, go_status_runnable) && free_proc(cut, e, out) && place(cut, e);
}

/* The end of a system call that blocked, on the thread that it is on, which has lost its processor. */
static bool fix_syscall_end(struct trace_cut *cut, struct trace_event *e, struct buf *out)
{
    if (!has_status(cut, e->g, go_status_syscall))
        return false;
    int64_t m = cut_find_goroutine(cut, e->g)->m;
    struct cut_thread *thread = cut_thread_of(cut, m);
    struct cut_proc *proc = thread ? cut_find_proc(cut, thread->p) : NULL;
    if (proc && proc->status == proc_status_syscall && !insert(cut, e, m, ev_proc_stop, 0, 0, 0, out))
        return false;
    e->m = m;
    e->p = TRACE_NO_PROC;
    return true;
}

/* Regions of a goroutine must end in the order that they began in; what was open before the trace may end. */
static bool fix_region(struct trace_cut *cut, struct trace_event *e)
{
    struct cut_v1 *v1 = &cut->v1;
    uint32_t name = cut_text(cut, e, e->args[1]), *innermost = map_find(&v1->region_of, (uint64_t)e->g);
    if (e->type == ev_user_region_begin) {
        struct cut_region region = {e->args[0], name, innermost ? *innermost : no_region};
        if (!innermost)
            innermost = map_add(&v1->region_of, (uint64_t)e->g, no_region);
        cut->failed |= !innermost || !vec_push(&v1->regions, cut->mem, region);
        if (!cut->failed)
            *innermost = (uint32_t)v1->regions.n - 1;
        return true;
    }
    if (!innermost || *innermost == no_region)
        return true;
    const struct cut_region *region = &v1->regions.at[*innermost];
    if (region->task != e->args[0] || region->name != name)
        return false;
    *innermost = region->outer;
    return true;
}

static bool fix_task(struct trace_cut *cut, const struct trace_event *e)
{
    struct map *open = &cut->v1.open_tasks;
    if (e->type == ev_user_task_end) {
        map_remove(open, e->args[0]);
        return true;
    }
    if (map_find(open, e->args[0]))
        return false;
    cut->failed |= !map_add(open, e->args[0], 1);
    return true;
}

/* The heap belongs to no processor; any one will do where the event's is nowhere. */
static bool fix_heap(struct trace_cut *cut, struct trace_event *e)
{
    for (size_t i = 0; !place(cut, e) && i < cut->procs.n; i++)
        e->p = cut->procs.at[i].id;
    return e->m != TRACE_NO_THREAD;
}

/* The collector's cycles do not, either; v2 has them on a goroutine that runs. */
static bool fix_cycle(struct trace_cut *cut, struct trace_event *e)
{
    bool is_on = cut->collector == cut_collector_on, found = false;
    struct cut_goroutine *g = cut_find_goroutine(cut, e->g);
    struct cut_thread *thread = g && g->m != TRACE_NO_THREAD ? cut_thread_of(cut, g->m) : NULL;
    e->p = thread ? thread->p : TRACE_NO_PROC;
    for (size_t i = 0; !(found = place(cut, e) && has_status(cut, e->g, go_status_running)) && i < cut->procs.n; i++)
        e->p = cut->procs.at[i].id;
    return found && is_on == (e->type == ev_gc_end);
}

/* Stops of the world, help for the collector and sweeps begin and end in turn. */
static bool fix_range(struct trace_cut *cut, struct trace_event *e)
{
    if (e->type == ev_gc_sweep_begin || e->type == ev_gc_sweep_end)
        return place(cut, e) && cut_find_proc(cut, e->p)->sweeps == (e->type == ev_gc_sweep_end);
    if (!place_with(cut, e, go_status_running))
        return false;
    const struct cut_goroutine *g = cut_find_goroutine(cut, e->g);
    bool is_stop = e->type == ev_stw_begin || e->type == ev_stw_end;
    return (is_stop ? g->stops : g->assists) == (e->type == ev_stw_end || e->type == ev_gc_mark_assist_end);
}

/* What comes out of a goroutine's code. */
static bool fix_note(struct trace_cut *cut, struct trace_event *e)
{
    if (!place_with(cut, e, go_status_running))
        return false;
    switch (e->type) {
    case ev_user_region_begin:
    case ev_user_region_end:
        return fix_region(cut, e);
    case ev_user_task_begin:
    case ev_user_task_end:
        return fix_task(cut, e);
    default:
        return true;
    }
}

static bool fix(struct trace_cut *cut, struct trace_event *e, struct buf *out)
{
    switch (e->type) {
    case ev_mark:
    case ev_cpu_sample:
        return true;
    case ev_proc_status:
    case ev_proc_start:
        return fix_proc(cut, e);
    case ev_proc_stop:
        return place(cut, e);
    case ev_stw_begin:
    case ev_stw_end:
    case ev_gc_sweep_begin:
    case ev_gc_sweep_end:
    case ev_gc_mark_assist_begin:
    case ev_gc_mark_assist_end:
        return fix_range(cut, e);
    case ev_go_status:
        return fix_status(cut, e, out);
    case ev_go_create:
        return !cut_find_goroutine(cut, (int64_t)e->args[0]) && place(cut, e) &&
               (e->g == TRACE_NO_GOROUTINE || has_status(cut, e->g, go_status_running));
    case ev_go_start:
        return fix_start(cut, e, out);
    case ev_go_unblock:
        place(cut, e);
        return has_status(cut, (int64_t)e->args[0], go_status_waiting);
    case ev_go_syscall_end:
        return place_with(cut, e, go_status_syscall) && cut_find_proc(cut, e->p)->status == proc_status_syscall;
    case ev_go_syscall_end_blocked:
        return fix_syscall_end(cut, e, out);
    case ev_gc_begin:
    case ev_gc_end:
        return fix_cycle(cut, e);
    case ev_heap_alloc:
    case ev_heap_goal:
        return fix_heap(cut, e);
    case ev_go_destroy:
        map_remove(&cut->v1.region_of, (uint64_t)e->g);
        return place_with(cut, e, go_status_running);
    default:
        return fix_note(cut, e);
    }
}

bool cut_v1_add(struct trace_cut *cut, const struct trace_event *e, struct buf *out)
{
    struct trace_event fixed = *e;
    if (fix(cut, &fixed, out))
        return give(cut, &fixed, out);
    cut->v1.dropped++;
    return !cut->failed && !cut->encoder.failed;
}
