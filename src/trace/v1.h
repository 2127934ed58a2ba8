/* v1 traces, Go 1.5 to 1.21: parsed and checked as a whole, then turned into the events of v2.
 *
 * The file is batches of events of one processor each. An event is a byte, type | (arguments - 1) << 6, and base-128
 * numbers; code 3 there means that the arguments' length in bytes comes first. Strings, stacks and the clock's
 * frequency may stand anywhere. What changed from version to version is in v1_parse.c.
 *
 *     v1_parse    bytes → events in the file's order
 *     v1_order    → their order in time, by frontier merge over the processors
 *     v1_check    → consistent: no processor runs two goroutines, and so on
 *     v1_next     → events of v2, one by one
 */
#ifndef SONDE_TRACE_V1_H
#define SONDE_TRACE_V1_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/fault.h"

enum v1_type {
    v1_none,
    v1_batch,
    v1_frequency,
    v1_stack,
    v1_gomaxprocs,
    v1_proc_start,
    v1_proc_stop,
    v1_gc_start,
    v1_gc_done,
    v1_stw_start,
    v1_stw_done,
    v1_gc_sweep_start,
    v1_gc_sweep_done,
    v1_go_create,
    v1_go_start,
    v1_go_end,
    v1_go_stop,
    v1_go_sched,
    v1_go_preempt,
    v1_go_sleep,
    v1_go_block,
    v1_go_unblock,
    v1_go_block_send,
    v1_go_block_recv,
    v1_go_block_select,
    v1_go_block_sync,
    v1_go_block_cond,
    v1_go_block_net,
    v1_go_syscall,
    v1_go_sys_exit,
    v1_go_sys_block,
    v1_go_waiting,
    v1_go_in_syscall,
    v1_heap_alloc,
    v1_heap_goal,
    v1_timer_goroutine,
    v1_futile_wakeup,
    v1_string,
    v1_go_start_local,
    v1_go_unblock_local,
    v1_go_sys_exit_local,
    v1_go_start_label,
    v1_go_block_gc,
    v1_gc_mark_assist_start,
    v1_gc_mark_assist_done,
    v1_user_task_create,
    v1_user_task_end,
    v1_user_region,
    v1_user_log,
    v1_cpu_sample,
    v1_count,
};

/* Processors that do not exist, for what happens on none. */
enum { v1_timer_p = 1000001, v1_netpoll_p, v1_syscall_p, v1_gc_p };

struct v1_event {
    int64_t ts; /* ticks, then ns from the first event */
    uint64_t g;
    uint64_t args[4];
    uint32_t stack; /* id */
    int32_t p;
    uint8_t type;
    bool blocks;     /* of v1_go_syscall: the next event of the goroutine says that it blocked */
    uint64_t offset; /* in the file */
};

/* The events of one processor, in the file's order. */
struct v1_proc {
    int32_t p;
    VEC(uint32_t) events; /* indices */
    size_t next;          /* of events: the first that is not merged */
    uint64_t last_g;      /* while parsing: the goroutine that ran at the end of the last batch */
};

struct v1_trace {
    struct mem *mem;
    unsigned version;
    struct trace_table table;
    VEC(struct v1_event) events;
    VEC(uint32_t) order;       /* indices of events, in time */
    VEC(uint64_t) sequence;    /* of each event, in Go 1.5 */
    VEC(struct v1_proc) procs; /* in the order of their first batches */
    struct map proc_of_p;
    VEC(uint32_t) samples; /* indices of CPU samples */
    struct map timer_goroutines;
    VEC(struct str) logs; /* texts that stood in the events */
    int64_t ticks_per_second;
    uint64_t max_string;    /* the greatest id of a string */
    bool has_broken_frames; /* some name strings that are not defined: events with such a stack are refused */
};

void v1_init(struct v1_trace *trace, struct mem *mem);
void v1_finish(struct v1_trace *trace);

/* Whether a version is one that v1_parse reads. */
bool v1_knows(unsigned version);

/* The three steps, each on what the one before made; false with the fault set. `bytes` is what follows the header, and
 * must outlive the trace, `base` its offset. */
bool v1_parse(struct v1_trace *trace, unsigned version, struct str bytes, uint64_t base, struct trace_fault *fault);
bool v1_order(struct v1_trace *trace, struct trace_fault *fault);
bool v1_check(struct v1_trace *trace, struct trace_fault *fault);

/* What the conversion keeps between events. */
struct v1_converter;

/* Prepares the conversion of a checked trace, which must outlive the converter; NULL with the fault set. */
struct v1_converter *v1_converter_create(struct v1_trace *trace, struct trace_fault *fault);
void v1_converter_destroy(struct v1_converter *converter);

/* The next event, valid until the next call; NULL at the end or, with the fault set, where one cannot be converted. The
 * marks at the begin and the end are part of it. */
struct trace_event *v1_next(struct v1_converter *converter, struct trace_fault *fault);

#endif
