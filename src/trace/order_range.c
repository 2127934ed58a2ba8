/* Tasks, regions, the collector's cycles and ranges, and what only needs somewhere to happen. */
#include <inttypes.h>

#include "trace/order_step.h"

enum order_result play_annotation(struct step *step)
{
    return step_has_all(step) ? step_emit(step) : order_refused;
}

enum order_result play_alloc_free(struct step *step)
{
    return step_has(step, need_any, need_any) ? step_emit(step) : order_refused;
}

/* The string of an id; refuses where it is not defined. */
static bool named(struct step *step, uint64_t id, struct str *name)
{
    uint32_t index;
    if (!trace_ids_find(&step->table->string_ids, id, &index)) {
        step_refuse(step, "string %" PRIu64 " is not defined", id);
        return false;
    }
    *name = step->table->strings.at[index];
    return true;
}

static bool add_task(struct order *order, uint64_t id, struct order_task task)
{
    uint32_t slot = order->free_task;
    if (slot != ORDER_NO_SLOT) {
        order->free_task = order->tasks.at[slot].next_free;
        order->tasks.at[slot] = task;
    } else {
        slot = (uint32_t)order->tasks.n;
        if (!vec_push(&order->tasks, order->mem, task))
            return false;
    }
    return map_add(&order->task_of_id, id, slot) != NULL;
}

enum order_result play_task_begin(struct step *step)
{
    uint64_t *args = step->event->args;
    if (map_find(&step->order->task_of_id, args[0]))
        return step_refuse(step, "task %" PRIu64 " has begun already", args[0]);
    if (args[1] == 0)
        args[1] = TRACE_NO_TASK;
    struct str name;
    if (!named(step, args[2], &name))
        return order_refused;
    if (!add_task(step->order, args[0], (struct order_task){.name = name, .parent = args[1]}))
        return step_exhausted(step);
    return play_annotation(step);
}

/* The end of a task may come in a later generation than its begin, and more than once. */
enum order_result play_task_end(struct step *step)
{
    struct order *order = step->order;
    uint64_t *args = step->event->args;
    uint32_t *index = map_find(&order->task_of_id, args[0]);
    args[2] = TRACE_NO_TASK;
    args[3] = 0;
    if (index) {
        uint32_t slot = *index;
        struct order_task *task = &order->tasks.at[slot];
        uint32_t type = trace_table_extra(step->table, task->name);
        if (type == UINT32_MAX)
            return step_exhausted(step);
        args[2] = task->parent;
        args[3] = type;
        map_remove(&order->task_of_id, args[0]);
        task->next_free = order->free_task;
        order->free_task = slot;
    }
    return play_annotation(step);
}

/* What is open of the goroutine that a region's event needs, and the region's name. */
static struct order_extents *region_owner(struct step *step, struct str *name)
{
    if (!step_has_all(step) || !named(step, step->event->args[1], name))
        return NULL;
    struct order_goroutine *goroutine = step_own_goroutine(step);
    return goroutine ? step_extents(step, goroutine) : NULL;
}

enum order_result play_region_begin(struct step *step)
{
    struct order_region region = {.task = step->event->args[0]};
    struct order_extents *owner = region_owner(step, &region.name);
    if (!owner)
        return order_refused;
    return vec_push(&owner->regions, step->order->mem, region) ? step_emit(step) : step_exhausted(step);
}

enum order_result play_region_end(struct step *step)
{
    struct order_region region = {.task = step->event->args[0]};
    struct order_extents *owner = region_owner(step, &region.name);
    if (!owner)
        return order_refused;
    if (owner->regions.n > 0) { /* else it began before the trace */
        struct order_region *last = &owner->regions.at[owner->regions.n - 1];
        if (last->task != region.task || !str_equal(last->name, region.name))
            return step_refuse(step, "region \"%.*s\" of task %" PRIu64 " ends within region \"%.*s\" of task %" PRIu64,
                               (int)(region.name.n < 40 ? region.name.n : 40), region.name.p, region.task,
                               (int)(last->name.n < 40 ? last->name.n : 40), last->name.p, last->task);
        owner->regions.n--;
    }
    return step_emit(step);
}

enum order_result play_gc_active(struct step *step)
{
    struct order *order = step->order;
    uint64_t number = step->event->args[0];
    if (step->generation == order->first_generation) {
        if (order->gc != order_gc_unknown)
            return step_refuse(step, "is not the first event of the collector in the first generation");
        order->gc_sequence = number;
        order->gc = order_gc_on;
        return step_emit(step);
    }
    if (number != order->gc_sequence + 1)
        return order_later;
    if (order->gc != order_gc_on)
        return step_refuse(step, "the collector is not running");
    order->gc_sequence = number;
    return play_annotation(step);
}

