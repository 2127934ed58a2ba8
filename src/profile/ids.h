/* From the ids of a file, which may be any 64-bit numbers, to dense indices. Most writers number from 1 on, and then a
 * look-up is an array access; where the ids are sparse a hash map takes over. */
#ifndef SONDE_PROFILE_IDS_H
#define SONDE_PROFILE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/mem.h"

struct ids {
    struct mem *mem;
    uint32_t *direct; /* index of id i, for i < room; UINT32_MAX where there is none */
    uint64_t room;
    struct map sparse; /* ids from room on */
    uint32_t n;        /* ids given so far */
    bool in_order;     /* so far index i has the id i + 1 */
};

/* Prepares a table for about `count` ids. False on exhaustion; nothing is owned then. */
bool ids_init(struct ids *ids, struct mem *mem, uint32_t count);
void ids_finish(struct ids *ids);

enum ids_added { ids_fresh, ids_duplicate, ids_exhausted };

/* Gives an id its index. */
enum ids_added ids_add(struct ids *ids, uint64_t id, uint32_t index);

/* The index of an id that is not in the direct part; UINT32_MAX where it is unknown. */
uint32_t ids_find_sparse(const struct ids *ids, uint64_t id);

/* The index of an id; UINT32_MAX where it is unknown. */
static inline uint32_t ids_find(const struct ids *ids, uint64_t id)
{
    return id < ids->room ? ids->direct[id] : ids_find_sparse(ids, id);
}

#endif
