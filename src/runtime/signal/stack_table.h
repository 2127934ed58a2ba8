/* Stacks counted by signal handlers: a table of preallocated, never moving memory in which equal stacks are one entry.
 *
 * Adding takes no lock and waits for nobody: a handler may interrupt another thread's, or be preempted, at any
 * instruction. A slot is claimed by exchanging its hash from 0; the claimer takes room for the stack from the arena by
 * one addition, writes it, and publishes the entry. Whoever meets the same hash before that goes on to the next slot
 * and makes a second entry of the stack; readers add such entries up. What finds no room is counted as lost.
 *
 *     slots  | hash | stack | count | weight | ...          a power of two, linear probing
 *     arena  | pc pc pc | pc pc pc pc | ...                 one run for each entry, leaf first
 */
#ifndef SONDE_RUNTIME_SIGNAL_STACK_TABLE_H
#define SONDE_RUNTIME_SIGNAL_STACK_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The deepest stack that is kept, as in Go: what lies below is cut off and the stack marked as truncated. */
enum { stack_depth = 128 };

struct stack_slot {
    _Atomic uint64_t hash;  /* 0: free */
    _Atomic uint64_t stack; /* 0: being written; else published: the fields of stack_pack */
    _Atomic int64_t count;
};

struct stack_table {
    struct stack_slot *slots;
    uint64_t *pcs;
    uint32_t slot_mask;  /* slots - 1 */
    uint32_t pcs_room;   /* words of the arena */
    uint32_t probe_most; /* slots looked at before a stack is given up */
    _Atomic uint32_t pcs_used;
    _Atomic uint64_t lost; /* the sum of counts that found no room */
};

/* How much memory a table of so many slots (a power of two) and words needs; at most 2^31 words. */
size_t stack_table_size(uint32_t slots, uint32_t words);

/* Lays a table out in `memory`, which is zeroed, of that size, aligned to 16 bytes, and not owned. */
void stack_table_init(struct stack_table *table, void *memory, uint32_t slots, uint32_t words);

/* Adds `count` to the entry of a stack of at most stack_depth program counters, leaf first. `truncated` is a part of
 * what stacks are compared by. Signal-safe, bounded; any number of threads. */
void stack_table_add(struct stack_table *table, const uint64_t *pcs, uint32_t npcs, bool truncated, int64_t count);

/* An entry as readers see it; those being written at the moment are left out. */
struct stack_entry {
    const uint64_t *pcs; /* in the table */
    uint32_t npcs;
    bool truncated;
    int64_t count;
};

/* Reads slot number `slot` (to slot_mask); false where there is no entry. May run while others add. */
bool stack_table_read(const struct stack_table *table, uint32_t slot, struct stack_entry *entry);

/* Empties the table. Nobody may be adding. */
void stack_table_clear(struct stack_table *table);

#endif
