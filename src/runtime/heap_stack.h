/* The heap profile's buckets: one for each pair of a stack and a block size, as in Go, so that the factor by which
 * samples stand for more is exact for each. Buckets live for ever. */
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

/* Finds or makes the bucket; NULL on exhaustion. Any thread, without a lock. */
struct heap_stack *heap_stack_find(const uint64_t *pcs, uint32_t npcs, bool truncated, uint64_t size);

/* Calls visit for every bucket. */
void heap_stack_each(void (*visit)(void *context, const struct heap_stack *stack), void *context);

#endif
