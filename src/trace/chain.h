/* What a task's time was spent on, from its begin to its end without a gap: what its goroutine did and, while that
 * waited, what the goroutine did that woke it, and so on. */
#ifndef SONDE_TRACE_CHAIN_H
#define SONDE_TRACE_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/pass.h"
#include "trace/places.h"

/* Which task. */
struct chain_task {
    uint64_t id;
    uint32_t type; /* a name of the chain's places */
    bool has_start, has_end;
    int64_t start, end;     /* times; the trace's begin or end where there is none */
    int64_t starter, ender; /* goroutines; the same where only one is known */
};

struct chain_step {
    int64_t start, end;     /* times */
    int64_t goroutine;      /* TRACE_NO_GOROUTINE where nothing is known */
    uint8_t state;          /* enum trace_go_state; go_undetermined where nothing is known */
    uint32_t name;          /* the function that the goroutine starts in; 0 while unknown */
    uint32_t reason, stack; /* of what it waits for */
    int64_t waiter;         /* that waits meanwhile; TRACE_NO_GOROUTINE for none, this is the task's own */
    uint32_t waiter_reason, waiter_stack;
};

/* A goroutine in one state. */
struct chain_interval {
    int64_t start;
    uint8_t state;
    bool born;              /* with this interval, by: */
    int64_t by;             /* the goroutine that created or woke it; TRACE_NO_GOROUTINE for none */
    uint32_t reason, stack; /* of a wait or call */
};

struct chain_goroutine {
    int64_t id;
    uint32_t name;
    VEC(struct chain_interval) intervals; /* from the last one that began before the task on */
};

struct chain {
    struct mem *mem;
    struct places places;
    struct chain_task task;
    VEC(struct chain_step) steps;

    int64_t begin; /* of the trace */
    VEC(struct chain_goroutine) goroutines;
    struct map goroutine_of_id;
};

enum { chain_most_depth = 64 }; /* wakers of wakers that are followed */

/* Finds the task with a number, or (where `type` is not empty) the longest that has an end, and its chain, in two
 * passes over the trace. False with the fault set and nothing owned where there is no such task, or nothing of the
 * trace is good; a broken tail sets the fault, too. */
bool chain_find(struct chain *chain, struct str bytes, uint64_t id, struct str type, struct mem *mem,
                struct trace_extent *extent, struct trace_fault *fault);
void chain_finish(struct chain *chain);

#endif
