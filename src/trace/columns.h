/* A whole trace in memory, as timelines are drawn from it: what every goroutine, processor and thread did and when, in
 * lanes (lane.h), from which any window at any width is answered in time that depends on the width alone.
 *
 * Why not the events themselves: a viewer asks "what did this row do from here to there", and events answer that only
 * when all of them before it are known. What an event tells is entered where it will be asked for, and nowhere else:
 *
 *     event                          bytes kept
 *     a goroutine changes its state    8  in its lane {when, state | site or place}
 *       woken or created              +8  a mark before it: from which place it was
 *                                     ~2  in the population (population.h)
 *     a goroutine leaves a processor  12  in the processor's lane {when it came, goroutine, how long}
 *       or a thread                   12  in the thread's lane
 *     a system call ends              12  in the processor's lane of calls
 *     heap, threads                   12  a value
 *
 * What an item is, in 32 bits:
 *
 *      31  28 27                            0
 *     +------+------------------------------+
 *     |state | which ...                    |
 *     +------+------------------------------+
 *       runnable   site: why it stopped, or the stack of who woke or created it
 *       running    place: thread and processor
 *       waiting    site: the reason, and the stack
 *       syscall    site: the stack
 *       detached   site: the same; the call has lost its processor, and so blocks
 *       mark       place: of who made the goroutine runnable just now
 *
 *     on processors and threads: running, goroutine; on processors idle, 0
 *
 * A site is a reason and a stack, a place a thread and a processor; each is kept once (site.h). So 40 million events
 * take some 15 to 20 bytes each, the levels included, and a goroutine 84 bytes of its own.
 *
 * Who woke whom needs no more: the mark says where, and what ran there at that moment is in that thread's lane.
 *
 * Times are nanoseconds since the trace's first event, from 0 to COLUMNS_LIMIT. */
#ifndef SONDE_TRACE_COLUMNS_H
#define SONDE_TRACE_COLUMNS_H

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "trace/entry.h"
#include "trace/event.h"
#include "trace/fault.h"
#include "trace/lane.h"
#include "trace/population.h"
#include "trace/reader.h"
#include "trace/site.h"

/* Later times are taken for this one: 4.5 years. */
#define COLUMNS_LIMIT (INT64_C(1) << 57)

#define COLUMNS_NONE UINT32_MAX

/* What an item of a lane of states or runs is. Those below lane_state_count take time. */
enum columns_state {
    columns_runnable,
    columns_running,
    columns_waiting,
    columns_syscall,
    columns_detached, /* in a system call without a processor */
    columns_idle,     /* a processor without a thread */
    columns_made_runnable = lane_state_mark,
};
_Static_assert(columns_idle + 1 == lane_state_count, "each state that takes time has its sum");

/* What an item of a lane of points is. */
enum columns_point { columns_sample /* a stack */, columns_log /* one of the logs */ };

/* Kinds of ranges. */
enum columns_range { columns_gc, columns_stw, columns_assist, columns_sweep };

/* A lane more of some row: what is within what is in another lane. */
struct columns_nested {
    struct lane lane; /* of spans: a region, or enum columns_range << 28 | site */
    uint32_t next;    /* of the same row; COLUMNS_NONE for the last */
    uint32_t outer;   /* while reading: the region around the one that is open */
    uint32_t what;    /* while reading: of what is open */
    uint32_t name;    /* while reading: of that, where it is a range */
    bool open;
    int64_t begin; /* of that */
};

/* One line of memory, because nearly every event is about one, and there are many. */
struct columns_goroutine {
    int64_t id;
    struct lane states;
    uint32_t proc, thread; /* while reading: where it runs */
    uint32_t name;         /* of the function that it starts in; 0 while it is not known */
    uint32_t label;        /* the last one; 0 for none */
    uint32_t points;       /* of columns.points; COLUMNS_NONE for none */
    uint8_t state;         /* while reading: enum trace_go_state */
    bool in_assist, ended;
};
_Static_assert(sizeof(struct columns_goroutine) == 64, "a goroutine takes one line");

/* What more there is of a goroutine, under the same number. */
struct columns_nest {
    uint32_t earlier;                      /* the goroutine that had this id before; COLUMNS_NONE for none */
    uint32_t regions, ranges, old_regions; /* nested lanes: regions by depth; ranges; regions older than the trace */
    uint32_t open_region;
};

/* What runs on a processor or a thread while the trace is read. */
struct columns_open {
    uint32_t goroutine; /* COLUMNS_NONE for none */
    int64_t begin;
};

struct columns_proc {
    int64_t id;
    struct lane runs;     /* spans: a goroutine runs (or is in a call); idle */
    struct lane syscalls; /* spans: syscall | site */
    struct lane points;
    uint32_t ranges; /* nested lanes: sweeps */
    struct columns_open run;
    uint32_t call;                  /* while reading: the site of the system call; COLUMNS_NONE for none */
    int64_t call_begin, idle_begin; /* idle_begin: -1 while it is not idle */
};

struct columns_thread {
    int64_t id;
    struct lane runs; /* spans: a goroutine runs or is in a call */
    struct lane points;
    struct columns_open run;
};

/* Where something happened. */
struct columns_place {
    uint32_t thread, proc; /* COLUMNS_NONE for none */
};

/* A place that events were at lately, by the thread's id. */
struct columns_recent_place {
    int64_t m, p;
    uint32_t number; /* plus one; 0 for none */
};

