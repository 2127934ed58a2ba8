/* What the versions add and change:
 *     1.7   strings and frames (before, stacks were bare pcs); the sequence number that each event had before its time
 *           goes away, and with it an argument of batches, frequencies and timer goroutines
 *     1.8   labels, and blocking on the collector      1.9   assists, and what a sweep did
 *     1.10  why the world stops                        1.11  tasks, regions, logs
 *     1.19  CPU samples                                1.21  more reasons for stopping the world */
#include <inttypes.h>

#include "base/cursor.h"
#include "trace/v1.h"

enum {
    longest_arguments = 2048,
    longest_string = 1000000,
    most_frames = 1000,
    most_args = longest_arguments, /* a byte each at least */
};

struct v1_spec {
    uint8_t since; /* version */
    bool stack;    /* the last argument is a stack */
    uint8_t nargs; /* without time and stack */
};

static const struct v1_spec specs[v1_count] = {
    [v1_batch] = {5, false, 2},
    [v1_frequency] = {5, false, 1},
    [v1_stack] = {5, false, 2},
    [v1_gomaxprocs] = {5, true, 1},
    [v1_proc_start] = {5, false, 1},
    [v1_proc_stop] = {5, false, 0},
    [v1_gc_start] = {5, true, 1},
    [v1_gc_done] = {5, false, 0},
    [v1_stw_start] = {5, false, 1},
    [v1_stw_done] = {5, false, 0},
    [v1_gc_sweep_start] = {5, true, 0},
    [v1_gc_sweep_done] = {5, false, 2},
    [v1_go_create] = {5, true, 2},
    [v1_go_start] = {5, false, 2},
    [v1_go_end] = {5, false, 0},
    [v1_go_stop] = {5, true, 0},
    [v1_go_sched] = {5, true, 0},
    [v1_go_preempt] = {5, true, 0},
    [v1_go_sleep] = {5, true, 0},
    [v1_go_block] = {5, true, 0},
    [v1_go_unblock] = {5, true, 2},
    [v1_go_block_send] = {5, true, 0},
    [v1_go_block_recv] = {5, true, 0},
    [v1_go_block_select] = {5, true, 0},
    [v1_go_block_sync] = {5, true, 0},
    [v1_go_block_cond] = {5, true, 0},
    [v1_go_block_net] = {5, true, 0},
    [v1_go_syscall] = {5, true, 0},
    [v1_go_sys_exit] = {5, false, 3},
    [v1_go_sys_block] = {5, false, 0},
    [v1_go_waiting] = {5, false, 1},
    [v1_go_in_syscall] = {5, false, 1},
    [v1_heap_alloc] = {5, false, 1},
    [v1_heap_goal] = {5, false, 1},
    [v1_timer_goroutine] = {5, false, 1},
    [v1_futile_wakeup] = {5, false, 0},
    [v1_string] = {7, false, 0},
    [v1_go_start_local] = {7, false, 1},
    [v1_go_unblock_local] = {7, true, 1},
    [v1_go_sys_exit_local] = {7, false, 2},
    [v1_go_start_label] = {8, false, 3},
    [v1_go_block_gc] = {8, true, 0},
    [v1_gc_mark_assist_start] = {9, true, 0},
    [v1_gc_mark_assist_done] = {9, false, 0},
    [v1_user_task_create] = {11, true, 3},
    [v1_user_task_end] = {11, true, 1},
    [v1_user_region] = {11, true, 3},
    [v1_user_log] = {11, true, 2},
    [v1_cpu_sample] = {19, true, 3},
};

/* Where parsing is. */
struct parser {
    struct v1_trace *trace;
    struct cursor bytes;
    struct trace_fault *fault;
    bool in_batch;
    uint32_t proc; /* index of the batch's processor */
    uint64_t last_g;
    int64_t last_ts;
    uint64_t last_sequence;

