/* What the wire format of Go's v2 execution traces (Go 1.22 and later) says of each type of event: its name and
 * arguments, as runtime/trace's tracev2 package defines them. The first byte of an event is its type. */
#ifndef SONDE_TRACE_SPEC_H
#define SONDE_TRACE_SPEC_H

#include <stdbool.h>
#include <stdint.h>

enum trace_type {
    ev_none = 0,

    /* Framing and tables. */
    ev_event_batch = 1,
    ev_stacks,
    ev_stack,
    ev_strings,
    ev_string,
    ev_cpu_samples,
    ev_cpu_sample,
    ev_frequency,

    /* Processors. */
    ev_procs_change = 9,
    ev_proc_start,
    ev_proc_stop,
    ev_proc_steal,
    ev_proc_status,

    /* Goroutines. */
    ev_go_create = 14,
    ev_go_create_syscall,
    ev_go_start,
    ev_go_destroy,
    ev_go_destroy_syscall,
    ev_go_stop,
    ev_go_block,
    ev_go_unblock,
    ev_go_syscall_begin,
    ev_go_syscall_end,
    ev_go_syscall_end_blocked,
    ev_go_status,

    /* Collector and heap. */
    ev_stw_begin = 26,
    ev_stw_end,
    ev_gc_active,
    ev_gc_begin,
    ev_gc_end,
    ev_gc_sweep_active,
    ev_gc_sweep_begin,
    ev_gc_sweep_end,
    ev_gc_mark_assist_active,
    ev_gc_mark_assist_begin,
    ev_gc_mark_assist_end,
    ev_heap_alloc,
    ev_heap_goal,

    /* Annotations. */
    ev_go_label = 39,
    ev_user_task_begin,
    ev_user_task_end,
    ev_user_region_begin,
    ev_user_region_end,
    ev_user_log,

    /* From Go 1.23. */
    ev_go_switch = 45,
    ev_go_switch_destroy,
    ev_go_create_blocked,
    ev_go_status_stack,
    ev_experimental_batch,

    /* From Go 1.25. */
    ev_sync = 50,
    ev_clock_snapshot,

    /* From Go 1.26. */
    ev_end_of_generation = 52,

    /* The AllocFree experiment. */
    ev_span = 128,
    ev_span_alloc,
    ev_span_free,
    ev_heap_object,
    ev_heap_object_alloc,
    ev_heap_object_free,
    ev_goroutine_stack,
    ev_goroutine_stack_alloc,
    ev_goroutine_stack_free,

    ev_count = 137,

    /* Not on the wire: the reader's mark between generations. */
    ev_mark = 255,
};

enum {
    trace_max_args = 5,         /* of any event, the time difference included */
    trace_max_batch = 64 << 10, /* bytes in a batch */
    trace_max_stack = 128,      /* frames of a stack */
    trace_max_string = 1 << 10, /* bytes of a string */
    trace_no_experiment = 0,    /* in the place of an experiment's number */
};

/* Numbers that stand for "none". */
#define TRACE_NO_THREAD ((int64_t)-1)
#define TRACE_NO_PROC ((int64_t)-1)
#define TRACE_NO_GOROUTINE ((int64_t)-1)
#define TRACE_NO_TASK UINT64_MAX

struct trace_spec {
    const char *name; /* "" for numbers that no event has */
    const char *args[trace_max_args];
    uint8_t nargs;
    uint8_t stacks[2];  /* which arguments are stacks, 0 for none; the first is the stack of the running goroutine */
    uint8_t strings[2]; /* which are strings */
    uint8_t start;      /* the type that begins the range that this one ends or continues; 0 for none */
    bool timed;         /* may stand in a batch of events: args[0] is the time since the one before */
    bool has_data;      /* a length and bytes follow the arguments */
    bool is_stack;      /* args[1] frames of 4 numbers follow the arguments */
    bool experimental;
};

/* By type; all of ev_count. */
extern const struct trace_spec trace_specs[ev_count];

/* How many arguments behind the time difference the event of a type has that may stand in a batch of events, plus 1; 0
 * for all other bytes. Small, because it is looked at for every event. */
extern const uint8_t trace_timed_args[256];

/* How many types, from 0, a version (22, 23, 25, 26) knows when its events are read one by one; 0 for v1. */
unsigned trace_type_count(unsigned version);

#endif
