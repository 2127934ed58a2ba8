/* v1 events as v2 ones. Most have an equivalent. The statuses with which a v1 trace begins become GoStatus events; a
 * system call that did not block becomes a call of 1 ns; the first start of a processor is its status. All of the trace
 * is one generation with one table. */
#include <inttypes.h>

#include "trace/v1.h"

enum {

    seen_stop_reasons = 17,
};

/* Texts that v1 has no strings for, in the order of their ids. */
enum text {
    text_forever,
    text_preempted,
    text_gosched,
    text_sleep,
    text_chan_send,
    text_chan_recv,
    text_network,
    text_sync,
    text_cond,
    text_select,
    text_empty,
    text_assist,
    text_stop, /* the first of the reasons for stopping the world: an unknown one */
};

static const struct str texts[] = {
    STR("forever"),
    STR("preempted"),
    STR("runtime.Gosched"),
    STR("sleep"),
    STR("chan send"),
    STR("chan receive"),
    STR("network"),
    STR("sync"),
    STR("sync.(*Cond).Wait"),
    STR("select"),
    STR(""),
    STR("GC mark assist wait for work"),
    STR(""),
    STR("GC mark termination"),
    STR("GC sweep termination"),
    STR("write heap dump"),
    STR("goroutine profile"),
    STR("goroutine profile cleanup"),
    STR("all goroutine stack trace"),
    STR("read mem stats"),
    STR("AllThreadsSyscall"),
    STR("GOMAXPROCS"),
    STR("start trace"),
    STR("stop trace"),
    STR("CountPagesInUse (test)"),
    STR("ReadMetricsSlow (test)"),
    STR("ReadMemStatsSlow (test)"),
    STR("PageCachePagesLeaked (test)"),
    STR("ResetDebugLog (test)"),
};

enum { ntexts = sizeof texts / sizeof *texts };
_Static_assert(ntexts == text_stop + seen_stop_reasons, "a text for each reason");

struct task {
    struct str name;
    uint64_t parent;
};

/* A goroutine that existed before the trace, until more is said of it. */
struct old_goroutine {
    uint64_t id;
    bool waits_for_status;
};

struct v1_converter {
    struct v1_trace *trace;
    struct mem *mem;
    size_t next;         /* of the order */
    bool began, ended;   /* the first and the last mark were given */
    bool is_starting;    /* no EvGomaxprocs yet: events say what there was before the trace */
    uint64_t first_log;  /* string ids of the logs' texts */
    uint64_t first_text; /* and of those above */
    uint64_t stop_reason;
    int64_t last_time;
    uint64_t marks;

    struct map thread_of_p; /* index in threads; UINT32_MAX for none now */
    VEC(int64_t) threads;
    struct map seen_p;
    struct map task_of_id;
    VEC(struct task) tasks;
    struct map old_of_g;
    VEC(struct old_goroutine) old; /* in the order of creation */
    size_t next_old;               /* of `old`: whose status is to be given; old.n for none */
    int64_t old_time;

    struct trace_event out;     /* the event that was given */
    struct trace_event pending; /* the one after it */
    bool has_pending;
};

/* Puts strings that have no id of their own behind those of the trace. */
static bool add_strings(struct v1_converter *c, struct trace_fault *fault)
{
    struct v1_trace *trace = c->trace;
    c->first_log = trace->max_string + 1;
    c->first_text = c->first_log + trace->logs.n;
    if (trace->max_string > UINT64_MAX / 2)
        return trace_fault_at(fault, 0, "string ids that leave no room for more");
    for (size_t i = 0; i < trace->logs.n; i++) {
        if (!trace_table_add_string(&trace->table, c->first_log + i, trace->logs.at[i], 0, fault))
            return false;
    }
    for (size_t i = 0; i < ntexts; i++) {
        if (!trace_table_add_string(&trace->table, c->first_text + i, texts[i], 0, fault))
            return false;
    }
    return true;
}

/* Finds out for each system call whether it blocked: the goroutine's next event says so. */
static bool find_blocking_calls(struct v1_converter *c)
{
    struct v1_trace *trace = c->trace;
    struct map next; /* by goroutine: type of its next event */
    map_init(&next, c->mem);
    bool good = true;
    for (size_t i = trace->order.n; i-- > 0 && good;) {
        struct v1_event *event = &trace->events.at[trace->order.at[i]];
        uint32_t *type = map_add(&next, event->g, v1_none);
        good = type != NULL;
        if (good) {
            event->blocks = *type == v1_go_sys_block;
            *type = event->type;
        }
    }
    map_finish(&next);
    return good;
}