    /* The event at hand. */
    uint64_t offset;
    uint8_t type;
    uint32_t nargs;
    uint64_t args[most_args];
    struct str text; /* of a log */
};

bool v1_knows(unsigned version)
{
    return version == 5 || (version >= 7 && version <= 11) || version == 19 || version == 21;
}

void v1_init(struct v1_trace *trace, struct mem *mem)
{
    *trace = (struct v1_trace){.mem = mem};
    map_init(&trace->proc_of_p, mem);
    map_init(&trace->timer_goroutines, mem);
}

void v1_finish(struct v1_trace *trace)
{
    if (trace->table.mem)
        trace_table_finish(&trace->table);
    for (size_t i = 0; i < trace->procs.n; i++)
        vec_finish(&trace->procs.at[i].events, trace->mem);
    vec_finish(&trace->events, trace->mem);
    vec_finish(&trace->order, trace->mem);
    vec_finish(&trace->sequence, trace->mem);
    vec_finish(&trace->procs, trace->mem);
    vec_finish(&trace->samples, trace->mem);
    vec_finish(&trace->logs, trace->mem);
    map_finish(&trace->proc_of_p);
    map_finish(&trace->timer_goroutines);
}

static bool refuse(struct parser *p, const char *what)
{
    return trace_fault_at(p->fault, p->offset, "an event of type %d: %s", p->type, what);
}

static bool exhausted(struct parser *p)
{
    return refuse(p, "out of memory");
}

/* Notes what the cursor wanted, where it failed. */
static bool check_cursor(struct parser *p, const struct cursor *c)
{
    return cursor_ok(c) ||
           trace_fault_at(p->fault, c->fault.offset, "an event of type %d: expected %s", p->type, c->fault.expected);
}

/* How many arguments an event has in this version, time and sequence included. */
static unsigned argument_count(const struct parser *p)
{
    unsigned version = p->trace->version, n = specs[p->type].nargs + specs[p->type].stack;
    bool old = version < 7;
    switch (p->type) {
    case v1_batch:
    case v1_frequency:
    case v1_timer_goroutine:
        return n + old;
    case v1_gc_sweep_done:
        n -= version < 9 ? 2 : 0;
        break;
    case v1_gc_start:
    case v1_go_start:
    case v1_go_unblock:
        n -= old;
        break;
    case v1_stw_start:
        n -= version < 10;
        break;
    }
    return n + 1 + old;
}

static bool read_string(struct parser *p)
{
    struct cursor *c = &p->bytes;
    uint64_t id = cursor_varint(c), size = cursor_varint(c);
    if (!p->in_batch) {
        cursor_bytes(c, size);
        return check_cursor(p, c);
    }
    if (cursor_ok(c) && (id == 0 || size == 0 || size > longest_string))
        return refuse(p, "a string without an id, without bytes, or with more than a million");
    struct str s = cursor_bytes(c, size);
    if (!check_cursor(p, c))
        return false;
    if (id > p->trace->max_string)
        p->trace->max_string = id;
    return trace_table_add_string(&p->trace->table, id, s, p->offset, p->fault);
}

/* Arguments behind their length in bytes. */
static bool read_long_arguments(struct parser *p)
{
    uint64_t size = cursor_varint(&p->bytes);
    if (size > longest_arguments)
        return refuse(p, "more than 2048 bytes of arguments");
    if (cursor_ok(&p->bytes) && cursor_left(&p->bytes) == 0)
        cursor_fail(&p->bytes, "arguments");
    struct cursor args = cursor_sub(&p->bytes, size);
    while (cursor_left(&args) > 0)
        p->args[p->nargs++] = cursor_varint(&args);
    return check_cursor(p, &args);
}

static bool read_log_text(struct parser *p)
{
    uint64_t size = cursor_varint(&p->bytes);
    if (size > longest_string)
        return refuse(p, "a text of more than a million bytes");
    p->text = cursor_bytes(&p->bytes, size);
    return check_cursor(p, &p->bytes);
}

