/* A part of a trace as a trace of its own: some of its time, some of its goroutines, or both. Go's reader takes what
 * comes out, and reads from it the events that it reads from the whole, at the same times; before them stand the states
 * in which the part begins.
 *
 * Two passes over the trace are needed: the first, which may be left out, finds which tasks that are open at the begin
 * matter behind it.
 *
 *     trace_cut_init(&cut, mem, version, range, goroutines);
 *     trace_cut_survey(&cut, event)          for each event
 *     trace_cut_add(&cut, event, &out)       for each event, again
 *     trace_cut_end(&cut, &out)
 *     trace_cut_finish(&cut);
 */
#ifndef SONDE_TRACE_CUT_H
#define SONDE_TRACE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/cut_v1.h"
#include "trace/encode.h"
#include "trace/event.h"
#include "trace/range.h"
#include "trace/slots.h"

/* Threads, processors and goroutines as the trace has them, and (out_*) as a reader of the part has them. */
struct cut_thread {
    int64_t m, g, p;
};

struct cut_proc {
    int64_t id, m;  /* on which thread, where it is on one */
    uint8_t status; /* enum trace_proc_status */
    uint8_t out_status;
    bool sweeps, out_sweeps, out_known;
    uint64_t sequence;
    uint32_t sweep_stack;
};

struct cut_goroutine {
    int64_t id, m;  /* on which thread, where it is on one */
    uint8_t status; /* enum trace_go_status */
    bool live;
    bool assists, out_assists;
    bool stops, out_stops; /* the world */
    uint32_t stop_kind, stop_stack;
    uint64_t sequence;
    uint32_t stack; /* the last that was said of it: a node */
};

struct cut_task {
    uint64_t id, parent;
    int64_t g;
    uint32_t name, stack;
};

enum cut_collector { cut_collector_unknown, cut_collector_off, cut_collector_on };

struct trace_cut {
    struct mem *mem;
    struct trace_range range; /* in the trace's own time once it began */
    const struct map *goroutines;
    struct frame_tree frames;
    struct trace_encoder encoder;
    const struct trace_table *table;
    bool surveyed_any, began, active;
    bool in_first; /* the first generation that is written */
    bool failed;
    unsigned implied; /* events to come that follow from the one before */
    uint64_t now;     /* time of what is written */
    int64_t held;     /* time of the last event that comes before the one it follows from */

    VEC(struct cut_thread) threads;
    struct map thread_of_m;
    VEC(struct cut_proc) procs;
    struct map proc_of_id;
    VEC(struct cut_goroutine) all;
    struct slots slots;         /* of `all` */
    VEC(struct cut_task) tasks; /* open, in the order of their begins */
    struct map wanted_tasks;
    bool tasks_pending; /* their begins are to be written when a goroutine runs */
    enum cut_collector collector, out_collector;
    uint64_t collector_sequence;
    bool is_v1;
    struct cut_v1 v1; /* where it is */
};

/* Prepares a cut of a trace of a version, which becomes one of the same or, where it is less, of 22. The range counts
 * from the trace's begin; `goroutines` has the ids of those that are wanted as keys, and must outlive the cut, NULL for
 * all. False on exhaustion. */
bool trace_cut_init(struct trace_cut *cut, struct mem *mem, unsigned version, struct trace_range range,
                    const struct map *goroutines);
void trace_cut_finish(struct trace_cut *cut);

/* First pass. False on exhaustion. */
bool trace_cut_survey(struct trace_cut *cut, const struct trace_event *event);

/* Second pass: appends what is complete of the part, of which `out` may be emptied at any time. False on exhaustion. */
bool trace_cut_add(struct trace_cut *cut, const struct trace_event *event, struct buf *out);

/* Appends the end. False on exhaustion. Where the range is behind the trace's end nothing was written: `active` is
 * false. */
bool trace_cut_end(struct trace_cut *cut, struct buf *out);

#endif
