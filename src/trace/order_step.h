/* What the files that play events share; no other file needs it. */
#ifndef SONDE_TRACE_ORDER_STEP_H
#define SONDE_TRACE_ORDER_STEP_H

#include "trace/order.h"

#define ORDER_NO_SLOT UINT32_MAX

/* One event while it is played. */
struct step {
    struct order *order;
    struct trace_event *event;
    struct trace_table *table;
    uint64_t generation;
    int64_t m;
    struct order_context before; /* of the thread */
    struct order_context after;  /* becomes the thread's when the event is done */
};

enum need { need_none, need_any, need_one };

/* Refuses the event: the fault says why. */
enum order_result step_refuse(struct step *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Refuses for lack of memory. */
enum order_result step_exhausted(struct step *step);

/* Whether the thread has (or lacks) a processor and a goroutine as needed, and there is a thread; else refuses. */
bool step_has(struct step *step, enum need p, enum need g);

/* Whether a user's goroutine runs: all three are needed. */
static inline bool step_has_all(struct step *step)
{
    return step_has(step, need_one, need_one);
}

/* Puts the event in the queue, as happened in the context before. */
enum order_result step_emit(struct step *step);

/* Puts an event that is implied by this one in the queue. */
struct trace_event *step_imply(struct step *step, enum trace_type type);

/* The goroutine or processor of an id; NULL where it is not known. `*slot` is where it was seen last, and is brought up
 * to date. Valid until one is added. */
struct order_goroutine *step_goroutine(struct step *step, int64_t id, uint32_t *slot);
struct order_proc *step_proc(struct step *step, int64_t id, uint32_t *slot);

/* The goroutine that runs; refuses where it is not known. */
struct order_goroutine *step_own_goroutine(struct step *step);

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
order_player play_go_create, play_go_create_syscall, play_go_start, play_go_stop, play_go_unblock, play_go_status,
    play_go_switch;
order_player play_syscall_begin, play_syscall_end, play_syscall_end_blocked, play_go_destroy_syscall;
order_player play_annotation, play_heap, play_alloc_free, play_task_begin, play_task_end, play_region_begin,
    play_region_end;
order_player play_gc_active, play_gc_begin, play_gc_end, play_sweep_active, play_sweep_begin, play_sweep_end,
    play_range_begin, play_range_active, play_range_end;

#endif
