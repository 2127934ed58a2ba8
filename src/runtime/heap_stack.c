/* A table of fixed size with chains to whose front new buckets are pushed by compare-and-swap. As none ever leaves, a
 * reader needs no lock, and a fork finds it whole at any moment. The table's pages cost nothing until they are used. */
#include "runtime/heap_stack.h"

#include <string.h>

#include "base/hash.h"
#include "runtime/pages.h"

enum { table_log = 16 };

static _Atomic(struct heap_stack *) table[1 << table_log];
static _Atomic uint32_t count;

static uint64_t hash_of(const uint64_t *pcs, uint32_t npcs, bool truncated, uint64_t size)
{
    uint64_t hash = hash_fold(size, truncated);
    for (uint32_t i = 0; i < npcs; i++)
        hash = hash_fold(hash, pcs[i]);
    return hash_u64(hash);
}

struct key {
    const uint64_t *pcs;
    uint32_t npcs;
    bool truncated;
    uint64_t size, hash;
};

static bool is(const struct heap_stack *stack, const struct key *key)
{
    return stack->hash == key->hash && stack->size == key->size && stack->npcs == key->npcs &&
           stack->truncated == key->truncated && memcmp(stack->pcs, key->pcs, key->npcs * sizeof *key->pcs) == 0;
}

static size_t bytes(const struct key *key)
{
    return sizeof(struct heap_stack) + key->npcs * sizeof *key->pcs;
}

static struct heap_stack *make(const struct key *key)
{
    struct heap_stack *stack = mem_get(pages_mem(), bytes(key));
    if (!stack)
        return NULL;
    *stack = (struct heap_stack){.hash = key->hash, .size = key->size, .npcs = key->npcs, .truncated = key->truncated};
    if (key->npcs > 0)
        memcpy(stack->pcs, key->pcs, key->npcs * sizeof *key->pcs);
    return stack;
}

/* The bucket among those of a chain up to (not with) `end`. */
static struct heap_stack *look(struct heap_stack *chain, const struct heap_stack *end, const struct key *key)
{
    while (chain != end && !is(chain, key))
        chain = chain->next;
    return chain == end ? NULL : chain;
}

/* Finds the bucket, or adds one. */
static struct heap_stack *find_or_add(const struct key *key)
{
    _Atomic(struct heap_stack *) *head = &table[key->hash >> (64 - table_log)];
    struct heap_stack *first = atomic_load_explicit(head, memory_order_acquire);
    struct heap_stack *found = look(first, NULL, key);
    if (found || atomic_load_explicit(&count, memory_order_relaxed) >= heap_stack_most)
        return found;
    struct heap_stack *fresh = make(key);
    if (!fresh)
        return NULL;
    fresh->next = first;
    while (!atomic_compare_exchange_weak_explicit(head, &first, fresh, memory_order_release, memory_order_acquire)) {
        found = look(first, fresh->next, key); /* among those that others pushed meanwhile */
        if (found) {
            mem_put(pages_mem(), fresh, bytes(key));
            return found;
        }
        fresh->next = first;
    }
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    return fresh;
}

uint64_t heap_stack_round(uint64_t size)
{
    if (size < 32)
        return size;
    unsigned shift = 63 - (unsigned)__builtin_clzll(size) - 4;
    return (size + ((uint64_t)1 << (shift - 1))) >> shift << shift;
}

struct heap_stack *heap_stack_find(const uint64_t *pcs, uint32_t npcs, bool truncated, uint64_t size)
{
    if (atomic_load_explicit(&count, memory_order_relaxed) >= heap_stack_exact_most)
        size = heap_stack_round(size);
    struct key key = {pcs, npcs, truncated, size, hash_of(pcs, npcs, truncated, size)};
    return find_or_add(&key);
}

void heap_stack_each(void (*visit)(void *context, const struct heap_stack *stack), void *context)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (struct heap_stack *at = atomic_load_explicit(&table[i], memory_order_acquire); at; at = at->next)
            visit(context, at);
}
