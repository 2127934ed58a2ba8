/* What goroutines, processors and threads do over a trace, or over a part of its time: who runs how long and where, how
 * long the runnable wait for a processor, what the blocked wait for and who wakes them, and who waits for ever. Feed
 * every event, in order, and end. All times are ns; memory grows with goroutines alive at once, with functions and with
 * stacks, not with the trace. */
#ifndef SONDE_TRACE_ACTIVITY_H
#define SONDE_TRACE_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/course.h"
#include "trace/event.h"
#include "trace/places.h"
#include "trace/quantiles.h"
#include "trace/range.h"

enum {
    activity_most_groups = 4096, /* start functions that are told apart; the rest are one group */
    activity_most_procs = 4096,  /* processors that have figures of their own */
    activity_worst = 10,         /* longest waits for a processor that are kept */
};

#define ACTIVITY_NONE UINT32_MAX

struct activity_goroutine {
    int64_t id;       /* INT64_MIN for a free place */
    uint8_t state;    /* enum trace_go_state */
    bool since_known; /* `since` is when the state began; else it began before the trace */
    bool created;     /* within the trace */
    int64_t since;
    int64_t creation;             /* time, where it was created within the trace */
    uint32_t reason, stack;       /* why and where it waits, or its system call is (numbers of places) */
    uint32_t creation_stack;      /* where it was created */
    uint32_t group;               /* ACTIVITY_NONE while its start function is unknown */
    uint32_t proc;                /* index, while it runs */
    int64_t time[go_syscall + 1]; /* in each state, not yet added to a group's */
};

/* Goroutines that start in the same function. */
struct activity_group {
    uint32_t name;
    uint64_t created, ended, alive; /* within the range; at its end */
    int64_t time[go_syscall + 1];   /* by enum trace_go_state */
    struct quantiles *latency;      /* how long they were runnable before they ran; NULL for never */
};

struct activity_proc {
    int64_t id;
    bool is_running; /* threads look for work on it, or do it */
    int64_t running_since;
    int64_t running;      /* time that a thread had it */
    int64_t busy;         /* time that it ran a goroutine */
    struct course course; /* of busy */
};

/* Waits for one reason at one place. */
struct activity_wait {
    uint32_t reason, stack;
    bool is_syscall;
    uint64_t count;
    int64_t total, most;
};

/* Wake-ups of goroutines of one group, which waited for a reason, by those of another. */
struct activity_wakeup {
    uint32_t waker; /* group; ACTIVITY_NONE for the runtime itself: timers, the network */
    uint32_t woken; /* group */
    uint32_t reason;
    uint64_t count;
    int64_t waited; /* in all */
};

struct activity_latency {
    int64_t goroutine, time, length; /* when it came to run, and how long after it could have */
    uint32_t group;
};

/* Goroutines that wait at the end, created at one place and waiting at one. */
struct activity_leak {
    uint32_t creation_stack, reason, stack, group;
    uint64_t count, created; /* of them within the trace */
    int64_t longest;         /* wait so far; at least that, where `since_before` */
    bool since_before;       /* it began before the trace */
    int64_t goroutine;       /* that waits longest */
};

struct activity {
    struct mem *mem;
    struct places places;
    struct trace_range wanted; /* from the trace's begin */
    struct trace_range range;  /* in the trace's time */
    bool began, over;          /* an event came; one behind the range did */
    int64_t begin, last;       /* times of the first and the last event, or of the range's end */

    VEC(struct activity_goroutine) goroutines;
    VEC(uint32_t) free; /* places */
    struct map goroutine_of_id;
    uint32_t recent[4096]; /* likely places by id */

    VEC(struct activity_group) groups;
    VEC(uint32_t) group_of_name; /* ACTIVITY_NONE where there is none */
    VEC(struct activity_proc) procs;
    struct map proc_of_id;
    VEC(struct activity_wait) waits;
    struct map wait_of_key;
    VEC(struct activity_wakeup) wakeups;
    struct map wakeup_of_key;
    VEC(struct activity_leak) leaks; /* once ended */

    struct quantiles latency;
    struct activity_latency worst[activity_worst]; /* the longest first */
    unsigned nworst;

    struct map threads;
    int64_t recent_thread;
    uint64_t nprocs, nprocs_most; /* GOMAXPROCS */
    uint64_t events;              /* in the range */
    uint64_t created, ended, alive_at_begin, alive, most_alive;
    struct course busy, runnable; /* sums over processors, and over goroutines */

    /* Time in which every processor was busy and more goroutines could have run. */
    uint64_t busy_now, runnable_now;
    int64_t saturated, saturated_since;
};

/* Prepares for a trace, of which only a range (from its begin) counts. False on exhaustion. */
bool activity_init(struct activity *activity, struct trace_range wanted, struct mem *mem);
void activity_finish(struct activity *activity);

/* Takes an event in; false on exhaustion. */
bool activity_add(struct activity *activity, const struct trace_event *event);

/* Ends what goes on, and finds who waits for ever; false on exhaustion. */
bool activity_end(struct activity *activity);

/* The time that the figures are of. */
struct trace_range activity_span(const struct activity *activity);

/* The group of a goroutine that is alive; ACTIVITY_NONE where it is not known. */
uint32_t activity_group_of(const struct activity *activity, int64_t goroutine);

/* How long a goroutine that is alive has run so far, within the range; 0 where it is not known. */
int64_t activity_ran(const struct activity *activity, int64_t goroutine, int64_t now);

#endif