enum order_result play_gc_begin(struct step *step)
{
    struct order *order = step->order;
    uint64_t number = step->event->args[0];
    if (order->gc == order_gc_unknown) {
        order->gc_sequence = number;
        order->gc = order_gc_on;
        return step_emit(step);
    }
    if (number != order->gc_sequence + 1)
        return order_later;
    if (order->gc == order_gc_on)
        return step_refuse(step, "the collector is running already");
    order->gc_sequence = number;
    order->gc = order_gc_on;
    return play_annotation(step);
}

enum order_result play_gc_end(struct step *step)
{
    struct order *order = step->order;
    uint64_t number = step->event->args[0];
    if (number != order->gc_sequence + 1)
        return order_later;
    if (order->gc != order_gc_on)
        return step_refuse(step, "the collector is not known to run");
    order->gc_sequence = number;
    order->gc = order_gc_off;
    return play_annotation(step);
}

/* The range that an event begins, ends or continues. */
static struct order_range range_of(const struct step *step)
{
    uint8_t start = trace_specs[step->event->type].start;
    return (struct order_range){start ? start : step->event->type,
                                step->event->type == ev_stw_begin ? step->event->args[0] : 0};
}

/* The position of a range, or n. */
static size_t find_range(const struct order_range *ranges, size_t n, struct order_range range)
{
    size_t i = 0;
    while (i < n && (ranges[i].type != range.type || ranges[i].kind != range.kind))
        i++;
    return i;
}

/* Both kinds of owner keep a vector of open ranges; these work on either. */
#define begin_range(step, ranges)                                                                                      \
    (find_range((ranges)->at, (ranges)->n, range_of(step)) < (ranges)->n                                               \
         ? step_refuse((step), "such a range is open already")                                                         \
     : vec_push((ranges), (step)->order->mem, range_of(step)) ? step_emit(step)                                        \
                                                              : step_exhausted(step))

#define continue_range(step, ranges)                                                                                   \
    ((step)->generation == (step)->order->first_generation ? begin_range(step, ranges)                                 \
     : find_range((ranges)->at, (ranges)->n, range_of(step)) < (ranges)->n                                             \
         ? step_emit(step)                                                                                             \
         : step_refuse((step), "no such range is open"))

/* Takes the first range of a type out of n (the last one fills its place) and says its kind; false where there is
 * none. */
static bool end_range(struct order_range *ranges, size_t n, uint8_t type, uint64_t *kind)
{
    size_t i = 0;
    while (i < n && ranges[i].type != type)
        i++;
    if (i == n)
        return false;
    *kind = ranges[i].kind;
    ranges[i] = ranges[n - 1];
    return true;
}

enum order_result play_sweep_begin(struct step *step)
{
    if (!step_has(step, need_one, need_any))
        return order_refused;
    struct order_proc *proc = step_own_proc(step);
    return proc ? begin_range(step, &proc->ranges) : order_refused;
}

enum order_result play_sweep_active(struct step *step)
{
    uint32_t slot;
    struct order_proc *proc = step_named_proc(step, (int64_t)step->event->args[0], &slot);
    if (!proc)
        return step_refuse(step, "processor %" PRIu64 " is not known", step->event->args[0]);
    return continue_range(step, &proc->ranges);
}

enum order_result play_sweep_end(struct step *step)
{
    if (!step_has(step, need_one, need_any))
        return order_refused;
    struct order_proc *proc = step_own_proc(step);
    uint64_t kind;
    if (!proc || !end_range(proc->ranges.at, proc->ranges.n, ev_gc_sweep_begin, &kind))
        return step_refuse(step, "no sweep is open");
    proc->ranges.n--;
    return step_emit(step);
}

enum order_result play_range_begin(struct step *step)
{
    struct order_goroutine *goroutine = step_has_all(step) ? step_own_goroutine(step) : NULL;
    return goroutine ? begin_range(step, &step_extents(step, goroutine)->ranges) : order_refused;
}

enum order_result play_range_active(struct step *step)
{
    uint32_t slot;
    struct order_goroutine *goroutine = step_named_goroutine(step, (int64_t)step->event->args[0], &slot);
    if (!goroutine)
        return step_refuse(step, "goroutine %" PRIu64 " is not known", step->event->args[0]);
    return continue_range(step, &step_extents(step, goroutine)->ranges);
}

enum order_result play_range_end(struct step *step)
{
    struct order_goroutine *goroutine = step_has_all(step) ? step_own_goroutine(step) : NULL;
    if (!goroutine)
        return order_refused;
    uint64_t kind;
    struct order_extents *extents = step_extents(step, goroutine);
    if (!end_range(extents->ranges.at, extents->ranges.n, trace_specs[step->event->type].start, &kind))
        return step_refuse(step, "no such range is open");
    extents->ranges.n--;
    if (step->event->type == ev_stw_end)
        step->event->args[0] = kind;
    return step_emit(step);
}