enum { columns_recent_places = 64 };

struct columns_region {
    uint64_t task;
    uint32_t name, begin_stack, end_stack;
    bool has_begin, has_end; /* within the trace */
};

struct columns_task {
    uint64_t id, parent; /* TRACE_NO_TASK for none */
    uint32_t name, begin_stack, end_stack;
    uint32_t begin_goroutine, end_goroutine; /* COLUMNS_NONE for none */
    uint32_t lane;                           /* of task_lanes; COLUMNS_NONE where only others name it */
    bool has_begin, has_end;                 /* within the trace */
    int64_t begin, end;
};

struct columns_log {
    uint64_t task;
    uint32_t category, message, stack;
    uint32_t goroutine;
};

enum columns_value {
    columns_heap,       /* bytes allocated */
    columns_goal,       /* bytes at which the next collection begins; 0 for none */
    columns_gomaxprocs, /* processors that there may be */
    columns_threads,    /* processors that threads run */
    columns_value_count,
};

/* From the numbers that a trace gives to rows. Mostly they are small and dense: those are found by place. */
struct columns_index {
    uint32_t *dense; /* by id: the row plus one, 0 for none */
    uint32_t room;
    struct map sparse;
};

struct columns {
    struct mem *mem;
    unsigned width; /* threads that build the levels */
    struct sites sites;
    struct lane_pool pool;
    VEC(struct columns_place) places;
    struct map place_of_key;
    struct columns_recent_place recent_places[columns_recent_places];
    VEC(struct columns_goroutine) goroutines; /* in the order in which they appear */
    VEC(struct columns_nest) nests;           /* theirs */
    VEC(struct columns_proc) procs;
    VEC(struct columns_thread) threads;
    struct columns_index goroutine_of_id, proc_of_id, thread_of_id; /* the last goroutine that had an id */
    VEC(struct columns_nested) nested;
    VEC(struct lane) points; /* of goroutines */
    VEC(struct columns_region) regions;
    VEC(struct columns_task) tasks; /* that events name, in that order */
    struct map task_of_id;
    VEC(struct lane) task_lanes; /* spans: a task; as many as were open at once */
    VEC(uint32_t) free_task_lanes;
    VEC(struct columns_log) logs;
    struct lane gc, stw; /* spans: enum columns_range << 28 | site */
    struct lane values[columns_value_count];
    struct population population;
    int64_t gc_begin, stw_begin; /* while reading: -1 for none */
    uint32_t gc_site, stw_site;
    int64_t running_procs;
    uint64_t heap, goal;

    uint64_t events;
    int64_t start; /* what 0 is in the trace's own time */
    int64_t now, end;
    bool began;
    uint64_t marks;  /* that were read */
    uint64_t levels; /* bytes */
};

/* Empty columns; false on exhaustion. */
bool columns_init(struct columns *columns, struct mem *mem);
void columns_finish(struct columns *columns);

/* Takes the next event of a trace in; false on exhaustion, after which only columns_finish is allowed. */
bool columns_add(struct columns *columns, const struct trace_event *event);

/* The same in two steps: entry_make with the columns' sites, and then this, for one or for several. The steps share
 * nothing, so that different threads may take them. Behind several there is room for belt_spare more (belt.h). */
bool columns_enter(struct columns *columns, const struct entry *entry);
bool columns_enter_all(struct columns *columns, const struct entry *entries, size_t n);

/* Ends what is open at the last event, and builds the levels; false on exhaustion. */
bool columns_end(struct columns *columns);

/* Reads a trace; false with the fault set where nothing of it is good, or on exhaustion (nothing is owned then). True
 * with the fault set where it is broken, but not from its begin: `valid` bytes of it are good. `passed`, where it is
 * not NULL, is told as reading goes on that bytes up to some place will not be needed again. */
typedef void columns_passed(void *context, uint64_t valid);
bool columns_read(struct str bytes, struct mem *mem, columns_passed *passed, void *context, struct columns *columns,
                  uint64_t *valid, struct trace_fault *fault);

/* The same, and whether other threads help, which makes no difference to what the columns hold: by themselves they do
 * with a trace of some megabytes where there is a second processor. `mem` must then be one that threads can share. */
bool columns_read_with(enum trace_look_ahead help, struct str bytes, struct mem *mem, columns_passed *passed,
                       void *context, struct columns *columns, uint64_t *valid, struct trace_fault *fault);

/* The row of an id; COLUMNS_NONE where there is none. Of goroutines the last one. */
static inline uint32_t columns_find(const struct columns_index *index, int64_t id)
{
    if ((uint64_t)id < index->room)
        return index->dense[id] - 1;
    const uint32_t *row = index->sparse.n > 0 ? map_find(&index->sparse, (uint64_t)id) : NULL;
    return row ? *row : COLUMNS_NONE;
}

/* The text of a name. */
static inline struct str columns_name(const struct columns *columns, uint32_t name)
{
    return columns->sites.names.at[name];
}

/* The site of a state that is no place. */
static inline struct site columns_site(const struct columns *columns, uint32_t what)
{
    return columns->sites.sites.at[lane_rest(what)];
}

static inline struct columns_place columns_place(const struct columns *columns, uint32_t what)
{
    return columns->places.at[lane_rest(what)];
}

/* Memory that the columns take, by what it is for. */
struct columns_size {
    uint64_t columns, levels, population, rows, sites, total;
};

struct columns_size columns_size(const struct columns *columns);

#endif
