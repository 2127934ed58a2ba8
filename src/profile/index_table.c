#include "profile/index_table.h"

#include <string.h>

void index_table_finish(struct index_table *table, struct mem *mem)
{
    mem_put(mem, table->slots, table->room * sizeof *table->slots);
    *table = (struct index_table){0};
}

/* The slots' tags are the hashes' high halves, and so is where the walks begin: growing needs no hash anew. */
bool index_table_grow(struct index_table *table, struct mem *mem)
{
    enum { smallest = 64 };
    if ((uint64_t)table->n * 3 < (uint64_t)table->room * 2)
        return true;
    struct index_table grown = {.room = table->room == 0 ? smallest : table->room * 2, .n = table->n};
    grown.slots = grown.room == 0 ? NULL : mem_get_array(mem, grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    memset(grown.slots, 0, grown.room * sizeof *grown.slots);
    for (uint32_t i = 0; i < table->room; i++) {
        uint32_t at = (uint32_t)(table->slots[i] >> 32) & (grown.room - 1);
        while (table->slots[i] != 0 && grown.slots[at] != 0)
            at = (at + 1) & (grown.room - 1);
        if (table->slots[i] != 0)
            grown.slots[at] = table->slots[i];
    }
    index_table_finish(table, mem);
    *table = grown;
    return true;
}
