#include "profile/ids.h"

#include <string.h>

bool ids_init(struct ids *ids, struct mem *mem, uint32_t count)
{
    *ids = (struct ids){.mem = mem, .room = (uint64_t)count + count / 2 + 2, .in_order = true};
    map_init(&ids->sparse, mem);
    ids->direct = mem_get_array(mem, ids->room, sizeof *ids->direct);
    if (!ids->direct)
        return false;
    memset(ids->direct, 0xff, ids->room * sizeof *ids->direct);
    return true;
}

void ids_finish(struct ids *ids)
{
    if (!ids->mem)
        return;
    mem_put(ids->mem, ids->direct, ids->room * sizeof *ids->direct);
    map_finish(&ids->sparse);
    *ids = (struct ids){0};
}

enum ids_added ids_add(struct ids *ids, uint64_t id, uint32_t index)
{
    uint32_t *slot = id < ids->room ? &ids->direct[id] : map_add(&ids->sparse, id, UINT32_MAX);
    if (!slot)
        return ids_exhausted;
    if (*slot != UINT32_MAX)
        return ids_duplicate;
    *slot = index;
    ids->in_order &= index == ids->n && id == (uint64_t)index + 1;
    ids->n++;
    return ids_fresh;
}

uint32_t ids_find_sparse(const struct ids *ids, uint64_t id)
{
    uint32_t *slot = map_find(&ids->sparse, id);
    return slot ? *slot : UINT32_MAX;
}