struct v1_converter *v1_converter_create(struct v1_trace *trace, struct trace_fault *fault)
{
    struct v1_converter *c = mem_get(trace->mem, sizeof *c);
    if (!c) {
        trace_fault_at(fault, 0, "out of memory");
        return NULL;
    }
    *c = (struct v1_converter){.trace = trace, .mem = trace->mem, .is_starting = true, .last_time = -1};
    struct map *maps[] = {&c->thread_of_p, &c->seen_p, &c->task_of_id, &c->old_of_g};
    for (size_t i = 0; i < 4; i++)
        map_init(maps[i], trace->mem);
    trace->table.serial = 1;
    if (!add_strings(c, fault) || (!find_blocking_calls(c) && !trace_fault_at(fault, 0, "out of memory"))) {
        v1_converter_destroy(c);
        return NULL;
    }
    trace->has_broken_frames = trace_table_complete_leniently(&trace->table);
    return c;
}

void v1_converter_destroy(struct v1_converter *c)
{
    if (!c)
        return;
    map_finish(&c->thread_of_p);
    map_finish(&c->seen_p);
    map_finish(&c->task_of_id);
    map_finish(&c->old_of_g);
    vec_finish(&c->threads, c->mem);
    vec_finish(&c->tasks, c->mem);
    vec_finish(&c->old, c->mem);
    mem_put(c->mem, c, sizeof *c);
}

/* What becomes of an event. */
enum fate { fate_given, fate_skipped, fate_broken };

static enum fate refuse(const struct v1_event *e, struct trace_fault *fault, const char *what)
{
    trace_fault_at(fault, e->offset, "an event of type %d: %s", e->type, what);
    return fate_broken;
}

/* The thread that runs a processor, or `none`. */
static int64_t thread_of(const struct v1_converter *c, int32_t p, int64_t none)
{
    uint32_t *index = map_find(&c->thread_of_p, (uint32_t)p);
    return index && *index != UINT32_MAX ? c->threads.at[*index] : none;
}

static bool set_thread(struct v1_converter *c, int32_t p, int64_t thread)
{
    uint32_t *index = map_add(&c->thread_of_p, (uint32_t)p, UINT32_MAX);
    if (!index || !vec_push(&c->threads, c->mem, thread))
        return false;
    *index = (uint32_t)c->threads.n - 1;
    return true;
}

/* Makes the event to give: a type and arguments, with the stack where v2 has one. */
static enum fate give(struct v1_converter *c, const struct v1_event *e, enum trace_type type, uint64_t a, uint64_t b)
{
    c->out.type = (uint8_t)type;
    c->out.args[0] = a;
    c->out.args[1] = b;
    if (e->stack && type != ev_cpu_sample && trace_specs[type].stacks[0])
        c->out.args[trace_specs[type].stacks[0] - 1] = e->stack;
    return fate_given;
}

static enum fate give_text(struct v1_converter *c, const struct v1_event *e, enum trace_type type, enum text text)
{
    return give(c, e, type, c->first_text + text, e->stack);
}

static enum fate give_status(struct v1_converter *c, const struct v1_event *e, uint64_t g, enum trace_go_status status)
{
    uint32_t *old = map_find(&c->old_of_g, g);
    if (old)
        c->old.at[*old].waits_for_status = false;
    give(c, e, ev_go_status, g, (uint64_t)TRACE_NO_THREAD);
    c->out.args[2] = status;
    return fate_given;
}

/* An event in the context of a processor of which all is taken as it is, even goroutine 0 and a thread never named. */
static struct trace_event raw_event(const struct v1_converter *c, const struct v1_event *e, enum trace_type type)
{
    return (struct trace_event){.time = e->ts,
                                .m = thread_of(c, e->p, 0),
                                .p = e->p,
                                .g = (int64_t)e->g,
                                .table = &c->trace->table,
                                .type = (uint8_t)type};
}

