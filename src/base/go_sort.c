/* Pattern-defeating quicksort (https://arxiv.org/pdf/2106.05123.pdf) with the constants and tie rules of Go 1.26's sort
 * package. Every comparison and exchange must happen as it does there, so nothing in here is free to be improved. */
#include "base/go_sort.h"

#include <stdint.h>
#include <string.h>

enum {
    short_range = 12,    /* up to here insertion sort */
    median_range = 8,    /* from here the pivot is a median of three */
    ninther_range = 50,  /* from here a median of three medians, and worth to be repaired */
    most_exchanges = 12, /* that choosing a pivot can make: then the range is in reverse order */
    most_repairs = 5,
};

/* A range [from, to) of the elements. */
struct range {
    size_t from, to;
};

struct pivot {
    size_t at;
    int exchanges; /* how many pairs it took were out of order */
};

static char *element(const struct go_sort *sort, size_t i)
{
    return (char *)sort->at + i * sort->size;
}

static bool before(const struct go_sort *sort, size_t i, size_t j)
{
    return sort->before(sort->context, element(sort, i), element(sort, j));
}

static void exchange(const struct go_sort *sort, size_t i, size_t j)
{
    char was[go_sort_largest];
    if (i == j)
        return;
    memcpy(was, element(sort, i), sort->size);
    memcpy(element(sort, i), element(sort, j), sort->size);
    memcpy(element(sort, j), was, sort->size);
}

/* Moves an element to the left until what is before it belongs there; not below `least`. */
static void sink_left(const struct go_sort *sort, size_t i, size_t least)
{
    for (; i > least && before(sort, i, i - 1); i--)
        exchange(sort, i, i - 1);
}

static void insertion_sort(const struct go_sort *sort, struct range range)
{
    for (size_t i = range.from + 1; i < range.to; i++)
        sink_left(sort, i, range.from);
}

static void sift_down(const struct go_sort *sort, size_t root, size_t n, size_t first)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && before(sort, first + child, first + child + 1))
            child++;
        if (!before(sort, first + root, first + child))
            return;
        exchange(sort, first + root, first + child);
    }
}

static void heap_sort(const struct go_sort *sort, struct range range)
{
    size_t n = range.to - range.from;
    for (size_t i = (n - 1) / 2 + 1; i-- > 0;)
        sift_down(sort, i, n, range.from);
    for (size_t i = n; i-- > 0;) {
        exchange(sort, range.from, range.from + i);
        sift_down(sort, 0, i, range.from);
    }
}

static void order_two(const struct go_sort *sort, size_t *i, size_t *j, int *exchanges)
{
    if (!before(sort, *j, *i))
        return;
    size_t k = *i;
    *i = *j;
    *j = k;
    ++*exchanges;
}

static size_t median(const struct go_sort *sort, size_t i, size_t j, size_t k, int *exchanges)
{
    order_two(sort, &i, &j, exchanges);
    order_two(sort, &j, &k, exchanges);
    order_two(sort, &i, &j, exchanges);
    return j;
}

static struct pivot choose_pivot(const struct go_sort *sort, struct range range)
{
    size_t n = range.to - range.from;
    size_t i = range.from + n / 4, j = range.from + n / 4 * 2, k = range.from + n / 4 * 3;
    struct pivot pivot = {.at = j};
    if (n < median_range)
        return pivot;
    if (n >= ninther_range) {
        i = median(sort, i - 1, i, i + 1, &pivot.exchanges);
        j = median(sort, j - 1, j, j + 1, &pivot.exchanges);
        k = median(sort, k - 1, k, k + 1, &pivot.exchanges);
    }
    pivot.at = median(sort, i, j, k, &pivot.exchanges);
    return pivot;
}

static void reverse(const struct go_sort *sort, struct range range)
{
    for (size_t i = range.from, j = range.to; i + 1 < j; i++, j--)
        exchange(sort, i, j - 1);
}

