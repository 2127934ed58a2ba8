/* The scheduler of the traced program, played again: which event may come next, and whether it can be true. Clocks of
 * different threads disagree, so time alone does not order events; sequence numbers of goroutines and processors do, as
 * far as it matters. An event that comes too early is put off until others have made it possible. */
#ifndef SONDE_TRACE_ORDER_H
#define SONDE_TRACE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/fault.h"

/* What a thread runs. The slots are where to look first; they may be out of date. */
struct order_context {
    int64_t g, p;
    uint32_t g_slot, p_slot;
};

struct order_thread {
    int64_t m;
    bool known; /* an event of its own, or one that names it, was seen */
    struct order_context context;
};

/* The last sequence number that was used, and in which generation. */
struct order_sequence {
    uint64_t generation, number;
};

/* A special range of time that is open: its first event's type and, of a stop of the world, its kind. */
struct order_range {
    uint8_t type;
    uint64_t kind; /* string id */
};

struct order_region {
    uint64_t task;
    struct str name;
};

/* What every event of a goroutine looks at: small, for all of them together should stay in the caches. */
struct order_goroutine {
    int64_t id;
    struct order_sequence sequence;
    uint32_t next_free;
    uint8_t status; /* enum trace_go_status */
    bool live;      /* false: the slot is free, and `next_free` the next such */
};

/* The rest of a goroutine, in the same slot. */
struct order_extents {
    VEC(struct order_range) ranges;
    VEC(struct order_region) regions;
};

struct order_proc {
    int64_t id;
    uint8_t status; /* enum trace_proc_status */
    struct order_sequence sequence;
    VEC(struct order_range) ranges;
};

struct order_task {
    struct str name;
    uint64_t parent;
    uint32_t next_free;
};

enum order_gc { order_gc_unknown, order_gc_off, order_gc_on };

struct order {
    struct mem *mem;
    struct trace_fault *fault;
    uint64_t first_generation; /* 0 until an event came */

    VEC(struct order_thread) threads;
    struct map thread_of_m;
    VEC(struct order_proc) procs;
    struct map proc_of_id;
    VEC(struct order_goroutine) goroutines;
    VEC(struct order_extents) extents; /* of goroutines, by slot */
    struct map goroutine_of_id;
    uint32_t free_goroutine; /* UINT32_MAX for none */
    VEC(struct order_task) tasks;
    struct map task_of_id;
    uint32_t free_task;

    enum order_gc gc;
    uint64_t gc_sequence;

    struct trace_event *queue[3]; /* the last event and those that it implied, if any, as they come */
    struct trace_event implied[2];
    unsigned queued, nimplied;

    uint32_t recent[1 << 12]; /* slots of goroutines by the low bits of their ids, as likely places */
};

void order_init(struct order *order, struct mem *mem, struct trace_fault *fault);
void order_finish(struct order *order);

/* The index of a thread, added where it is new (and not yet known to the trace); UINT32_MAX on exhaustion. */
uint32_t order_thread(struct order *order, int64_t m);

/* Fetches what will be looked at if an event that comes soon names a goroutine. */
static inline void order_expect(const struct order *order, uint64_t goroutine)
{
    uint32_t slot = order->recent[goroutine % (sizeof order->recent / sizeof *order->recent)];
    uintptr_t place = (uintptr_t)order->goroutines.at + slot * sizeof(struct order_goroutine); /* if there are any */
    __builtin_prefetch((const void *)place, 1);
}

enum order_result {
    order_later,   /* not possible yet: nothing has changed */
    order_done,    /* the event is delivered, unless there is a queue: then that is */
    order_refused, /* it cannot be true: the fault says why (its place is left to the caller) */
};

/* Plays an event of a thread (its index as order_thread gave it). What the event holds beyond the wire is filled in; it
 * must live until the queue was used. */
enum order_result order_advance(struct order *order, struct trace_event *event, uint32_t thread, uint64_t generation,
                                struct trace_table *table);

#endif
