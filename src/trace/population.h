/* How many goroutines were in each state, at every moment: a change for each transition of each goroutine, so there are
 * nearly as many as events. A change takes two or three bytes: one number in LEB128,
 *
 *     (ns since the change before) << 6 | state before << 3 | state after
 *
 * and over every 64 changes stands a block with the counts that it begins with and the least and greatest within it;
 * over every 16 blocks, and so on, the same again, as in a lane (lane.h). */
#ifndef SONDE_TRACE_POPULATION_H
#define SONDE_TRACE_POPULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

enum population_state {
    population_none, /* before it is created, and after its end; not counted */
    population_runnable,
    population_running,
    population_waiting,
    population_waiting_gc, /* in an assist of the collector */
    population_syscall,
    population_states,
};

struct population_counts {
    int32_t of[population_states];
};

struct population_block {
    int64_t time;                             /* of its first change */
    uint64_t offset;                          /* of its first change, in the bytes */
    struct population_counts begin, min, max; /* before its first change; within it, after each change */
};

struct population {
    struct mem *mem;
    struct buf bytes;
    VEC(struct population_block) blocks;
    VEC(struct population_block) nodes; /* only min and max are used */
    uint64_t n;
    int64_t last_time;
    struct population_counts now;
};

void population_init(struct population *population, struct mem *mem);
void population_finish(struct population *population);

/* Notes a change; false on exhaustion. Times do not go back. */
bool population_change(struct population *population, int64_t time, enum population_state from,
                       enum population_state to);

/* Builds the levels, after the last change; false on exhaustion. */
bool population_index(struct population *population);

/* The counts that hold within a pixel: at its begin (with what changes just then), after each change in it, at its end.
 */
struct population_pixel {
    struct population_counts first, last, min, max;
    uint64_t count; /* changes in it, but not at its begin */
};

/* Pixels are those of lane_draw. */
void population_draw(const struct population *population, int64_t begin, int64_t end, uint32_t width,
                     struct population_pixel *pixels);

/* Where a reader of changes is; begins at zero. */
struct population_reader {
    uint64_t i, offset;
    int64_t time;
    struct population_counts now;
};

/* The next change is taken into account; false behind the last. */
bool population_next(const struct population *population, struct population_reader *reader);

#endif