/* Sorts a range that is almost in order by moving a few elements; false where it takes more. */
static bool repair(const struct go_sort *sort, struct range range)
{
    size_t i = range.from + 1;
    for (int repairs = 0; repairs < most_repairs; repairs++) {
        while (i < range.to && !before(sort, i, i - 1))
            i++;
        if (i == range.to)
            return true;
        if (range.to - range.from < ninther_range)
            return false;
        exchange(sort, i, i - 1);
        if (i - range.from >= 2)
            sink_left(sort, i - 1, 0);
        for (size_t j = i + 1; range.to - i >= 2 && j < range.to && before(sort, j, j - 1); j++)
            exchange(sort, j, j - 1);
    }
    return false;
}

/* Exchanges three elements in the middle with others, by a generator that starts from the length. */
static void scatter(const struct go_sort *sort, struct range range)
{
    uint64_t n = range.to - range.from, random = n, mask = 1;
    if (n < median_range)
        return;
    while (mask <= n)
        mask *= 2;
    size_t middle = range.from + n / 4 * 2;
    for (size_t i = middle - 1; i <= middle + 1; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t other = random & (mask - 1);
        exchange(sort, i, range.from + (other >= n ? other - n : other));
    }
}

/* Brings what belongs before the pivot to its left; returns where the pivot is then, and whether all was in place. */
static size_t partition(const struct go_sort *sort, struct range range, size_t pivot, bool *in_place)
{
    size_t i = range.from + 1, j = range.to - 1;
    exchange(sort, range.from, pivot);
    for (*in_place = true;; *in_place = false) {
        while (i <= j && before(sort, i, range.from))
            i++;
        while (i <= j && !before(sort, j, range.from))
            j--;
        if (i > j)
            break;
        exchange(sort, i++, j--);
    }
    exchange(sort, j, range.from);
    return j;
}

/* Where no element belongs before the pivot: brings those equal to it to the left; returns where the others begin. */
static size_t partition_equal(const struct go_sort *sort, struct range range, size_t pivot)
{
    size_t i = range.from + 1, j = range.to - 1;
    exchange(sort, range.from, pivot);
    for (;;) {
        while (i <= j && !before(sort, range.from, i))
            i++;
        while (i <= j && before(sort, range.from, j))
            j--;
        if (i > j)
            return i;
        exchange(sort, i++, j--);
    }
}

/* `patience` is how many bad pivots are borne before heap sort takes over. */
static void quick_sort(const struct go_sort *sort, struct range range, int patience)
{
    bool balanced = true, in_place = true;
    for (size_t n; (n = range.to - range.from) > short_range;) {
        if (patience == 0) {
            heap_sort(sort, range);
            return;
        }
        if (!balanced) {
            scatter(sort, range);
            patience--;
        }
        struct pivot pivot = choose_pivot(sort, range);
        if (pivot.exchanges == most_exchanges) {
            reverse(sort, range);
            pivot = (struct pivot){.at = range.to - 1 - (pivot.at - range.from)};
        }
        if (balanced && in_place && pivot.exchanges == 0 && repair(sort, range))
            return;
        if (range.from > 0 && !before(sort, range.from - 1, pivot.at)) {
            range.from = partition_equal(sort, range, pivot.at);
            continue;
        }
        size_t middle = partition(sort, range, pivot.at, &in_place);
        struct range left = {range.from, middle}, right = {middle + 1, range.to};
        size_t nleft = middle - range.from, nright = range.to - middle;
        balanced = (nleft < nright ? nleft : nright) >= n / 8;
        quick_sort(sort, nleft < nright ? left : right, patience);
        range = nleft < nright ? right : left;
    }
    insertion_sort(sort, range);
}

void go_sort(const struct go_sort *sort, size_t n)
{
    int patience = 0;
    while (n >> patience != 0)
        patience++;
    quick_sort(sort, (struct range){0, n}, patience);
}