static bool read_arguments(struct parser *p, unsigned code)
{
    p->nargs = 0;
    p->text = STR("");
    if (code == 3 && p->type != v1_batch)
        return read_long_arguments(p) && (p->type != v1_user_log || read_log_text(p));
    if (p->type == v1_batch && code != 1)
        return refuse(p, "not the arguments of a batch");
    unsigned n = code + 1 + (p->trace->version < 7);
    for (unsigned i = 0; i < n; i++)
        p->args[p->nargs++] = cursor_varint(&p->bytes);
    return check_cursor(p, &p->bytes);
}

static bool begin_batch(struct parser *p)
{
    struct v1_trace *trace = p->trace;
    if (p->args[0] > INT32_MAX && p->args[0] != UINT64_MAX)
        return refuse(p, "a processor's number that is too large");
    int32_t number = (int32_t)p->args[0];
    uint32_t fresh = (uint32_t)trace->procs.n;
    uint32_t *index = map_add(&trace->proc_of_p, (uint32_t)number, fresh);
    if (!index || (*index == fresh && !vec_push(&trace->procs, trace->mem, (struct v1_proc){.p = number})))
        return exhausted(p);
    if (p->in_batch)
        trace->procs.at[p->proc].last_g = p->last_g;
    p->in_batch = true;
    p->proc = *index;
    p->last_g = trace->procs.at[*index].last_g;
    p->last_ts = (int64_t)p->args[trace->version < 7 ? 2 : 1];
    p->last_sequence = p->args[1];
    return true;
}

static bool take_stack(struct parser *p)
{
    struct trace_table *table = &p->trace->table;
    unsigned width = p->trace->version < 7 ? 1 : 4;
    if (p->nargs < 2 || p->args[1] > most_frames || p->nargs != 2 + width * p->args[1])
        return refuse(p, "a stack whose number of frames is not that of its arguments");
    uint32_t start = (uint32_t)table->stack_frames.n;
    for (const uint64_t *at = p->args + 2; at < p->args + p->nargs; at += width) {
        struct trace_frame frame = {.pc = at[0]};
        if (width == 4) {
            frame.func = at[1];
            frame.file = at[2];
            frame.line = at[3];
        }
        if (!trace_table_add_frame(table, frame))
            return exhausted(p);
    }
    uint32_t id = (uint32_t)p->args[0], index;
    if (id == 0 || p->args[1] == 0)
        return true;
    if (!trace_ids_find(&table->stack_ids, id, &index))
        return trace_table_add_stack(table, id, start, p->offset, p->fault);
    table->stacks.at[index] = (struct trace_stack){start, (uint32_t)p->args[1]};
    return true;
}

static bool take_sample(struct parser *p)
{
    struct v1_trace *trace = p->trace;
    struct v1_event sample = {.ts = (int64_t)p->args[1],
                              .p = (int32_t)p->args[2],
                              .g = p->args[3],
                              .args = {0, p->args[2], p->args[3]},
                              .stack = (uint32_t)p->args[4],
                              .type = v1_cpu_sample,
                              .offset = p->offset};
    uint32_t index = (uint32_t)trace->events.n;
    return (vec_push(&trace->events, trace->mem, sample) && vec_push(&trace->samples, trace->mem, index) &&
            (trace->version >= 7 || vec_push(&trace->sequence, trace->mem, 0))) ||
           exhausted(p);
}

