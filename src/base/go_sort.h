/* Sorting with the outcome of Go's sort.Sort and slices.SortFunc also where elements are equal: their algorithm is not
 * stable, but it does the same each time, and what Go's tools print depends on it. */
#ifndef SONDE_BASE_GO_SORT_H
#define SONDE_BASE_GO_SORT_H

#include <stdbool.h>
#include <stddef.h>

enum { go_sort_largest = 64 };

struct go_sort {
    void *at;    /* what is sorted */
    size_t size; /* of each element, up to go_sort_largest bytes */
    /* Whether the element at a belongs before that at b. */
    bool (*before)(const void *context, const void *a, const void *b);
    const void *context;
};

void go_sort(const struct go_sort *sort, size_t n);

#endif
