/* The sampled blocks that are in use, and the filter that free looks at first.
 *
 *     address * odd constant = |  chain (log bits)  | bit (5) |   ...   |
 *
 * The chain number picks one word of the filter and one chain of entries; the next five bits pick the bit in that word
 * that is set if and only if the chain has an entry with the same five bits. There are at least as many chains as
 * entries (32 bits of filter for each), so less than one in 30 of the blocks that are not sampled looks as if it were.
 * Chains and words are spread over some locks. Growing takes them all and publishes a new filter; the old one stays
 * readable for ever: a free that still reads it finds the bits of all blocks that can be known to it. */
#ifndef SONDE_RUNTIME_HEAP_LIVE_H
#define SONDE_RUNTIME_HEAP_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_stack;

struct heap_live {
    struct heap_live *next;
    uintptr_t block;
    struct heap_stack *stack;
};

/* The filter's words (aligned to 64 bytes) with, in the low six bits of the pointer, the shift that makes a hash a
 * bit's number. */
extern uintptr_t heap_live_filter;

static inline uint64_t heap_live_hash(const void *block)
{
    return (uintptr_t)block * 0x9e3779b97f4a7c15u;
}

/* Whether a block may be among the sampled ones; false is certain. */
static inline bool heap_live_may_have(const void *block)
{
    uintptr_t filter = __atomic_load_n(&heap_live_filter, __ATOMIC_ACQUIRE);
    uint64_t bit = heap_live_hash(block) >> (filter & 63);
    const uint32_t *words = (const uint32_t *)(filter & ~(uintptr_t)63);
    return __atomic_load_n(&words[bit >> 5], __ATOMIC_RELAXED) >> (bit & 31) & 1;
}

/* Enters a block that was just allocated. An entry of the same address is one whose free was not seen: it is returned
 * in *stale (otherwise NULL). False on exhaustion. */
bool heap_live_add(const void *block, struct heap_stack *stack, struct heap_stack **stale);

/* Takes a block's entry out, before the block is freed; NULL where it has none. To be passed to one of the next two. */
struct heap_live *heap_live_take(const void *block);

/* Puts an entry back after all; can't fail. */
void heap_live_restore(struct heap_live *entry);

void heap_live_discard(struct heap_live *entry);

/* How many entries there are. */
uint64_t heap_live_count(void);

/* Around fork. */
void heap_live_fork_prepare(void);
void heap_live_fork_done(void);

#endif