static enum fate convert_syscall(struct v1_converter *c, const struct v1_event *e)
{
    if (e->blocks)
        return give(c, e, ev_go_syscall_begin, 0, e->stack);
    c->out = raw_event(c, e, ev_go_syscall_begin);
    c->out.args[1] = e->stack;
    c->pending = raw_event(c, e, ev_go_syscall_end);
    c->pending.time = (int64_t)((uint64_t)e->ts + 1);
    c->has_pending = true;
    return fate_given;
}

static enum fate convert_label(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    uint32_t index;
    if (!trace_ids_find(&c->trace->table.string_ids, e->args[2], &index))
        return refuse(e, fault, "a label that is not defined");
    c->out = raw_event(c, e, ev_go_start);
    c->out.args[0] = e->args[0];
    c->out.args[1] = e->args[1];
    c->pending = raw_event(c, e, ev_go_label);
    c->pending.args[0] = e->args[2];
    c->has_pending = true;
    return fate_given;
}

/* The first event of a processor is its status. */
static enum fate convert_proc(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    bool start = e->type == v1_proc_start;
    if (start && !set_thread(c, e->p, (int64_t)e->args[0]))
        return refuse(e, fault, "out of memory");
    uint64_t p = (uint64_t)(int64_t)e->p;
    if (map_find(&c->seen_p, p))
        return give(c, e, start ? ev_proc_start : ev_proc_stop, p, 0);
    if (!map_add(&c->seen_p, p, 1))
        return refuse(e, fault, "out of memory");
    return give(c, e, ev_proc_status, p, start ? proc_status_running : proc_status_idle);
}

/* The first of these ends the trace's beginning: goroutines of which nothing was said are runnable. */
static enum fate convert_gomaxprocs(struct v1_converter *c, const struct v1_event *e)
{
    if (!c->is_starting)
        return give(c, e, ev_procs_change, e->args[0], e->stack);
    c->is_starting = false;
    c->next_old = 0;
    c->old_time = e->ts;
    return fate_skipped;
}

static enum fate convert_create(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    uint32_t stack;
    if (!c->is_starting && !trace_ids_find(&c->trace->table.stack_ids, e->args[1], &stack))
        return refuse(e, fault, "its new goroutine's stack is not defined");
    if (!c->is_starting)
        return give(c, e, ev_go_create, e->args[0], e->args[1]);
    uint32_t *index = map_add(&c->old_of_g, e->args[0], (uint32_t)c->old.n);
    struct old_goroutine old = {e->args[0], true};
    if (!index || !vec_push(&c->old, c->mem, old))
        return refuse(e, fault, "out of memory");
    *index = (uint32_t)c->old.n - 1;
    c->next_old = c->old.n;
    return fate_skipped;
}

static enum fate convert_task(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    struct trace_table *table = &c->trace->table;
    uint32_t *index = map_find(&c->task_of_id, e->args[0]), name;
    if (e->type == v1_user_task_create) {
        if (!trace_ids_find(&table->string_ids, e->args[2], &name))
            return refuse(e, fault, "a name that is not defined");
        struct task task = {table->strings.at[name], e->args[1]};
        index = map_add(&c->task_of_id, e->args[0], 0);
        if (!index || !vec_push(&c->tasks, c->mem, task))
            return refuse(e, fault, "out of memory");
        *index = (uint32_t)c->tasks.n - 1;
        give(c, e, ev_user_task_begin, e->args[0], e->args[1] ? e->args[1] : TRACE_NO_TASK);
        c->out.args[2] = e->args[2];
        return fate_given;
    }
    give(c, e, ev_user_task_end, e->args[0], e->stack);
    c->out.args[2] = index ? c->tasks.at[*index].parent : TRACE_NO_TASK;
    c->out.args[3] = index ? trace_table_extra(table, c->tasks.at[*index].name) : 0;
    if (c->out.args[3] == UINT32_MAX)
        return refuse(e, fault, "out of memory");
    map_remove(&c->task_of_id, e->args[0]);
    return fate_given;
}

static enum fate convert_note(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    bool is_log = e->type == v1_user_log;
    uint64_t name = is_log ? e->args[1] : e->args[2];
    uint32_t index;
    if (!trace_ids_find(&c->trace->table.string_ids, name, &index))
        return refuse(e, fault, "a name that is not defined");
    give(c, e, is_log ? ev_user_log : e->args[1] == 0 ? ev_user_region_begin : ev_user_region_end, e->args[0], name);
    if (is_log)
        c->out.args[2] = c->first_log + e->args[3];
    return fate_given;
}

