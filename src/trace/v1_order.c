/* The order of a v1 trace. Each processor's events are in order; which may come next is decided by the state and the
 * sequence number of the goroutine that an event needs, and among those by time. Go 1.5 numbered all events instead. */
#include <inttypes.h>

#include "trace/sort.h"
#include "trace/v1.h"

enum state { state_dead, state_runnable, state_running, state_waiting };

/* Sequence numbers with a meaning, and the "goroutine" that collections are ordered by. */
#define ANY_SEQUENCE UINT64_MAX
#define NEXT_SEQUENCE (UINT64_MAX - 1)
#define UNORDERED UINT64_MAX
#define COLLECTOR (UINT64_MAX - 1)

struct goroutine {
    uint64_t sequence;
    enum state state;
};

/* The goroutine that an event changes, what it must be before, and what it is after. */
struct change {
    uint64_t g;
    struct goroutine from, to;
};

static struct change change_of(const struct v1_event *e)
{
    switch (e->type) {
    case v1_go_create:
        return (struct change){e->args[0], {0, state_dead}, {1, state_runnable}};
    case v1_go_waiting:
    case v1_go_in_syscall:
        return (struct change){e->g, {1, state_runnable}, {2, state_waiting}};
    case v1_go_start:
    case v1_go_start_label:
        return (struct change){e->g, {e->args[1], state_runnable}, {e->args[1] + 1, state_running}};
    case v1_go_start_local:
        return (struct change){e->g, {ANY_SEQUENCE, state_runnable}, {NEXT_SEQUENCE, state_running}};
    case v1_go_block:
    case v1_go_block_send:
    case v1_go_block_recv:
    case v1_go_block_select:
    case v1_go_block_sync:
    case v1_go_block_cond:
    case v1_go_block_net:
    case v1_go_sleep:
    case v1_go_sys_block:
    case v1_go_block_gc:
        return (struct change){e->g, {ANY_SEQUENCE, state_running}, {ANY_SEQUENCE, state_waiting}};
    case v1_go_sched:
    case v1_go_preempt:
        return (struct change){e->g, {ANY_SEQUENCE, state_running}, {ANY_SEQUENCE, state_runnable}};
    case v1_go_unblock:
    case v1_go_sys_exit:
        return (struct change){e->args[0], {e->args[1], state_waiting}, {e->args[1] + 1, state_runnable}};
    case v1_go_unblock_local:
    case v1_go_sys_exit_local:
        return (struct change){e->args[0], {ANY_SEQUENCE, state_waiting}, {NEXT_SEQUENCE, state_runnable}};
    case v1_gc_start:
        return (struct change){COLLECTOR, {e->args[0], state_dead}, {e->args[0] + 1, state_dead}};
    default:
        return (struct change){.g = UNORDERED};
    }
}

/* An event that may come next, and its processor. */
struct candidate {
    int64_t ts;
    uint32_t event, proc;
};

struct frontier {
    struct v1_trace *trace;
    struct mem *mem;
    VEC(struct candidate) heap;
    VEC(uint32_t) available; /* processors whose next event is not in the heap */
    struct map goroutine_of_id;
    VEC(struct goroutine) goroutines;
};

static void swap(struct candidate *heap, size_t i, size_t j)
{
    struct candidate was = heap[i];
    heap[i] = heap[j];
    heap[j] = was;
}

static bool heap_push(struct frontier *f, struct candidate candidate)
{
    if (!vec_push(&f->heap, f->mem, candidate))
        return false;
    struct candidate *heap = f->heap.at;
    for (size_t i = f->heap.n - 1; i > 0 && heap[i].ts < heap[(i - 1) / 2].ts; i = (i - 1) / 2)
        swap(heap, i, (i - 1) / 2);
    return true;
}

static struct candidate heap_pop(struct frontier *f)
{
    struct candidate *heap = f->heap.at, first = heap[0];
    size_t n = --f->heap.n;
    heap[0] = heap[n];
    for (size_t i = 0, child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap[child + 1].ts < heap[child].ts)
            child++;
        if (heap[child].ts >= heap[i].ts)
            break;
        swap(heap, i, child);
    }
    return first;
}

static struct goroutine current(const struct frontier *f, uint64_t g)
{
    uint32_t *index = map_find(&f->goroutine_of_id, g);
    return index ? f->goroutines.at[*index] : (struct goroutine){0, state_dead};
}

static bool is_ready(const struct frontier *f, const struct change *change)
{
    if (change->g == UNORDERED)
        return true;
    struct goroutine now = current(f, change->g);
    return (change->from.sequence == ANY_SEQUENCE || change->from.sequence == now.sequence) &&
           change->from.state == now.state;
}

