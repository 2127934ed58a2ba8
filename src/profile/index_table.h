/* A table of row numbers under hashes of what the rows hold; what makes two rows the same is the caller's to tell. */
#ifndef SONDE_PROFILE_INDEX_TABLE_H
#define SONDE_PROFILE_INDEX_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct index_table {
    uint64_t *slots; /* the hash's high half << 32 | row + 1; 0 for free */
    uint32_t room, n;
};

/* Frees the table, which is empty and usable again. */
void index_table_finish(struct index_table *table, struct mem *mem);

/* Makes room for one row more. False on exhaustion. */
bool index_table_grow(struct index_table *table, struct mem *mem);

/* Asks for the memory that a look-up of a hash begins with. */
static inline void index_table_prefetch(const struct index_table *table, uint64_t hash)
{
    if (table->room > 0)
        __builtin_prefetch(&table->slots[(uint32_t)(hash >> 32) & (table->room - 1)]);
}

/* A walk over the rows that may have a hash:
 *
 *     struct index_walk walk = index_walk(&table, hash);
 *     while (index_walk_next(&walk) && !same(walk.row)) {}
 *
 * ends at the row that is the same, or with walk.row PROFILE_NONE where there is none, and then index_walk_put enters
 * one (after index_table_grow).
 */
struct index_walk {
    struct index_table *table;
    uint64_t tag;
    uint32_t at;
    uint32_t row;
};

static inline struct index_walk index_walk(struct index_table *table, uint64_t hash)
{
    return (struct index_walk){table, hash >> 32, (uint32_t)(hash >> 32), 0};
}

/* Goes on to the next row that may be the same; false at the end. The table has a free slot, or no slots at all. */
static inline bool index_walk_next(struct index_walk *walk)
{
    uint32_t mask = walk->table->room - 1;
    walk->row = UINT32_MAX;
    if (walk->table->room == 0)
        return false;
    for (;; walk->at++) {
        uint64_t slot = walk->table->slots[walk->at & mask];
        if (slot == 0)
            return false;
        if (slot >> 32 == walk->tag) {
            walk->at++;
            walk->row = (uint32_t)slot - 1;
            return true;
        }
    }
}

/* Enters a row where the walk has ended. */
static inline void index_walk_put(struct index_walk *walk, uint32_t row)
{
    walk->table->slots[walk->at & (walk->table->room - 1)] = walk->tag << 32 | ((uint64_t)row + 1);
    walk->table->n++;
}

#endif