static enum fate convert_stop_world(struct v1_converter *c, const struct v1_event *e)
{
    if (e->type == v1_stw_start) {
        uint64_t kind = e->args[0];
        if (c->trace->version < 21)
            kind = kind <= 1 ? kind + 1 : 0;
        else if (kind >= seen_stop_reasons)
            kind = 0;
        c->stop_reason = c->first_text + text_stop + kind;
    }
    return give(c, e, e->type == v1_stw_start ? ev_stw_begin : ev_stw_end, c->stop_reason, 0);
}

static enum fate convert(struct v1_converter *c, const struct v1_event *e, struct trace_fault *fault)
{
    switch (e->type) {
    case v1_gomaxprocs:
        return convert_gomaxprocs(c, e);
    case v1_proc_start:
    case v1_proc_stop:
        return convert_proc(c, e, fault);
    case v1_gc_start:
        return give(c, e, ev_gc_begin, e->args[0], e->stack);
    case v1_gc_done:
        return give(c, e, ev_gc_end, 0, 0);
    case v1_stw_start:
    case v1_stw_done:
        return convert_stop_world(c, e);
    case v1_gc_sweep_start:
        return give(c, e, ev_gc_sweep_begin, e->stack, 0);
    case v1_gc_sweep_done:
        return give(c, e, ev_gc_sweep_end, e->args[0], e->args[1]);
    case v1_go_create:
        return convert_create(c, e, fault);
    case v1_go_start:
        return c->is_starting ? give_status(c, e, e->args[0], go_status_running)
                              : give(c, e, ev_go_start, e->args[0], e->args[1]);
    case v1_go_start_label:
        return convert_label(c, e, fault);
    case v1_go_end:
        return give(c, e, ev_go_destroy, 0, 0);
    case v1_go_stop:
        return give_text(c, e, ev_go_block, text_forever);
    case v1_go_sched:
        return give_text(c, e, ev_go_stop, text_gosched);
    case v1_go_preempt:
        return give_text(c, e, ev_go_stop, text_preempted);
    case v1_go_sleep:
        return give_text(c, e, ev_go_block, text_sleep);
    case v1_go_block:
        return give_text(c, e, ev_go_block, text_empty);
    case v1_go_unblock:
        return give(c, e, ev_go_unblock, e->args[0], e->args[1]);
    case v1_go_block_send:
        return give_text(c, e, ev_go_block, text_chan_send);
    case v1_go_block_recv:
        return give_text(c, e, ev_go_block, text_chan_recv);
    case v1_go_block_select:
        return give_text(c, e, ev_go_block, text_select);
    case v1_go_block_sync:
        return give_text(c, e, ev_go_block, text_sync);
    case v1_go_block_cond:
        return give_text(c, e, ev_go_block, text_cond);
    case v1_go_block_net:
        return give_text(c, e, ev_go_block, text_network);
    case v1_go_block_gc:
        return give_text(c, e, ev_go_block, text_assist);
    case v1_go_syscall:
        return convert_syscall(c, e);
    case v1_go_sys_exit:
        return give(c, e, ev_go_syscall_end_blocked, 0, 0);
    case v1_go_waiting:
        return give_status(c, e, e->args[0], go_status_waiting);
    case v1_go_in_syscall:
        return give_status(c, e, e->args[0], go_status_syscall);
    case v1_heap_alloc:
        return give(c, e, ev_heap_alloc, e->args[0], 0);
    case v1_heap_goal:
        return give(c, e, ev_heap_goal, e->args[0], 0);
    case v1_gc_mark_assist_start:
        return give(c, e, ev_gc_mark_assist_begin, e->stack, 0);
    case v1_gc_mark_assist_done:
        return give(c, e, ev_gc_mark_assist_end, 0, 0);
    case v1_user_task_create:
    case v1_user_task_end:
        return convert_task(c, e, fault);
    case v1_user_region:
    case v1_user_log:
        return convert_note(c, e, fault);
    case v1_cpu_sample:
        return give(c, e, ev_cpu_sample, e->stack, 0);
    case v1_go_sys_block:
        return fate_skipped;
    default:
        if (c->trace->version < 11 && e->type == v1_futile_wakeup)
            return fate_skipped;
        return refuse(e, fault, "is not one that events of v2 can stand for");
    }
}

