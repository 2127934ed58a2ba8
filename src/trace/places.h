/* Names and stacks that outlive the generation whose table has them: equal texts and stacks have one number for the
 * whole trace. */
#ifndef SONDE_TRACE_PLACES_H
#define SONDE_TRACE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/stacks.h"
#include "trace/table.h"

#define PLACES_NONE UINT32_MAX /* exhaustion */

struct place {
    uint32_t func, file; /* names */
    uint64_t line;
};

struct places {
    struct mem *mem;
    struct arena arena;    /* texts of names */
    VEC(struct str) names; /* [0] is "" */
    struct str_map name_of_text;
    struct stacks stacks; /* of indices of `frames`, leaf first; number 0 is the empty stack */
    VEC(struct place) frames;
    struct map frame_of_pc;

    /* What is known of the table at hand, by its own indices; PLACES_NONE for not yet. */
    uint64_t serial;
    VEC(uint32_t) name_of_string, stack_of_stack;
};

/* Prepares for a trace; false on exhaustion. */
bool places_init(struct places *places, struct mem *mem);
void places_finish(struct places *places);

/* The number of a text; PLACES_NONE on exhaustion. */
uint32_t places_name(struct places *places, struct str text);

/* The number of a table's string, or of its stack, by its id; PLACES_NONE on exhaustion. */
uint32_t places_string(struct places *places, const struct trace_table *table, uint64_t id);
uint32_t places_stack(struct places *places, const struct trace_table *table, uint64_t id);

/* How many frames a stack has, and which they are: 0 is the leaf. */
static inline uint32_t places_depth(const struct places *places, uint32_t stack)
{
    return (uint32_t)(places->stacks.start[stack + 1] - places->stacks.start[stack]);
}

static inline const struct place *places_frame(const struct places *places, uint32_t stack, uint32_t i)
{
    return &places->frames.at[places->stacks.frames[places->stacks.start[stack] + i]];
}

/* The function that a stack's goroutine starts in, as a name; 0 for the empty stack. */
static inline uint32_t places_start(const struct places *places, uint32_t stack)
{
    uint32_t depth = places_depth(places, stack);
    return depth > 0 ? places_frame(places, stack, depth - 1)->func : 0;
}

#endif
