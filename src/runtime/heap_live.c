#include "runtime/heap_live.h"

#include <stdatomic.h>

#include "runtime/lock.h"
#include "runtime/pages.h"

enum {
    hash_bits = 32,
    stripe_log = 4, /* the top bits of a hash pick the lock */
    stripes = 1 << stripe_log,
    slot_log = heap_live_first_log + 5, /* the bits of the first filter */
    start_log = 11,
    last_log = 26,
    growth_log = 2,
    per_slab = 170, /* entries: a page's worth */
};

static struct stripe {
    struct lock lock;
    uint32_t n; /* entries */
    struct heap_live *spare;
} __attribute__((aligned(64))) stripe_table[stripes];

struct table {
    struct heap_live **chains;
    uint32_t *words;
    unsigned log; /* of the number of either */
};

static uint32_t start_words[1 << start_log] __attribute__((aligned(64)));
static struct heap_live *start_chains[1 << start_log];

/* Changed only with all stripes locked. */
static struct table table = {start_chains, start_words, start_log};
static uint32_t stripe_most = (1 << start_log) >> stripe_log; /* entries of one stripe, above which the table grows */

/* The second filter: its words with, in the low six bits of the pointer, the shift that makes a hash a bit's number. */
static uintptr_t second = (uintptr_t)start_words + (hash_bits - start_log - 5);

/* The first filter, and how many entries there are to each of its bits. NULL counts as one. */
uint32_t heap_live_first[1 << heap_live_first_log] = {1};
static uint32_t slot_counts[1 << slot_log] = {1};

bool heap_live_may_have(const void *block)
{
    uintptr_t filter = __atomic_load_n(&second, __ATOMIC_ACQUIRE);
    uint32_t bit = heap_live_hash(block) >> (filter & 63);
    const uint32_t *words = (const uint32_t *)(filter & ~(uintptr_t)63);
    return __atomic_load_n(&words[bit >> 5], __ATOMIC_RELAXED) >> (bit & 31) & 1;
}

static struct stripe *lock_stripe(uint32_t hash)
{
    struct stripe *stripe = &stripe_table[hash >> (hash_bits - stripe_log)];
    lock_take(&stripe->lock, lock_rank_heap_stripe);
    return stripe;
}

static void unlock_stripe(struct stripe *stripe)
{
    lock_give(&stripe->lock, lock_rank_heap_stripe);
}

static void lock_all(void)
{
    for (unsigned i = 0; i < stripes; i++)
        lock_take(&stripe_table[i].lock, lock_rank_heap_stripe);
}

static void unlock_all(void)
{
    for (unsigned i = stripes; i-- > 0;)
        unlock_stripe(&stripe_table[i]);
}

/* --- Chains, filter and entries: all with the stripe locked ------------------------------------------------------- */

static uint32_t chain_of(const struct table *in, uint32_t hash)
{
    return hash >> (hash_bits - in->log);
}

static uint32_t bit_of(const struct table *in, uint32_t hash)
{
    return 1u << (hash >> (hash_bits - in->log - 5) & 31);
}

static void count_in_slot(uint32_t hash)
{
    uint32_t slot = hash >> (hash_bits - slot_log), *word = &heap_live_first[slot >> 5];
    if (slot_counts[slot]++ == 0)
        __atomic_store_n(word, *word | 1u << (slot & 31), __ATOMIC_RELAXED);
}

static void uncount_in_slot(uint32_t hash)
{
    uint32_t slot = hash >> (hash_bits - slot_log), *word = &heap_live_first[slot >> 5];
    if (--slot_counts[slot] == 0)
        __atomic_store_n(word, *word & ~(1u << (slot & 31)), __ATOMIC_RELAXED);
}

static void link_entry(struct table *in, struct heap_live *entry)
{
    uint32_t hash = heap_live_hash((void *)entry->block), chain = chain_of(in, hash);
    entry->next = in->chains[chain];
    in->chains[chain] = entry;
    __atomic_store_n(&in->words[chain], in->words[chain] | bit_of(in, hash), __ATOMIC_RELAXED);
}

/* Takes a block's entry out of its chain, and clears its bit where it was the last with it. */
static struct heap_live *unlink_entry(uintptr_t block, uint32_t hash)
{
    uint32_t chain = chain_of(&table, hash);
    struct heap_live *found = NULL;
    uint32_t bits = 0;
    for (struct heap_live **at = &table.chains[chain]; *at;) {
        if ((*at)->block == block) {
            found = *at;
            *at = found->next;
        } else {
            bits |= bit_of(&table, heap_live_hash((void *)(*at)->block));
            at = &(*at)->next;
        }
    }
    if (found) {
        __atomic_store_n(&table.words[chain], bits, __ATOMIC_RELAXED);
        uncount_in_slot(hash);
    }
    return found;
}