/* Makes the change; false on exhaustion. */
static bool apply(struct frontier *f, const struct change *change)
{
    if (change->g == UNORDERED)
        return true;
    struct goroutine next = change->to, now = current(f, change->g);
    if (next.sequence == ANY_SEQUENCE)
        next.sequence = now.sequence;
    else if (next.sequence == NEXT_SEQUENCE)
        next.sequence = now.sequence + 1;
    uint32_t fresh = (uint32_t)f->goroutines.n;
    uint32_t *index = map_add(&f->goroutine_of_id, change->g, fresh);
    if (!index || (*index == fresh && !vec_push(&f->goroutines, f->mem, next)))
        return false;
    f->goroutines.at[*index] = next;
    return true;
}

static void make_unavailable(struct frontier *f, size_t i)
{
    f->available.at[i] = f->available.at[--f->available.n];
}

/* Puts every event that is ready into the heap; false on exhaustion. */
static bool fill(struct frontier *f)
{
    for (size_t i = 0; i < f->available.n;) {
        uint32_t index = f->available.at[i];
        struct v1_proc *proc = &f->trace->procs.at[index];
        if (proc->next == proc->events.n) {
            make_unavailable(f, i);
            continue;
        }
        uint32_t at = proc->events.at[proc->next];
        const struct v1_event *event = &f->trace->events.at[at];
        struct change change = change_of(event);
        if (!is_ready(f, &change)) {
            i++;
            continue;
        }
        proc->next++;
        make_unavailable(f, i);
        if (!heap_push(f, (struct candidate){event->ts, at, index}))
            return false;
    }
    return true;
}

/* Local events are only there for the order; from here on they are ordinary ones. */
static void make_ordinary(struct v1_event *event)
{
    if (event->type == v1_go_start_local)
        event->type = v1_go_start;
    else if (event->type == v1_go_unblock_local)
        event->type = v1_go_unblock;
    else if (event->type == v1_go_sys_exit_local) {
        event->type = v1_go_sys_exit;
    }
}

static bool merge_next(struct frontier *f, struct trace_fault *fault)
{
    struct candidate next = heap_pop(f);
    struct v1_event *event = &f->trace->events.at[next.event];
    struct change change = change_of(event);
    make_ordinary(event);
    if (!is_ready(f, &change))
        return trace_fault_at(fault, event->offset, "goroutine %" PRIu64 " changes on two processors at once",
                              change.g);
    return (apply(f, &change) && vec_push(&f->trace->order, f->mem, next.event) &&
            vec_push(&f->available, f->mem, next.proc)) ||
           trace_fault_at(fault, event->offset, "out of memory");
}

/* The first event that is in no order, for the fault. */
static bool stuck(const struct v1_trace *trace, struct trace_fault *fault)
{
    for (size_t i = 0; i < trace->procs.n; i++) {
        const struct v1_proc *proc = &trace->procs.at[i];
        if (proc->next < proc->events.n) {
            const struct v1_event *event = &trace->events.at[proc->events.at[proc->next]];
            return trace_fault_at(fault, event->offset,
                                  "no order of the events is consistent: one of type %d on processor %" PRId32
                                  " and goroutine %" PRIu64 " is never possible",
                                  event->type, event->p, event->g);
        }
    }
    return true;
}

static bool merge(struct frontier *f, struct trace_fault *fault)
{
    struct v1_trace *trace = f->trace;
    for (uint32_t i = 0; i < trace->procs.n; i++) {
        if (!vec_push(&f->available, f->mem, i))
            return trace_fault_at(fault, 0, "out of memory");
    }
    for (;;) {
        if (!fill(f))
            return trace_fault_at(fault, 0, "out of memory");
        if (f->heap.n == 0)
            return stuck(trace, fault);
        if (!merge_next(f, fault))
            return false;
    }
}

static bool merge_by_state(struct v1_trace *trace, struct trace_fault *fault)
{
    struct frontier f = {.trace = trace, .mem = trace->mem};
    map_init(&f.goroutine_of_id, trace->mem);
    bool good = merge(&f, fault);
    vec_finish(&f.heap, f.mem);
    vec_finish(&f.available, f.mem);
    vec_finish(&f.goroutines, f.mem);
    map_finish(&f.goroutine_of_id);
    return good;
}

struct keyed {
    int64_t key;
    uint32_t index;
};

/* Merges two sorted runs, equal keys of the first run first. */
static void merge_runs(const struct keyed *from, struct keyed *to, size_t a, size_t middle, size_t b)
{
    size_t i = a, j = middle;
    for (size_t k = a; k < b; k++)
        to[k] = i < middle && (j == b || from[i].key <= from[j].key) ? from[i++] : from[j++];
}

