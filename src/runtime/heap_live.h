/* The sampled blocks that are in use, and the filters that free looks at first.
 *
 *     low half of the address * odd constant = |  chain (log bits)  | bit (5) |   ...   |    32 bits
 *                                              |   word (11)  | bit (5) |      ...      |
 *
 * The first filter is small (8 KiB stay in a CPU's nearest cache) and of fixed size, so that looking costs the least: a
 * bit is set if a sampled block has it. When there are many samples (a heap of many gigabytes) it says yes too often,
 * and the second, which grows with the table and is still without a lock, is asked next.
 *
 * In the second the chain number picks one word and one chain of entries; the next five bits pick the bit in that word
 * that is set if and only if the chain has an entry with the same five bits. There are at least as many chains as
 * entries (32 bits for each), so less than one in 30 of the blocks that are not sampled looks as if it were. Growing
 * publishes a new filter; the old one stays readable for ever: a free that still reads it finds the bits of all blocks
 * that can be known to it. */
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

static inline uint32_t heap_live_hash(const void *block)
{
    return (uint32_t)(uintptr_t)block * 0x9e3779b1u;
}

enum { heap_live_first_log = 11 };
extern uint32_t heap_live_first[1 << heap_live_first_log] __attribute__((visibility("hidden")));

/* Whether an address is to be treated with care: it may be that of a sampled block, it was marked, or it is NULL. */
static inline bool heap_live_may_matter(const void *block)
{
    uint32_t hash = heap_live_hash(block);
    uint32_t word = __atomic_load_n(&heap_live_first[hash >> (32 - heap_live_first_log)], __ATOMIC_RELAXED);
    return word >> (hash >> (32 - heap_live_first_log - 5) & 31) & 1;
}

/* Makes that true for an address for ever. */
void heap_live_mark(const void *block);

/* Whether a block may be among the sampled ones, with more certainty. */
bool heap_live_may_have(const void *block);

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
