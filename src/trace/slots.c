#include "trace/slots.h"

void slots_init(struct slots *slots, struct mem *mem)
{
    *slots = (struct slots){.n = 0};
    map_init(&slots->of_id, mem);
}

void slots_finish(struct slots *slots)
{
    vec_finish(&slots->free, slots->of_id.mem);
    map_finish(&slots->of_id);
}

uint32_t slots_find(const struct slots *slots, uint64_t id)
{
    const uint32_t *slot = map_find(&slots->of_id, id);
    return slot ? *slot : NO_SLOT;
}

uint32_t slots_add(struct slots *slots, uint64_t id)
{
    bool is_used = slots->free.n > 0;
    uint32_t slot = is_used ? slots->free.at[slots->free.n - 1] : slots->n;
    if (slot == NO_SLOT || !map_add(&slots->of_id, id, slot))
        return NO_SLOT;
    if (is_used)
        slots->free.n--;
    else
        slots->n++;
    return slot;
}

void slots_remove(struct slots *slots, uint64_t id)
{
    uint32_t slot = slots_find(slots, id);
    if (slot == NO_SLOT)
        return;
    map_remove(&slots->of_id, id);
    (void)vec_push(&slots->free, slots->of_id.mem, slot); /* without memory it stays unused */
}
