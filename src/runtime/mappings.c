#include "runtime/mappings.h"

void mappings_init(struct mappings *mappings, struct mem *mem)
{
    *mappings = (struct mappings){.mem = mem};
}

void mappings_finish(struct mappings *mappings)
{
    vec_finish(&mappings->list, mappings->mem);
}

bool mappings_add(struct mappings *mappings, const struct mapping *mapping)
{
    return vec_push(&mappings->list, mappings->mem, *mapping);
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
    size_t from = 0, to = mappings->list.n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (mappings->list.at[middle].limit <= address)
            from = middle + 1;
        else
            to = middle;
    }
    return from < mappings->list.n && mappings->list.at[from].start <= address ? &mappings->list.at[from] : NULL;
}
