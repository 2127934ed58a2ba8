#include "runtime/stack_snapshot.h"

void stack_snapshot(const struct stack_table *table, struct snapshot *snapshot)
{
    struct stack_entry entry;
    for (uint32_t slot = 0; slot <= table->slot_mask; slot++) {
        if (!stack_table_read(table, slot, &entry))
            continue;
        struct snapshot_sample *sample = snapshot_add(snapshot, entry.pcs, entry.npcs);
        if (!sample)
            return;
        sample->truncated = entry.truncated;
        sample->values[0] = entry.count;
    }
    snapshot->lost += atomic_load(&table->lost);
}
