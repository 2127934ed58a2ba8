/* Sorting as Go's slices.SortFunc does it, including where it leaves elements that compare equal: the order of events
 * with equal times in Go's dumps depends on it. */
#ifndef SONDE_TRACE_SORT_H
#define SONDE_TRACE_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_pair {
    int64_t key;
    uint32_t value;
};

/* Sorts by ascending key. */
void sort_pairs(struct sort_pair *pairs, size_t n);

#endif
