/* What each goroutine did with its time, as the goroutine pages of `go tool trace` have it: feed every event of a
 * trace, in order, and end. */
#ifndef SONDE_TRACE_SUMMARY_H
#define SONDE_TRACE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "trace/event.h"
#include "trace/range.h"

/* Time by name: the reason of a wait, or the kind of a special range. */
struct summary_time {
    uint32_t name; /* of the summary's names */
    int64_t time;  /* ns */
};

struct summary_range {
    uint32_t name;
    int64_t since;
};

/* A region of user code, or (its name is empty) that of a task which a goroutine was created in. */
struct summary_region {
    uint32_t goroutine, life; /* whose, and in which of its lives */
    uint32_t name;
    uint64_t task;
    bool has_start, has_end; /* within the trace */
    bool inherited;          /* from the goroutine that created its goroutine */
    int64_t start, end;      /* times */
    uint32_t times;          /* 1 + index of region_times, where they are wanted; else 0 */
    /* What ended it: an event with a name, or (to_state is not 0) its goroutine, which went from a state to another. */
    uint32_t end_name;
    uint8_t from_state, to_state; /* enum trace_go_state */
    /* The outermost frame of where it began. */
    uint64_t pc, line;
    uint32_t func, file;
};

struct summary_task {
    uint64_t id, parent; /* parent TRACE_NO_TASK for none */
    uint32_t name;       /* its type by its last event */
    uint32_t start_name; /* and by its begin */
    bool has_start, has_end;
    int64_t start, end;       /* times */
    int64_t start_on, end_on; /* goroutines */
};

struct summary_log {
    uint32_t task; /* index */
    uint32_t category, message;
    int64_t time, goroutine;
};

struct summary_goroutine {
    int64_t id;
    uint32_t life;                      /* how many goroutines had this id before */
    VEC(struct summary_region) regions; /* open ones, the innermost last */
    uint32_t name;                      /* the outermost function of its first stack; 0 ("") while none was seen */
    int64_t creation, start, end;       /* times; start and end 0 for never */

    /* These do not overlap; their sum is `total` less what is not known. ns. */
    int64_t execution, sched_wait, syscall, syscall_block, total;
    VEC(struct summary_time) blocks; /* by reason; a reason that came up stays, even with no time */
    VEC(struct summary_time) ranges; /* special ranges, which overlap with all of these */

    /* While events come: since when it is in a state, 0 for not. */
    int64_t running_since, runnable_since, blocked_since, syscall_since, syscall_blocked_since;
    uint32_t block_reason;
    int64_t syscall_proc; /* the processor that it had when the call began */
    VEC(struct summary_range) open;
};

struct summary {
    struct mem *mem;
    struct arena arena;    /* texts of names */
    VEC(struct str) names; /* [0] is "" */
    struct str_map name_of_text;
    VEC(struct summary_goroutine) goroutines; /* each id once: the last of its lives */
    struct map goroutine_of_id;
    VEC(int64_t) syscalling;               /* goroutines in system calls, by ... */
    struct map syscalling_of_proc;         /* ... their processor: index in the above */
    VEC(struct summary_range) proc_ranges; /* open ranges of processors: `since` is the goroutine */
    VEC(int64_t) proc_range_procs;         /* and their processors */
    VEC(struct summary_region) regions;    /* that have ended; those of a life before the last do not count, ... */
                                           /* ... nor those that goroutines of the runtime leave open */
    bool wants_region_times;               /* of regions of a type, or (it is empty) of all; may be set before ... */
    struct str region_type;                /* ... the first event, and must outlive the summary */
    VEC(struct summary_goroutine) region_times; /* what goroutines did within their regions: only times are set */
    VEC(struct summary_task) tasks;             /* that events name, in that order */
    struct map task_of_id;
    bool wants_logs; /* may be set before the first event */
    VEC(struct summary_log) logs;
    bool began;
    int64_t first_time, last_mark, last_time;
    struct trace_range wanted; /* from the trace's begin: times of goroutines count as far as they are in it */
    struct trace_range range;  /* the same in the trace's own time */
};

/* Prepares an empty summary of a whole trace: `wanted` may be set before the first event. False on exhaustion. */
bool summary_init(struct summary *summary, struct mem *mem);
void summary_finish(struct summary *summary);

/* Takes an event in; false on exhaustion. */
bool summary_add(struct summary *summary, const struct trace_event *event);

/* Ends what is open at the last event; false on exhaustion. */
bool summary_end(struct summary *summary);

/* Whether a region counts: it belongs to the last life of its goroutine. */
bool summary_region_counts(const struct summary *summary, const struct summary_region *region);

/* How long a region was open within the trace. */
int64_t summary_region_length(const struct summary *summary, const struct summary_region *region);

/* Whether something that goes from `start` (the trace's begin where it has none) to `end` (the trace's end) is in the
 * range, at least in part. */
bool summary_overlaps(const struct summary *summary, bool has_start, int64_t start, bool has_end, int64_t end);

/* What is left of a goroutine's total; never negative. */
int64_t summary_unknown(const struct summary_goroutine *goroutine);

#endif
