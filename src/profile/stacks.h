/* Interning of stacks: equal runs of frames become one stack. */
#ifndef SONDE_PROFILE_STACKS_H
#define SONDE_PROFILE_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct stacks_slot;

enum { stacks_pending_most = 32 };

/* A stack that is written but not looked up yet. */
struct stacks_pending {
    uint64_t depth;
    uint32_t *index; /* where its index is to go */
    uint32_t hash;
};

struct stacks {
    struct mem *mem;
    uint64_t *start; /* start[i] .. start[i + 1] are stack i's frames */
    uint32_t n, start_room;
    uint32_t *frames;
    uint64_t frames_room;
    struct stacks_slot *slots;
    uint32_t slots_room; /* a power of two */
    struct stacks_pending pending[stacks_pending_most];
    uint32_t npending;
    uint64_t pending_frames; /* behind the last stack */
};

/* Prepares an empty table for about `count` stacks. False on exhaustion; nothing is owned then. */
bool stacks_init(struct stacks *stacks, struct mem *mem, uint32_t count);
void stacks_finish(struct stacks *stacks);

/* Room for `depth` frames behind all stacks, where the next stack is to be written; NULL on exhaustion. */
uint32_t *stacks_reserve(struct stacks *stacks, uint64_t depth);

/* Takes the first `depth` frames of the reserved room as a stack and returns its index: an earlier one's where it is
 * equal. UINT32_MAX on exhaustion. */
uint32_t stacks_take(struct stacks *stacks, uint64_t depth);

/* As stacks_take, but the index goes to *index later, at the latest in stacks_settle. For many stacks that is faster,
 * since the memory that several look-ups need is fetched at the same time. False on exhaustion. */
bool stacks_take_later(struct stacks *stacks, uint64_t depth, uint32_t *index);

/* Takes the first `depth` frames of the reserved room as a stack of its own, whether there is an equal one or not.
 * False on exhaustion. Not together with the functions above. */
bool stacks_append(struct stacks *stacks, uint64_t depth);

/* Gives every index that is still due. False on exhaustion. */
bool stacks_settle(struct stacks *stacks);

/* After stacks_settle: hands both arrays over, shrunk to what is in them (start has n + 1 elements; frames is NULL
 * where there are none), and leaves the table empty. */
void stacks_release(struct stacks *stacks, uint64_t **start, uint32_t **frames);

#endif
