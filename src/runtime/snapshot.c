#include "runtime/snapshot.h"

#include <string.h>

void snapshot_init(struct snapshot *snapshot, struct mem *mem)
{
    *snapshot = (struct snapshot){.mem = mem};
}

void snapshot_finish(struct snapshot *snapshot)
{
    vec_finish(&snapshot->pcs, snapshot->mem);
    vec_finish(&snapshot->samples, snapshot->mem);
}

struct snapshot_sample *snapshot_add(struct snapshot *snapshot, const uint64_t *pcs, uint32_t npcs)
{
    struct snapshot_sample sample = {.pcs = snapshot->pcs.n, .npcs = npcs};
    if (!vec_reserve(&snapshot->pcs, snapshot->mem, npcs) || !vec_push(&snapshot->samples, snapshot->mem, sample)) {
        snapshot->failed = true;
        return NULL;
    }
    if (npcs > 0)
        memcpy(snapshot->pcs.at + snapshot->pcs.n, pcs, npcs * sizeof *pcs);
    snapshot->pcs.n += npcs;
    return &snapshot->samples.at[snapshot->samples.n - 1];
}