/* An entry not in use; NULL on exhaustion. */
static struct heap_live *get_entry(struct stripe *stripe)
{
    if (!stripe->spare) {
        struct heap_live *slab = mem_get_array(pages_mem(), per_slab, sizeof *slab);
        for (unsigned i = 0; slab && i < per_slab; i++) {
            slab[i].next = stripe->spare;
            stripe->spare = &slab[i];
        }
    }
    struct heap_live *entry = stripe->spare;
    if (entry) {
        stripe->spare = entry->next;
        stripe->n++;
    }
    return entry;
}

static void put_entry(struct stripe *stripe, struct heap_live *entry)
{
    entry->next = stripe->spare;
    stripe->spare = entry;
    stripe->n--;
}

/* --- Growing ------------------------------------------------------------------------------------------------------ */

static void free_table(const struct table *old)
{
    if (old->chains && old->chains != start_chains)
        pages_unmap(old->chains, sizeof *old->chains << old->log);
}

/* Moves all entries to a table with more chains. The old filter is left as it is: a reader may have its address still,
 * and what it may ask for is in it. */
static void move_to(struct table *fresh)
{
    for (uint64_t chain = 0; chain >> table.log == 0; chain++)
        for (struct heap_live *entry = table.chains[chain], *next; entry; entry = next) {
            next = entry->next;
            link_entry(fresh, entry);
        }
    free_table(&table);
    table = *fresh;
    __atomic_store_n(&second, (uintptr_t)fresh->words + (hash_bits - fresh->log - 5), __ATOMIC_RELEASE);
}

/* Grows the table, unless another thread has meanwhile. Where there is no memory for it the chains get longer. */
static void grow(unsigned old_log)
{
    lock_all();
    struct table fresh = {.log = old_log + growth_log};
    if (table.log == old_log && fresh.log <= last_log) {
        fresh.chains = pages_map(sizeof *fresh.chains << fresh.log);
        fresh.words = fresh.chains ? pages_map(sizeof *fresh.words << fresh.log) : NULL;
        if (fresh.words)
            move_to(&fresh);
        else
            free_table(&fresh);
    }
    stripe_most <<= growth_log;
    unlock_all();
}

/* --- The table ---------------------------------------------------------------------------------------------------- */

bool heap_live_add(const void *block, struct heap_stack *stack, struct heap_stack **stale)
{
    uint32_t hash = heap_live_hash(block);
    struct stripe *stripe = lock_stripe(hash);
    struct heap_live *entry = unlink_entry((uintptr_t)block, hash);
    *stale = entry ? entry->stack : NULL;
    if (!entry)
        entry = get_entry(stripe);
    if (entry) {
        *entry = (struct heap_live){.block = (uintptr_t)block, .stack = stack};
        link_entry(&table, entry);
        count_in_slot(hash);
    }
    bool full = stripe->n > stripe_most;
    unsigned log = table.log;
    unlock_stripe(stripe);
    if (full)
        grow(log);
    return entry != NULL;
}

struct heap_live *heap_live_take(const void *block)
{
    uint32_t hash = heap_live_hash(block);
    struct stripe *stripe = lock_stripe(hash);
    struct heap_live *entry = unlink_entry((uintptr_t)block, hash);
    unlock_stripe(stripe);
    return entry;
}

void heap_live_restore(struct heap_live *entry)
{
    uint32_t hash = heap_live_hash((void *)entry->block);
    struct stripe *stripe = lock_stripe(hash);
    link_entry(&table, entry);
    count_in_slot(hash);
    unlock_stripe(stripe);
}

void heap_live_discard(struct heap_live *entry)
{
    struct stripe *stripe = lock_stripe(heap_live_hash((void *)entry->block));
    put_entry(stripe, entry);
    unlock_stripe(stripe);
}

void heap_live_mark(const void *block)
{
    uint32_t hash = heap_live_hash(block);
    struct stripe *stripe = lock_stripe(hash);
    count_in_slot(hash);
    unlock_stripe(stripe);
}

uint64_t heap_live_count(void)
{
    uint64_t n = 0;
    lock_all();
    for (unsigned i = 0; i < stripes; i++)
        n += stripe_table[i].n;
    unlock_all();
    return n;
}

void heap_live_fork_prepare(void)
{
    lock_all();
}

void heap_live_fork_done(void)
{
    unlock_all();
}
