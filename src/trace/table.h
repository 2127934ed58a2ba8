/* The tables of one generation: what the ids in its events stand for. Ids are whatever the writer chose, but mostly
 * small and dense: those are found by index, others by hashing, so that no id makes the tables large. */
#ifndef SONDE_TRACE_TABLE_H
#define SONDE_TRACE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "trace/fault.h"

/* From an id of the file to an index. */
struct trace_ids {
    uint32_t *dense; /* by id: the index, 0 for none */
    uint32_t room;
    uint32_t full; /* all ids below are there */
    struct map sparse;
};

struct trace_frame {
    uint64_t pc, line;
    uint64_t func, file; /* indices of strings (ids until the table is complete) */
};

/* Frames frames[start .. start + n) of a table's stack_frames, leaf first. */
struct trace_stack {
    uint32_t start, n;
};

/* Clocks read together, from Go 1.25 on. */
struct trace_clocks {
    uint64_t time; /* in the trace's units */
    uint64_t mono; /* ns */
    uint64_t sec, nsec;
};

/* A frame as the file has it, of `size` bytes (0 for none), and its index. */
struct trace_known_frame {
    uint64_t bytes[2];
    uint32_t index, size;
};

enum { trace_known_frames = 1 << 10 };

struct trace_table {
    struct mem *mem;
    uint64_t serial; /* differs for all tables of a reader */

    struct trace_ids string_ids, stack_ids;
    VEC(struct str) strings;        /* [0] is "" (id 0) */
    VEC(struct trace_stack) stacks; /* [0] is empty (id 0) */
    VEC(uint32_t) stack_frames;     /* indices of frames */
    VEC(struct trace_frame) frames;
    struct map frame_of_pc; /* the first frame that was seen with a pc is that pc's */
    struct trace_known_frame known[trace_known_frames];

    /* Texts that events of this generation name, but which came with an earlier one. */
    VEC(struct str) extras; /* [0] is "" */
    struct str_map extra_ids;

    double ns_per_unit; /* 0 until it is known */
    bool has_clocks;
    struct trace_clocks clocks;
};

/* Prepares an empty table; false on exhaustion. */
bool trace_table_init(struct trace_table *table, struct mem *mem);
void trace_table_finish(struct trace_table *table);

/* Empties a table and keeps its memory for the next generation. */
void trace_table_reset(struct trace_table *table);

/* Adds a string, which must outlive the table, or a stack: n frames that were appended to stack_frames from `start` on.
 * False with the fault set when the id is taken (0 always is), or on exhaustion. */
bool trace_table_add_string(struct trace_table *table, uint64_t id, struct str s, uint64_t offset,
                            struct trace_fault *fault);
bool trace_table_add_stack(struct trace_table *table, uint64_t id, uint32_t start, uint64_t offset,
                           struct trace_fault *fault);

/* Appends a frame to the stack that is being collected; false on exhaustion. */
bool trace_table_add_frame(struct trace_table *table, struct trace_frame frame);

/* Reads n frames, each of four numbers, and appends them; false on exhaustion. Where the cursor fails fewer are. */
bool trace_frames_read(struct trace_table *table, struct cursor *c, uint32_t n);

/* Resolves the strings of all frames; false with the fault set where one is missing. */
bool trace_table_complete(struct trace_table *table, uint64_t offset, struct trace_fault *fault);

/* As trace_table_complete, but a frame whose strings are missing only becomes one without a pc's usual meaning: its
 * `func` is TRACE_NO_STRING. Whether there are such. */
bool trace_table_complete_leniently(struct trace_table *table);

#define TRACE_NO_STRING UINT64_MAX

/* The index of an extra text, added where it is new; UINT32_MAX on exhaustion. */
uint32_t trace_table_extra(struct trace_table *table, struct str s);

/* Prepares an empty map of ids, frees it; maps an id that is not in it (nor 0) to index, which is not 0 and about the
 * number of ids before it. False on exhaustion. */
void trace_ids_init(struct trace_ids *ids, struct mem *mem);
void trace_ids_finish(struct trace_ids *ids, struct mem *mem);
bool trace_ids_add(struct trace_ids *ids, struct mem *mem, uint64_t id, uint32_t index);

/* The index of an id; false where it is unknown. Id 0 is index 0. */
static inline bool trace_ids_find(const struct trace_ids *ids, uint64_t id, uint32_t *index)
{
    if (id < ids->room && (ids->dense[id] || id == 0)) {
        *index = ids->dense[id];
        return true;
    }
    uint32_t *found = ids->sparse.n > 0 ? map_find(&ids->sparse, id) : NULL;
    *index = found ? *found : 0;
    return found || id == 0;
}

/* The string or stack of an id, empty where it is unknown. */
static inline struct str trace_string(const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    trace_ids_find(&table->string_ids, id, &index);
    return table->strings.at[index];
}

static inline struct trace_stack trace_stack(const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    trace_ids_find(&table->stack_ids, id, &index);
    return table->stacks.at[index];
}

/* Frame number i of a stack. */
static inline const struct trace_frame *trace_stack_frame(const struct trace_table *table, struct trace_stack stack,
                                                          uint32_t i)
{
    return &table->frames.at[table->stack_frames.at[stack.start + i]];
}

/* A time, or a difference of times, in nanoseconds, truncated; what does not fit is INT64_MIN, as a conversion on x86
 * yields, because that is what Go prints. */
static inline int64_t trace_ns_of(uint64_t units, double ns_per_unit)
{
    double ns = (double)units * ns_per_unit;
    return ns < 9223372036854775808.0 ? (int64_t)ns : INT64_MIN;
}

static inline int64_t trace_ns(const struct trace_table *table, uint64_t units)
{
    return trace_ns_of(units, table->ns_per_unit);
}

#endif
