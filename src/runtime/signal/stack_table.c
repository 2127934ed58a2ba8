#include "runtime/signal/stack_table.h"

#include <string.h>

#include "base/hash.h"

enum { probes = 64 };

/* A published entry in one word, so that it appears at once: | start 32 | 0 | npcs 15 | truncated 1 | published 1 |. */
static uint64_t stack_pack(uint32_t start, uint32_t npcs, bool truncated)
{
    return (uint64_t)start << 32 | (uint64_t)npcs << 2 | (uint64_t)truncated << 1 | 1;
}

static uint32_t pack_start(uint64_t pack)
{
    return (uint32_t)(pack >> 32);
}

static uint32_t pack_npcs(uint64_t pack)
{
    return (uint32_t)pack >> 2;
}

static bool pack_truncated(uint64_t pack)
{
    return pack >> 1 & 1;
}

size_t stack_table_size(uint32_t slots, uint32_t words)
{
    return slots * sizeof(struct stack_slot) + words * sizeof(uint64_t);
}

void stack_table_init(struct stack_table *table, void *memory, uint32_t slots, uint32_t words)
{
    table->slots = memory;
    table->pcs = (uint64_t *)(table->slots + slots);
    table->slot_mask = slots - 1;
    table->pcs_room = words;
    table->probe_most = slots < probes ? slots : probes;
    atomic_init(&table->pcs_used, 0);
    atomic_init(&table->lost, 0);
}

static uint64_t stack_hash(const uint64_t *pcs, uint32_t npcs, bool truncated)
{
    uint64_t hash = (uint64_t)npcs << 1 | truncated;
    for (uint32_t i = 0; i < npcs; i++)
        hash = hash_fold(hash, pcs[i]);
    return hash | 1; /* 0 is a free slot */
}

static bool same_stack(const struct stack_table *table, uint64_t pack, const uint64_t *pcs, uint32_t npcs,
                       bool truncated)
{
    return pack_npcs(pack) == npcs && pack_truncated(pack) == truncated &&
           (npcs == 0 || memcmp(table->pcs + pack_start(pack), pcs, npcs * sizeof *pcs) == 0);
}

/* Room in the arena for one stack; false when it is full. pcs_used never passes the end, so that it can't wrap. */
static bool take_words(struct stack_table *table, uint32_t n, uint32_t *start)
{
    uint32_t used = atomic_load_explicit(&table->pcs_used, memory_order_relaxed);
    do {
        if (n > table->pcs_room - used)
            return false;
    } while (!atomic_compare_exchange_weak(&table->pcs_used, &used, used + n));
    *start = used;
    return true;
}

void stack_table_add(struct stack_table *table, const uint64_t *pcs, uint32_t npcs, bool truncated, int64_t count)
{
    uint64_t hash = stack_hash(pcs, npcs, truncated);
    uint32_t at = (uint32_t)hash_u64(hash), start;
    for (uint32_t probe = 0; probe < table->probe_most; probe++, at++) {
        struct stack_slot *slot = &table->slots[at & table->slot_mask];
        uint64_t seen = atomic_load_explicit(&slot->hash, memory_order_acquire);
        if (seen == 0) {
            if (!take_words(table, npcs, &start))
                break;
            /* A lost race leaves the words unused; races for one slot are rare. */
            if (atomic_compare_exchange_strong(&slot->hash, &seen, hash)) {
                if (npcs > 0)
                    memcpy(table->pcs + start, pcs, npcs * sizeof *pcs);
                atomic_fetch_add_explicit(&slot->count, count, memory_order_relaxed);
                atomic_store_explicit(&slot->stack, stack_pack(start, npcs, truncated), memory_order_release);
                return;
            }
        }
        if (seen != hash)
            continue;
        uint64_t pack = atomic_load_explicit(&slot->stack, memory_order_acquire);
        if (pack != 0 && same_stack(table, pack, pcs, npcs, truncated)) {
            atomic_fetch_add_explicit(&slot->count, count, memory_order_relaxed);
            return;
        }
    }
    atomic_fetch_add_explicit(&table->lost, (uint64_t)count, memory_order_relaxed);
}

bool stack_table_read(const struct stack_table *table, uint32_t slot, struct stack_entry *entry)
{
    uint64_t pack = atomic_load_explicit(&table->slots[slot].stack, memory_order_acquire);
    if (pack == 0)
        return false;
    *entry = (struct stack_entry){
        .pcs = table->pcs + pack_start(pack),
        .npcs = pack_npcs(pack),
        .truncated = pack_truncated(pack),
        .count = atomic_load_explicit(&table->slots[slot].count, memory_order_relaxed),
    };
    return true;
}

void stack_table_clear(struct stack_table *table)
{
    memset(table->slots, 0, ((size_t)table->slot_mask + 1) * sizeof *table->slots);
    atomic_store(&table->pcs_used, 0);
    atomic_store(&table->lost, 0);
}
