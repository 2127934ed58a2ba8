/* Sorting with the outcome of Go's sort.Sort also where elements are equal: its algorithm is not stable, but it does
 * the same each time, and what google's tool prints depends on it. */
#ifndef SONDE_REPORT_GO_SORT_H
#define SONDE_REPORT_GO_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_sort {
    uint32_t *at; /* what is sorted */
    /* Whether a belongs before b. */
    bool (*before)(const void *context, uint32_t a, uint32_t b);
    const void *context;
};

void go_sort(const struct go_sort *sort, size_t n);

#endif
