/* Places in an array for things with ids that come and go, such as goroutines: the place of one that is gone is the
 * next one's, so that the array is as long as most were there at a time. */
#ifndef SONDE_TRACE_SLOTS_H
#define SONDE_TRACE_SLOTS_H

#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"

#define NO_SLOT UINT32_MAX

struct slots {
    struct map of_id;
    VEC(uint32_t) free;
    uint32_t n; /* places that are or were in use */
};

void slots_init(struct slots *slots, struct mem *mem);
void slots_finish(struct slots *slots);

/* The place of an id; NO_SLOT where it has none. */
uint32_t slots_find(const struct slots *slots, uint64_t id);

/* Gives an id that has none a place: one that is free, or the one behind all others. NO_SLOT on exhaustion. */
uint32_t slots_add(struct slots *slots, uint64_t id);

/* Takes the place of an id away, where it has one. */
void slots_remove(struct slots *slots, uint64_t id);

#endif
