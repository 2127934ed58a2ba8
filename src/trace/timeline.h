/* A trace as what viewers draw: rows (processors, threads, goroutines, tasks), stretches of time and points on them,
 * arrows between them, and counters. Feed every event in order, and end; what is complete goes to a sink at once, so
 * that memory depends on what is open, and on how many different stacks there are, not on the trace's length.
 *
 * Rows of processors and threads are those of `go tool trace` (its "view=proc" and "view=thread"): what ran there, and
 * within it system calls and ranges of the collector. Rows of goroutines have a stretch for each state. */
#ifndef SONDE_TRACE_TIMELINE_H
#define SONDE_TRACE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/frame_tree.h"
#include "trace/range.h"
#include "trace/slots.h"

enum timeline_group {
    timeline_procs,
    timeline_stats, /* counters */
    timeline_tasks,
    timeline_threads,
    timeline_goroutines,
    timeline_groups,
};

/* Rows among processors that are none, as Go numbers them. */
enum { timeline_network_row = 1000002, timeline_syscalls_row, timeline_collector_row };

struct timeline_row {
    enum timeline_group group;
    int64_t id;
};

enum timeline_kind {
    timeline_run,      /* a goroutine on a processor or thread; its own row: it executes */
    timeline_runnable, /* these three only on rows of goroutines */
    timeline_waiting,
    timeline_syscall_state,
    timeline_syscall, /* within a run */
    timeline_range,   /* of the collector, or a stop of the world */
    timeline_region,  /* of user code, on its goroutine's row; may cross the states there, but not other regions */
    timeline_task,    /* on the row of its number */
};

/* Times are those of the events, within the range that was asked for; stacks are nodes of the frame tree, 0 for none.
 * Texts live until the call returns. */
struct timeline_slice {
    struct timeline_row row;
    enum timeline_kind kind;
    struct str name;
    int64_t start, end;
    uint32_t stack, end_stack;
    uint64_t arrow;   /* the arrow that ends where this begins, 0 for none */
    uint64_t task;    /* of a task or region: its task; else 0 */
    uint64_t parent;  /* of a task: the task that it is part of, 0 for none */
    bool has_blocked; /* of a system call: whether it lost its processor */
    bool blocked;
};

struct timeline_instant {
    struct timeline_row row;
    struct str name, category;
    int64_t time;
    uint32_t stack;
    bool has_context; /* of a processor's start or stop: */
    int64_t proc, thread;
};

struct timeline_arrow {
    uint64_t id; /* from 1 */
    struct str name;
    struct timeline_row from, to;
    int64_t start, end;
    uint32_t stack; /* where it starts */
};

enum timeline_counter { timeline_goroutine_counts, timeline_heap, timeline_thread_counts, timeline_counters };

struct timeline_count {
    enum timeline_counter counter;
    int64_t time;
    uint64_t values[3];
};

/* The names of a counter's values, NULL behind the last, and of the counter. */
extern const char *const timeline_counter_names[timeline_counters];
extern const char *const timeline_value_names[timeline_counters][3];
extern const char *const timeline_group_names[timeline_groups];

struct timeline;

/* Where it goes. A row is told before anything on it, and again where its name became another. */
struct timeline_sink {
    void (*row)(struct timeline_sink *sink, struct timeline_row row, struct str name, bool again);
    void (*slice)(struct timeline_sink *sink, const struct timeline_slice *slice);
    void (*instant)(struct timeline_sink *sink, const struct timeline_instant *instant);
    void (*arrow)(struct timeline_sink *sink, const struct timeline_arrow *arrow);
    void (*count)(struct timeline_sink *sink, const struct timeline_count *count);
    const struct frame_tree *frames; /* set by timeline_init */
};

/* A range that is open, and one that was completed within the run at hand. */
struct timeline_open {
    uint32_t name; /* of the frame tree's texts */
    bool runs;     /* since `time` there is a run to draw it on */
    int64_t time;
    uint32_t stack;
};

struct timeline_done {
    uint32_t name;
    enum timeline_kind kind;
    int64_t start, end;
    uint32_t stack, end_stack;
    bool has_blocked, blocked;
};

/* A goroutine as it is drawn on the rows of one group: where it runs, and why it was woken. */
struct timeline_track {
    bool runs;
    int64_t row; /* where */
    int64_t since;
    uint64_t arrow;      /* that led there */
    uint32_t last_stack; /* where it stopped before */
    bool in_syscall;
    int64_t syscall_since;
    uint32_t syscall_stack;
    uint32_t block_reason; /* texts */
    bool has_cause;
    int64_t cause_time;
    uint32_t cause_name, cause_stack;
    struct timeline_row cause_row;
    VEC(struct timeline_open) open;
    VEC(struct timeline_done) done;
};

struct timeline_user_region {
    uint64_t task;
    uint32_t name, stack;
    int64_t since;
};

struct timeline_goroutine {
    int64_t id;
    bool live;
    bool named;
    uint32_t func, label;            /* texts: the outermost function, a label */
    struct timeline_track tracks[3]; /* on processors, on threads; of the one on its own row only what woke it */
    uint8_t state;                   /* enum trace_go_state */
    int64_t since;
    uint32_t reason, stack; /* of the state */
    VEC(struct timeline_user_region) regions;
};

struct timeline_user_task {
    uint64_t id, parent;
    uint32_t name, stack;
    int64_t since;
    bool live;
};

struct timeline_proc_range {
    int64_t proc; /* -1: of no processor */
    struct timeline_open open;
};

struct timeline {
    struct mem *mem;
    struct timeline_sink *sink;
    struct frame_tree frames;
    struct trace_range range; /* in the trace's own time once it began */
    bool groups[timeline_groups];
    bool failed; /* out of memory */
    bool began;
    int64_t begin, last;
    unsigned marks;
    uint64_t arrows;

    struct map surveyed;          /* by goroutine: the text of its outermost function */
    struct slots goroutine_slots; /* of `goroutines` */
    VEC(struct timeline_goroutine) goroutines;
    struct map syscall_of_proc; /* goroutine that is in a system call there; absent for none */
    VEC(int64_t) syscalls;
    VEC(struct timeline_proc_range) ranges;
    VEC(struct timeline_user_task) tasks;
    struct map task_of_id;
    struct map rows[timeline_groups]; /* that were told: by id, a mark of their name */

    int64_t goroutine_counts[3], shown_goroutine_counts[3];
    int64_t running_threads, syscall_threads, shown_threads[2];
    uint64_t heap, goal, shown_heap[2];
    bool has_heap;
    struct buf name; /* of what is told at the moment */
};

/* Prepares a timeline of the groups that are true (counters and the collector belong to all) and of a range, which
 * counts from the trace's begin. The sink must outlive it. False on exhaustion. */
bool timeline_init(struct timeline *timeline, struct mem *mem, struct timeline_sink *sink,
                   const bool groups[timeline_groups], struct trace_range range);
void timeline_finish(struct timeline *timeline);

/* A pass before the one that draws, which may be left out: finds the names of goroutines, so that their rows have them
 * from the start. False on exhaustion. */
bool timeline_survey(struct timeline *timeline, const struct trace_event *event);

/* Takes an event in; false on exhaustion. */
bool timeline_add(struct timeline *timeline, const struct trace_event *event);

/* Ends what is open at the last event; false on exhaustion. */
bool timeline_end(struct timeline *timeline);

#endif
