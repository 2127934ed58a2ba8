/* What the files that play events share; no other file needs it. */
#ifndef SONDE_TRACE_ORDER_STEP_H
#define SONDE_TRACE_ORDER_STEP_H

#include "trace/order.h"

#define ORDER_NO_SLOT UINT32_MAX

/* One event while it is played. Its thread, processor and goroutine are those before it. */
struct step {
    struct order *order;
    struct trace_event *event;
    struct trace_table *table;
    uint64_t generation;
    uint32_t thread; /* whose event it is, also where it is said to happen on another */
};

enum need { need_none, need_any, need_one };

/* Refuses the event: the fault says why. */
enum order_result step_refuse(struct step *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Refuses for lack of memory. */
enum order_result step_exhausted(struct step *step);

/* Refuses for the first of thread, processor and goroutine that is not as needed; false. */
bool step_lacks(struct step *step, enum need p, enum need g);

/* Whether the thread has (or lacks) a processor and a goroutine as needed, and there is a thread; else refuses. */
static inline bool step_has(struct step *step, enum need p, enum need g)
{
    bool has_p = step->event->p != TRACE_NO_PROC, has_g = step->event->g != TRACE_NO_GOROUTINE;
    if (step->event->m != TRACE_NO_THREAD && (p == need_any || (p == need_one) == has_p) &&
        (g == need_any || (g == need_one) == has_g))
        return true;
    return step_lacks(step, p, g);
}

/* Whether a user's goroutine runs: all three are needed. */
static inline bool step_has_all(struct step *step)
{
    return step_has(step, need_one, need_one);
}

/* Puts the event in the queue, for it implies others that come after it. */
static inline void step_queue(struct step *step)
{
    step->order->queue[step->order->queued++] = step->event;
}

/* The event is played; it comes after those that it has implied. */
static inline enum order_result step_emit(struct step *step)
{
    if (step->order->queued > 0)
        step_queue(step);
    return order_done;
}

/* What the thread runs. */
static inline struct order_context *step_context(struct step *step)
{
    return &step->order->threads.at[step->thread].context;
}

/* From now on the thread runs a goroutine, or has a processor: one in a slot, or none. */
static inline void step_run(struct step *step, int64_t goroutine, uint32_t slot)
{
    struct order_context *context = step_context(step);
    context->g = goroutine;
    context->g_slot = slot;
}

static inline void step_hold(struct step *step, int64_t proc, uint32_t slot)
{
    struct order_context *context = step_context(step);
    context->p = proc;
    context->p_slot = slot;
}

/* Puts an event that is implied by this one in the queue. */
struct trace_event *step_imply(struct step *step, enum trace_type type);

/* Whether a slot holds a goroutine, or a processor. */
static inline bool order_holds(const struct order *order, uint32_t slot, int64_t id)
{
    return slot < order->goroutines.n && order->goroutines.at[slot].id == id && order->goroutines.at[slot].live;
}

static inline bool order_holds_proc(const struct order *order, uint32_t slot, int64_t id)
{
    return slot < order->procs.n && order->procs.at[slot].id == id;
}

/* Looks for a goroutine or a processor everywhere. */
struct order_goroutine *order_find_goroutine(struct order *order, int64_t id, uint32_t *slot);
struct order_proc *order_find_proc(struct order *order, int64_t id, uint32_t *slot);

/* The goroutine or processor of an id; NULL where it is not known. `*slot` is where it was seen last, and is brought up
 * to date. Valid until one is added. */
static inline struct order_goroutine *step_goroutine(struct step *step, int64_t id, uint32_t *slot)
{
    struct order *order = step->order;
    return order_holds(order, *slot, id) ? &order->goroutines.at[*slot] : order_find_goroutine(order, id, slot);
}

static inline struct order_proc *step_proc(struct step *step, int64_t id, uint32_t *slot)
{
    struct order *order = step->order;
    return order_holds_proc(order, *slot, id) ? &order->procs.at[*slot] : order_find_proc(order, id, slot);
}

/* The same of what an event names. Processors are mostly numbered in the order in which they appear. */
static inline struct order_proc *step_named_proc(struct step *step, int64_t id, uint32_t *slot)
{
    *slot = (uint32_t)id;
    return step_proc(step, id, slot);
}

static inline struct order_goroutine *step_named_goroutine(struct step *step, int64_t id, uint32_t *slot)
{
    struct order *order = step->order;
    *slot = order->recent[(uint64_t)id % (sizeof order->recent / sizeof *order->recent)];
    return step_goroutine(step, id, slot);
}

/* The open ranges and regions of a goroutine. */
static inline struct order_extents *step_extents(struct step *step, const struct order_goroutine *goroutine)
{
    return &step->order->extents.at[goroutine - step->order->goroutines.at];
}

/* Refuses, because nothing is known of the goroutine that runs, or of the thread's processor; NULL. */
struct order_goroutine *step_unknown_goroutine(struct step *step);
struct order_proc *step_unknown_proc(struct step *step);

/* The goroutine that runs, or the thread's processor; refuses where it is not known. */
static inline struct order_goroutine *step_own_goroutine(struct step *step)
{
    struct order_goroutine *goroutine = step_goroutine(step, step->event->g, &step_context(step)->g_slot);
    return goroutine ? goroutine : step_unknown_goroutine(step);
}

static inline struct order_proc *step_own_proc(struct step *step)
{
    struct order_proc *proc = step_proc(step, step->event->p, &step_context(step)->p_slot);
    return proc ? proc : step_unknown_proc(step);
}

/* Adds a goroutine that is not known yet; false on exhaustion. Its slot is *slot then. */
bool step_add_goroutine(struct step *step, int64_t id, enum trace_go_status status, uint32_t *slot);
bool step_add_proc(struct step *step, int64_t id, enum trace_proc_status status);
void step_remove_goroutine(struct step *step, struct order_goroutine *goroutine);

/* Whether number `number` of this generation is the next of a sequence. */
static inline bool step_succeeds(const struct step *step, struct order_sequence last, uint64_t number)
{
    return last.generation == step->generation && number == last.number + 1;
}

/* The players, by type of event. */
typedef enum order_result order_player(struct step *step);

order_player play_proc_start, play_proc_stop, play_proc_steal, play_proc_status;
order_player play_go_create, play_go_create_syscall, play_go_status, play_go_switch;
order_player play_syscall_end_blocked, play_go_destroy_syscall;
order_player play_annotation, play_alloc_free, play_task_begin, play_task_end, play_region_begin, play_region_end;
order_player play_gc_active, play_gc_begin, play_gc_end, play_sweep_active, play_sweep_begin, play_sweep_end,
    play_range_begin, play_range_active, play_range_end;

#endif
