/* The state that is played with. What the players of each kind of event do is in order_go.c (with the dispatch),
 * order_proc.c and order_range.c; they check and change exactly what Go's reader does, in its order, so that a trace
 * that it refuses is refused at the same event. */
#include "trace/order.h"

#include <stdarg.h>
#include <stdio.h>

#include "trace/order_step.h"

void order_init(struct order *order, struct mem *mem, struct trace_fault *fault)
{
    *order = (struct order){.mem = mem,
                            .fault = fault,
                            .free_goroutine = ORDER_NO_SLOT,
                            .free_task = ORDER_NO_SLOT,
                            .gc = order_gc_unknown};
    map_init(&order->thread_of_m, mem);
    map_init(&order->proc_of_id, mem);
    map_init(&order->goroutine_of_id, mem);
    map_init(&order->task_of_id, mem);
}

void order_finish(struct order *order)
{
    for (size_t i = 0; i < order->extents.n; i++) {
        vec_finish(&order->extents.at[i].ranges, order->mem);
        vec_finish(&order->extents.at[i].regions, order->mem);
    }
    vec_finish(&order->extents, order->mem);
    for (size_t i = 0; i < order->procs.n; i++)
        vec_finish(&order->procs.at[i].ranges, order->mem);
    vec_finish(&order->threads, order->mem);
    vec_finish(&order->procs, order->mem);
    vec_finish(&order->goroutines, order->mem);
    vec_finish(&order->tasks, order->mem);
    map_finish(&order->thread_of_m);
    map_finish(&order->proc_of_id);
    map_finish(&order->goroutine_of_id);
    map_finish(&order->task_of_id);
}

static const struct order_context nothing = {TRACE_NO_GOROUTINE, TRACE_NO_PROC, ORDER_NO_SLOT, ORDER_NO_SLOT};

uint32_t order_thread(struct order *order, int64_t m)
{
    uint32_t fresh = (uint32_t)order->threads.n;
    uint32_t *index = map_add(&order->thread_of_m, (uint64_t)m, fresh);
    if (!index)
        return UINT32_MAX;
    struct order_thread thread = {.m = m, .context = nothing};
    if (*index == fresh && !vec_push(&order->threads, order->mem, thread)) {
        map_remove(&order->thread_of_m, (uint64_t)m);
        return UINT32_MAX;
    }
    return *index;
}

enum order_result step_refuse(struct step *step, const char *format, ...)
{
    char rule[160];
    va_list args;
    va_start(args, format);
    vsnprintf(rule, sizeof rule, format, args);
    va_end(args);
    trace_fault_at(step->order->fault, 0, "%s: %s", trace_specs[step->event->type].name, rule);
    return order_refused;
}

enum order_result step_exhausted(struct step *step)
{
    return step_refuse(step, "out of memory");
}

/* Refuses unless the presence of something is as needed. */
static bool check_need(struct step *step, enum need need, bool has, const char *what)
{
    if (need == need_any || (need == need_one) == has)
        return true;
    step_refuse(step, need == need_one ? "happens on a %s, but there is none" : "happens on no %s, but there is one",
                what);
    return false;
}

bool step_lacks(struct step *step, enum need p, enum need g)
{
    return check_need(step, need_one, step->event->m != TRACE_NO_THREAD, "thread") &&
           check_need(step, p, step->event->p != TRACE_NO_PROC, "processor") &&
           check_need(step, g, step->event->g != TRACE_NO_GOROUTINE, "goroutine");
}

struct trace_event *step_imply(struct step *step, enum trace_type type)
{
    struct order *order = step->order;
    struct trace_event *event = &order->implied[order->nimplied++];
    *event = (struct trace_event){.time = step->event->time,
                                  .m = step->event->m,
                                  .p = step->event->p,
                                  .g = step->event->g,
                                  .table = step->table,
                                  .type = (uint8_t)type};
    order->queue[order->queued++] = event;
    return event;
}

struct order_goroutine *order_find_goroutine(struct order *order, int64_t id, uint32_t *slot)
{
    uint32_t *recent = &order->recent[(uint64_t)id % (sizeof order->recent / sizeof *order->recent)];
    if (!order_holds(order, *recent, id)) {
        uint32_t *index = map_find(&order->goroutine_of_id, (uint64_t)id);
        if (!index)
            return NULL;
        *recent = *index;
    }
    *slot = *recent;
    return &order->goroutines.at[*slot];
}

struct order_proc *order_find_proc(struct order *order, int64_t id, uint32_t *slot)
{
    uint32_t *index = map_find(&order->proc_of_id, (uint64_t)id);
    if (!index)
        return NULL;
    *slot = *index;
    return &order->procs.at[*index];
}

struct order_goroutine *step_unknown_goroutine(struct step *step)
{
    step_refuse(step, "nothing is known of goroutine %lld, which runs", (long long)step->event->g);
    return NULL;
}

struct order_proc *step_unknown_proc(struct step *step)
{
    step_refuse(step, "nothing is known of processor %lld", (long long)step->event->p);
    return NULL;
}

/* A slot for a goroutine: a free one, or a new one at the end. */
static uint32_t new_goroutine_slot(struct order *order)
{
    uint32_t slot = order->free_goroutine;
    if (slot != ORDER_NO_SLOT) {
        order->free_goroutine = order->goroutines.at[slot].next_free;
        return slot;
    }
    if (!vec_reserve(&order->goroutines, order->mem, 1) ||
        !vec_push(&order->extents, order->mem, (struct order_extents){0}))
        return ORDER_NO_SLOT;
    return (uint32_t)order->goroutines.n++;
}

bool step_add_goroutine(struct step *step, int64_t id, enum trace_go_status status, uint32_t *slot)
{
    struct order *order = step->order;
    uint32_t *index = map_add(&order->goroutine_of_id, (uint64_t)id, 0);
    *slot = index ? new_goroutine_slot(order) : ORDER_NO_SLOT;
    if (*slot == ORDER_NO_SLOT) {
        map_remove(&order->goroutine_of_id, (uint64_t)id);
        return false;
    }
    *index = *slot;
    order->goroutines.at[*slot] =
        (struct order_goroutine){.id = id, .status = (uint8_t)status, .live = true, .sequence = {step->generation, 0}};
    return true;
}

void step_remove_goroutine(struct step *step, struct order_goroutine *goroutine)
{
    struct order *order = step->order;
    struct order_extents *extents = step_extents(step, goroutine);
    map_remove(&order->goroutine_of_id, (uint64_t)goroutine->id);
    vec_finish(&extents->ranges, order->mem);
    vec_finish(&extents->regions, order->mem);
    goroutine->live = false;
    goroutine->next_free = order->free_goroutine;
    order->free_goroutine = (uint32_t)(goroutine - order->goroutines.at);
}

bool step_add_proc(struct step *step, int64_t id, enum trace_proc_status status)
{
    struct order *order = step->order;
    uint32_t *index = map_add(&order->proc_of_id, (uint64_t)id, (uint32_t)order->procs.n);
    struct order_proc proc = {.id = id, .status = (uint8_t)status, .sequence = {step->generation, 0}};
    return index && vec_push(&order->procs, order->mem, proc);
}