/* Sorts by key; equal ones keep their order. `spare` has room for n; returns which of the two holds the result. */
static struct keyed *sort_stable(struct keyed *keys, struct keyed *spare, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t a = 0; a < n; a += 2 * width) {
            size_t middle = a + width < n ? a + width : n, b = a + 2 * width < n ? a + 2 * width : n;
            merge_runs(keys, spare, a, middle, b);
        }
        struct keyed *was = keys;
        keys = spare;
        spare = was;
    }
    return keys;
}

/* Sorts the order (or, where it is empty, all events in the file's order) by time or by sequence number. */
static bool sort_order(struct v1_trace *trace, bool by_sequence, struct trace_fault *fault)
{
    size_t n = trace->order.n;
    struct keyed *keys = mem_get_array(trace->mem, n, 2 * sizeof *keys);
    if (!keys)
        return n == 0 || trace_fault_at(fault, 0, "out of memory");
    for (size_t i = 0; i < n; i++) {
        uint32_t index = trace->order.at[i];
        keys[i] = (struct keyed){by_sequence ? (int64_t)trace->sequence.at[index] : trace->events.at[index].ts, index};
    }
    struct keyed *sorted = sort_stable(keys, keys + n, n);
    for (size_t i = 0; i < n; i++)
        trace->order.at[i] = sorted[i].index;
    mem_put(trace->mem, keys, n * 2 * sizeof *keys);
    return true;
}

static bool check_times(const struct v1_trace *trace, struct trace_fault *fault)
{
    for (size_t i = 1; i < trace->order.n; i++) {
        const struct v1_event *event = &trace->events.at[trace->order.at[i]];
        if (event->ts < trace->events.at[trace->order.at[i - 1]].ts)
            return trace_fault_at(fault, event->offset, "time goes back against the order of events");
    }
    return true;
}

/* Go 1.5: by sequence number, and returns from system calls by the number and time that they carry. */
static bool order_by_sequence(struct v1_trace *trace, struct trace_fault *fault)
{
    for (uint32_t i = 0; i < trace->events.n; i++) {
        struct v1_event *event = &trace->events.at[i];
        if (event->type == v1_go_sys_exit) {
            trace->sequence.at[i] = event->args[1];
            if (event->args[2] != 0)
                event->ts = (int64_t)event->args[2];
        }
        if (!vec_push(&trace->order, trace->mem, i))
            return trace_fault_at(fault, event->offset, "out of memory");
    }
    return sort_order(trace, true, fault) && check_times(trace, fault);
}

/* A return from a system call carries its true time, at which it is put; that must not lie before the call. */
static bool place_returns(struct v1_trace *trace, struct trace_fault *fault)
{
    struct map last_block; /* by goroutine: the index of its last blocking call */
    map_init(&last_block, trace->mem);
    bool good = true;
    for (size_t i = 0; i < trace->order.n && good; i++) {
        uint32_t index = trace->order.at[i];
        struct v1_event *event = &trace->events.at[index];
        if (event->type == v1_go_sys_block || event->type == v1_go_in_syscall) {
            uint32_t *at = map_add(&last_block, event->g, index);
            if (at)
                *at = index;
            else
                good = trace_fault_at(fault, event->offset, "out of memory");
        } else if (event->type == v1_go_sys_exit && event->args[2] != 0) {
            uint32_t *at = map_find(&last_block, event->g);
            int64_t block = at ? trace->events.at[*at].ts : 0, ts = (int64_t)event->args[2];
            if (block == 0)
                good = trace_fault_at(fault, event->offset, "a return from a system call that did not begin");
            else if (ts < block)
                good = trace_fault_at(fault, event->offset, "a system call returns before it begins");
            else
                event->ts = ts;
        }
    }
    map_finish(&last_block);
    return good && sort_order(trace, false, fault);
}

/* Ticks to nanoseconds from the first event; timers and returns happen on processors of their own. */
static void translate_times(struct v1_trace *trace)
{
    if (trace->order.n == 0)
        return;
    int64_t first = trace->events.at[trace->order.at[0]].ts;
    double ns_per_tick = 1e9 / (double)trace->ticks_per_second;
    for (size_t i = 0; i < trace->order.n; i++) {
        struct v1_event *event = &trace->events.at[trace->order.at[i]];
        double ns = (double)(int64_t)((uint64_t)event->ts - (uint64_t)first) * ns_per_tick;
        event->ts = ns < 9223372036854775808.0 && ns >= -9223372036854775808.0 ? (int64_t)ns : INT64_MIN;
        if (event->type == v1_go_unblock && map_find(&trace->timer_goroutines, event->g))
            event->p = v1_timer_p;
        if (event->type == v1_go_sys_exit)
            event->p = v1_syscall_p;
    }
}