/* Whether all strings of a stack's frames are there. */
static bool has_strings(const struct trace_table *table, uint64_t stack_id)
{
    struct trace_stack stack = trace_stack(table, stack_id);
    for (uint32_t i = 0; i < stack.n; i++) {
        if (trace_stack_frame(table, stack, i)->func == TRACE_NO_STRING)
            return false;
    }
    return true;
}

static bool stacks_are_good(const struct v1_converter *c)
{
    const struct trace_table *table = &c->trace->table;
    return has_strings(table, trace_event_stack(&c->out)) &&
           (c->out.type != ev_go_create || has_strings(table, c->out.args[1]));
}

/* Puts the event into the context that it happened in, and converts it. */
static enum fate convert_next(struct v1_converter *c, struct trace_fault *fault)
{
    const struct v1_event *e = &c->trace->events.at[c->trace->order.at[c->next++]];
    c->out = (struct trace_event){
        .time = e->ts, .p = e->p, .g = e->g ? (int64_t)e->g : TRACE_NO_GOROUTINE, .table = &c->trace->table};
    /* The thread is looked up behind the conversion, which may have set it. */
    enum fate fate = convert(c, e, fault);
    if (fate == fate_given && c->trace->has_broken_frames && !stacks_are_good(c))
        return refuse(e, fault, "a frame of its stack names a string that is not defined");
    bool is_raw = e->type == v1_go_start_label || (e->type == v1_go_syscall && !e->blocks);
    if (!is_raw)
        c->out.m = e->p == -1 || e->type == v1_cpu_sample ? TRACE_NO_THREAD : thread_of(c, e->p, TRACE_NO_THREAD);
    uint32_t *thread = e->type == v1_proc_stop ? map_find(&c->thread_of_p, (uint32_t)e->p) : NULL;
    if (thread)
        *thread = UINT32_MAX;
    return fate;
}

/* The next status of a goroutine that is runnable when the trace begins; false where there is none left. */
static bool give_old(struct v1_converter *c)
{
    if (c->is_starting)
        return false;
    while (c->next_old < c->old.n && !c->old.at[c->next_old].waits_for_status)
        c->next_old++;
    if (c->next_old == c->old.n)
        return false;
    c->out = (struct trace_event){.time = c->old_time,
                                  .m = TRACE_NO_THREAD,
                                  .p = TRACE_NO_PROC,
                                  .g = TRACE_NO_GOROUTINE,
                                  .args = {c->old.at[c->next_old++].id, (uint64_t)TRACE_NO_THREAD, go_status_runnable},
                                  .table = &c->trace->table,
                                  .type = ev_go_status};
    return true;
}

static struct trace_event *give_mark(struct v1_converter *c, int64_t time, const struct trace_table *table)
{
    c->out = (struct trace_event){.time = time,
                                  .m = TRACE_NO_THREAD,
                                  .p = TRACE_NO_PROC,
                                  .g = TRACE_NO_GOROUTINE,
                                  .args = {++c->marks},
                                  .table = table,
                                  .type = ev_mark};
    return &c->out;
}

/* No two events happen at the same time. */
static struct trace_event *in_time(struct v1_converter *c)
{
    if (c->out.time <= c->last_time)
        c->out.time = (int64_t)((uint64_t)c->last_time + 1);
    c->last_time = c->out.time;
    return &c->out;
}

struct trace_event *v1_next(struct v1_converter *c, struct trace_fault *fault)
{
    struct v1_trace *trace = c->trace;
    if (!c->began && trace->order.n > 0) {
        c->began = true;
        return give_mark(c, (int64_t)((uint64_t)trace->events.at[trace->order.at[0]].ts - 1), &trace->table);
    }
    if (c->has_pending) {
        c->has_pending = false;
        c->out = c->pending;
        return in_time(c);
    }
    for (;;) {
        if (give_old(c))
            return in_time(c);
        if (c->next == trace->order.n)
            break;
        enum fate fate = convert_next(c, fault);
        if (fate == fate_broken)
            return NULL;
        if (fate == fate_given)
            return in_time(c);
    }
    if (c->ended)
        return NULL;
    c->ended = true;
    return give_mark(c, (int64_t)((uint64_t)c->last_time + 1), NULL);
}
