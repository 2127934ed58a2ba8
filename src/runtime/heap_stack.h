/* The heap profile's buckets: one for each pair of a stack and a block size, as in Go, so that the factor by which
 * samples stand for more is exact for each. Buckets live for ever.
 *
 * Go's allocator rounds sizes, so that it has few; ours are as asked for. A program that asks for ever other sizes must
 * not make us grow without end: beyond 65536 buckets the sizes of new ones are rounded to the nearest of 16 steps in
 * each doubling (3% off at most), and beyond a million there are no new ones. */
#ifndef SONDE_RUNTIME_HEAP_STACK_H
#define SONDE_RUNTIME_HEAP_STACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_stack {
    struct heap_stack *next; /* with the same place in the table */
    uint64_t hash;
    uint64_t size; /* of each block */
    _Atomic uint64_t allocs, frees;
    uint32_t npcs;
    bool truncated;
    uint64_t pcs[]; /* return addresses, that into the function that allocated first */
};

enum { heap_stack_exact_most = 1 << 16, heap_stack_most = 1 << 20 };

/* Finds or makes the bucket; NULL on exhaustion and beyond heap_stack_most. Any thread, without a lock. */
struct heap_stack *heap_stack_find(const uint64_t *pcs, uint32_t npcs, bool truncated, uint64_t size);

/* The nearest size with five significant bits. */
uint64_t heap_stack_round(uint64_t size);

/* Calls visit for every bucket. */
void heap_stack_each(void (*visit)(void *context, const struct heap_stack *stack), void *context);

#endif
