#include "trace/sort.h"

#include "base/go_sort.h"

static bool has_less(const void *context, const void *a, const void *b)
{
    (void)context;
    return ((const struct sort_pair *)a)->key < ((const struct sort_pair *)b)->key;
}

void sort_pairs(struct sort_pair *pairs, size_t n)
{
    go_sort(&(struct go_sort){.at = pairs, .size = sizeof *pairs, .before = has_less}, n);
}
