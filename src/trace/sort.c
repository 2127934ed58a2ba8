/* Pattern-defeating quicksort (https://arxiv.org/pdf/2106.05123.pdf) with the constants that Go's library chose: runs
 * of up to 12 by insertion, the pivot by Tukey's ninther from 50 elements on, heap sort after too many bad pivots. It
 * is not stable, but it is deterministic, and these steps make the same swaps. */
#include "trace/sort.h"

#include <stdbool.h>

enum { insertion_limit = 12, ninther_from = 50, shift_from = 50, max_shifts = 5, all_swapped = 12 };

enum hint { hint_none, hint_increasing, hint_decreasing };

static bool less(const struct sort_pair *d, size_t i, size_t j)
{
    return d[i].key < d[j].key;
}

static void swap(struct sort_pair *d, size_t i, size_t j)
{
    struct sort_pair pair = d[i];
    d[i] = d[j];
    d[j] = pair;
}

static unsigned bit_length(uint64_t n)
{
    return n == 0 ? 0 : 64 - (unsigned)__builtin_clzll(n);
}

static void insertion_sort(struct sort_pair *d, size_t a, size_t b)
{
    for (size_t i = a + 1; i < b; i++) {
        for (size_t j = i; j > a && less(d, j, j - 1); j--)
            swap(d, j, j - 1);
    }
}

/* Restores the heap below `root` in the first n elements of d. */
static void sift_down(struct sort_pair *d, size_t root, size_t n)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && less(d, child, child + 1))
            child++;
        if (!less(d, root, child))
            return;
        swap(d, root, child);
    }
}

static void heap_sort(struct sort_pair *d, size_t n)
{
    for (size_t i = (n - 1) / 2 + 1; i-- > 0;)
        sift_down(d, i, n);
    for (size_t i = n; i-- > 0;) {
        swap(d, 0, i);
        sift_down(d, 0, i);
    }
}

/* Scatters three elements of the middle by a generator that is seeded with the length. */
static void break_patterns(struct sort_pair *d, size_t a, size_t b)
{
    size_t length = b - a;
    if (length < 8)
        return;
    uint64_t random = length, mask = ((uint64_t)1 << bit_length(length)) - 1;
    size_t middle = a + length / 4 * 2;
    for (size_t i = middle - 1; i <= middle + 1; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t other = (size_t)(random & mask);
        if (other >= length)
            other -= length;
        swap(d, i, a + other);
    }
}

static void order_two(const struct sort_pair *d, size_t *a, size_t *b, int *swaps)
{
    if (less(d, *b, *a)) {
        size_t was = *a;
        *a = *b;
        *b = was;
        ++*swaps;
    }
}

static size_t median(const struct sort_pair *d, size_t a, size_t b, size_t c, int *swaps)
{
    order_two(d, &a, &b, swaps);
    order_two(d, &b, &c, swaps);
    order_two(d, &a, &b, swaps);
    return b;
}

static size_t choose_pivot(const struct sort_pair *d, size_t a, size_t b, enum hint *hint)
{
    size_t n = b - a, i = a + n / 4, j = a + n / 4 * 2, k = a + n / 4 * 3;
    int swaps = 0;
    if (n >= ninther_from) {
        i = median(d, i - 1, i, i + 1, &swaps);
        j = median(d, j - 1, j, j + 1, &swaps);
        k = median(d, k - 1, k, k + 1, &swaps);
    }
    if (n >= 8)
        j = median(d, i, j, k, &swaps);
    *hint = swaps == 0 ? hint_increasing : swaps == all_swapped ? hint_decreasing : hint_none;
    return j;
}

static void reverse(struct sort_pair *d, size_t a, size_t b)
{
    for (size_t i = a, j = b - 1; i < j; i++, j--)
        swap(d, i, j);
}

/* Sorts d[a..b) if a few moves are enough; whether it is sorted now. The shifts to the left may go below a, as they do
 * in Go's library. */
static bool sort_nearly_sorted(struct sort_pair *d, size_t a, size_t b)
{
    size_t i = a + 1;
    for (int step = 0; step < max_shifts; step++) {
        while (i < b && !less(d, i, i - 1))
            i++;
        if (i == b)
            return true;
        if (b - a < shift_from)
            return false;
        swap(d, i, i - 1);
        if (i - a >= 2) {
            for (size_t j = i - 1; j >= 1 && less(d, j, j - 1); j--)
                swap(d, j, j - 1);
        }
        if (b - i >= 2) {
            for (size_t j = i + 1; j < b && less(d, j, j - 1); j++)
                swap(d, j, j - 1);
        }
    }
    return false;
}

/* Puts what equals the pivot (the least of d[a..b)) first and returns where the rest begins. */
static size_t partition_equal(struct sort_pair *d, size_t a, size_t b, size_t pivot)
{
    swap(d, a, pivot);
    size_t i = a + 1, j = b - 1;
    for (;;) {
        while (i <= j && !less(d, a, i))
            i++;
        while (i <= j && less(d, a, j))
            j--;
        if (i > j)
            return i;
        swap(d, i++, j--);
    }
}

/* Puts what is less than the pivot before it, the rest behind it, and returns where the pivot is. */
static size_t partition(struct sort_pair *d, size_t a, size_t b, size_t pivot, bool *was_partitioned)
{
    swap(d, a, pivot);
    size_t i = a + 1, j = b - 1;
    for (*was_partitioned = true;; *was_partitioned = false) {
        while (i <= j && less(d, i, a))
            i++;
        while (i <= j && !less(d, j, a))
            j--;
        if (i > j)
            break;
        swap(d, i++, j--);
    }
    swap(d, j, a);
    return j;
}

static void quick_sort(struct sort_pair *d, size_t a, size_t b, unsigned limit)
{
    bool balanced = true, partitioned = true;
    for (;;) {
        size_t length = b - a;
        if (length <= insertion_limit) {
            insertion_sort(d, a, b);
            return;
        }
        if (limit == 0) {
            heap_sort(d + a, length);
            return;
        }
        if (!balanced) {
            break_patterns(d, a, b);
            limit--;
        }
        enum hint hint;
        size_t pivot = choose_pivot(d, a, b, &hint);
        if (hint == hint_decreasing) {
            reverse(d, a, b);
            pivot = (b - 1) - (pivot - a);
            hint = hint_increasing;
        }
        if (balanced && partitioned && hint == hint_increasing && sort_nearly_sorted(d, a, b))
            return;
        if (a > 0 && !less(d, a - 1, pivot)) {
            a = partition_equal(d, a, b, pivot);
            continue;
        }
        size_t middle = partition(d, a, b, pivot, &partitioned);
        size_t left = middle - a, right = b - middle;
        balanced = (left < right ? left : right) >= length / 8;
        if (left < right) {
            quick_sort(d, a, middle, limit);
            a = middle + 1;
        } else {
            quick_sort(d, middle + 1, b, limit);
            b = middle;
        }
    }
}

void sort_pairs(struct sort_pair *pairs, size_t n)
{
    quick_sort(pairs, 0, n, bit_length(n));
}
