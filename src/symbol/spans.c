#include "symbol/spans.h"

bool spans_init(struct spans *spans, const uint64_t *addresses, size_t n, struct mem *mem)
{
    size_t *next = mem_get_array(mem, n + 1, sizeof *next);
    if (!next)
        return false;
    for (size_t i = 0; i <= n; i++)
        next[i] = i;
    *spans = (struct spans){addresses, n, next, mem};
    return true;
}

void spans_finish(struct spans *spans)
{
    mem_put(spans->mem, spans->next, (spans->n + 1) * sizeof *spans->next);
}

static size_t first_at_or_after(const struct spans *spans, uint64_t address)
{
    size_t low = 0, high = spans->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->addresses[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first address at or behind `i` that is not taken; the way there is made shorter. */
static size_t first_free(struct spans *spans, size_t i)
{
    size_t *next = spans->next, end = i;
    while (next[end] != end)
        end = next[end];
    while (next[i] != end) {
        size_t following = next[i];
        next[i] = end;
        i = following;
    }
    return end;
}

size_t spans_take(struct spans *spans, uint64_t start, uint64_t size)
{
    size_t i = first_free(spans, first_at_or_after(spans, start));
    if (i == spans->n || spans->addresses[i] - start >= size)
        return spans->n;
    spans->next[i] = i + 1;
    return i;
}