/* CPU samples are merged as if they were a processor's, after all others and by the time of the sample. */
static bool add_samples(struct v1_trace *trace, struct trace_fault *fault)
{
    size_t n = trace->samples.n;
    struct sort_pair *pairs = mem_get_array(trace->mem, n, sizeof *pairs);
    if (!pairs)
        return n == 0 || trace_fault_at(fault, 0, "out of memory");
    for (size_t i = 0; i < n; i++)
        pairs[i] = (struct sort_pair){trace->events.at[trace->samples.at[i]].ts, trace->samples.at[i]};
    sort_pairs(pairs, n);
    struct v1_proc proc = {0};
    bool good = vec_reserve(&proc.events, trace->mem, n);
    for (size_t i = 0; i < n && good; i++)
        proc.events.at[proc.events.n++] = pairs[i].value;
    mem_put(trace->mem, pairs, n * sizeof *pairs);
    if (good && vec_push(&trace->procs, trace->mem, proc))
        return true;
    vec_finish(&proc.events, trace->mem);
    return trace_fault_at(fault, 0, "out of memory");
}

/* A goroutine that was woken and had to block again at once, which older versions told: what it did in between. */
struct wakeup {
    bool futile;
    VEC(uint32_t) events; /* positions in the order */
};

struct wakeups {
    struct v1_trace *trace;
    struct map of_g;
    VEC(struct wakeup) at;
    VEC(bool) drop; /* by position in the order */
};

static struct wakeup *wakeup_of(struct wakeups *w, uint64_t g)
{
    uint32_t fresh = (uint32_t)w->at.n;
    uint32_t *index = map_add(&w->of_g, g, fresh);
    if (!index || (*index == fresh && !vec_push(&w->at, w->trace->mem, (struct wakeup){0})))
        return NULL;
    return &w->at.at[*index];
}

static bool follow_wakeup(struct wakeups *w, uint32_t position)
{
    const struct v1_event *event = &w->trace->events.at[w->trace->order.at[position]];
    uint64_t g = event->type == v1_go_unblock ? event->args[0] : event->g;
    struct wakeup *wakeup;
    switch (event->type) {
    case v1_go_unblock:
    case v1_go_start:
    case v1_go_preempt:
    case v1_futile_wakeup:
        wakeup = wakeup_of(w, g);
        if (!wakeup)
            return false;
        if (event->type == v1_go_unblock)
            wakeup->events.n = 0;
        wakeup->futile |= event->type == v1_futile_wakeup;
        return vec_push(&wakeup->events, w->trace->mem, position);
    case v1_go_block:
    case v1_go_block_send:
    case v1_go_block_recv:
    case v1_go_block_select:
    case v1_go_block_sync:
    case v1_go_block_cond:
        wakeup = wakeup_of(w, g);
        if (!wakeup)
            return false;
        w->drop.at[position] |= wakeup->futile;
        for (size_t i = 0; i < wakeup->events.n && wakeup->futile; i++)
            w->drop.at[wakeup->events.at[i]] = true;
        wakeup->futile = false;
        wakeup->events.n = 0;
        return true;
    default:
        return true;
    }
}

/* Takes futile wakeups out: nothing came of them. Later versions do not record them. */
static bool remove_futile(struct v1_trace *trace, struct trace_fault *fault)
{
    struct wakeups w = {.trace = trace};
    map_init(&w.of_g, trace->mem);
    bool good = vec_reserve(&w.drop, trace->mem, trace->order.n);
    for (size_t i = 0; i < trace->order.n && good; i++)
        w.drop.at[i] = false;
    for (uint32_t i = 0; i < trace->order.n && good; i++)
        good = follow_wakeup(&w, i);
    size_t kept = 0;
    for (size_t i = 0; i < trace->order.n && good; i++) {
        if (!w.drop.at[i])
            trace->order.at[kept++] = trace->order.at[i];
    }
    trace->order.n = kept;
    for (size_t i = 0; i < w.at.n; i++)
        vec_finish(&w.at.at[i].events, trace->mem);
    vec_finish(&w.at, trace->mem);
    vec_finish(&w.drop, trace->mem);
    map_finish(&w.of_g);
    return good || trace_fault_at(fault, 0, "out of memory");
}

bool v1_order(struct v1_trace *trace, struct trace_fault *fault)
{
    if (trace->version < 7) {
        if (!order_by_sequence(trace, fault))
            return false;
    } else if (!add_samples(trace, fault) || !merge_by_state(trace, fault) || !check_times(trace, fault) ||
               !place_returns(trace, fault)) {
        return false;
    }
    translate_times(trace);
    return trace->version >= 11 || remove_futile(trace, fault);
}