/* What the type says of the goroutine that runs. */
static void follow_goroutine(struct parser *p, struct v1_event *event)
{
    switch (event->type) {
    case v1_go_start:
    case v1_go_start_local:
    case v1_go_start_label:
        p->last_g = event->g = event->args[0];
        break;
    case v1_go_end:
    case v1_go_stop:
    case v1_go_sched:
    case v1_go_preempt:
    case v1_go_sleep:
    case v1_go_block:
    case v1_go_block_send:
    case v1_go_block_recv:
    case v1_go_block_select:
    case v1_go_block_sync:
    case v1_go_block_cond:
    case v1_go_block_net:
    case v1_go_sys_block:
    case v1_go_block_gc:
        p->last_g = 0;
        break;
    case v1_go_sys_exit:
    case v1_go_waiting:
    case v1_go_in_syscall:
        event->g = event->args[0];
        break;
    }
}

static bool take_event(struct parser *p)
{
    struct v1_trace *trace = p->trace;
    struct v1_proc *proc = &trace->procs.at[p->proc];
    bool old = trace->version < 7;
    struct v1_event event = {.type = p->type, .p = proc->p, .g = p->last_g, .offset = p->offset};
    p->last_sequence += p->args[0];
    p->last_ts = (int64_t)((uint64_t)p->last_ts + p->args[old]);
    event.ts = p->last_ts;
    unsigned first = 1 + old, n = p->nargs;
    if (specs[p->type].stack)
        event.stack = (uint32_t)p->args[--n];
    for (unsigned i = first; i < n; i++)
        event.args[i - first] = p->args[i];
    follow_goroutine(p, &event);
    if (p->type == v1_user_log) {
        event.args[3] = trace->logs.n;
        if (!vec_push(&trace->logs, trace->mem, p->text))
            return exhausted(p);
    }
    uint32_t index = (uint32_t)trace->events.n;
    if (index == UINT32_MAX || !vec_push(&trace->events, trace->mem, event) ||
        !vec_push(&proc->events, trace->mem, index) ||
        (old && !vec_push(&trace->sequence, trace->mem, p->last_sequence)))
        return exhausted(p);
    return true;
}

static bool take(struct parser *p)
{
    if (p->type != v1_stack && p->nargs != argument_count(p))
        return refuse(p, "not its number of arguments");
    if (p->type == v1_batch)
        return begin_batch(p);
    if (!p->in_batch)
        return refuse(p, "stands before the first batch");
    switch (p->type) {
    case v1_frequency:
        p->trace->ticks_per_second = (int64_t)p->args[0];
        return p->trace->ticks_per_second > 0 || refuse(p, "a clock that does not go forward");
    case v1_timer_goroutine:
        return map_add(&p->trace->timer_goroutines, p->args[0], 1) || exhausted(p);
    case v1_stack:
        return take_stack(p);
    case v1_cpu_sample:
        return take_sample(p);
    default:
        return take_event(p);
    }
}

static bool parse_event(struct parser *p)
{
    p->offset = cursor_offset(&p->bytes);
    uint8_t byte = cursor_u8(&p->bytes);
    p->type = byte & 0x3f;
    if (p->type == v1_none || p->type >= v1_count || specs[p->type].since > p->trace->version)
        return refuse(p, "there is no such type");
    if (p->type == v1_string)
        return read_string(p);
    return read_arguments(p, byte >> 6) && take(p);
}

bool v1_parse(struct v1_trace *trace, unsigned version, struct str bytes, uint64_t base, struct trace_fault *fault)
{
    trace->version = version;
    if (!trace_table_init(&trace->table, trace->mem)) {
        trace->table.mem = NULL;
        return trace_fault_at(fault, base, "out of memory");
    }
    struct parser *p = mem_get(trace->mem, sizeof *p);
    if (!p)
        return trace_fault_at(fault, base, "out of memory");
    *p = (struct parser){.trace = trace, .bytes = cursor_over(bytes.p, bytes.n, base), .fault = fault};
    bool good = true;
    while (good && cursor_left(&p->bytes) > 0)
        good = parse_event(p);
    mem_put(trace->mem, p, sizeof *p);
    if (good && trace->ticks_per_second == 0)
        good = trace_fault_at(fault, base + bytes.n, "a trace without a clock frequency");
    return good;
}
