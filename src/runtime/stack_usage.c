#include "runtime/stack_usage.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "runtime/maps.h"

enum { page = 4096, pages_at_once = 4096 };

static uint64_t resident_bytes(uint64_t start, uint64_t limit)
{
    unsigned char in_memory[pages_at_once];
    uint64_t bytes = 0;
    while (start < limit) {
        uint64_t size = limit - start < (uint64_t)pages_at_once * page ? limit - start : (uint64_t)pages_at_once * page;
        if (mincore((void *)(uintptr_t)start, size, in_memory) != 0)
            break; /* the thread has ended meanwhile */
        for (uint64_t i = 0; i < size / page; i++)
            bytes += (in_memory[i] & 1) * (uint64_t)page;
        start += size;
    }
    return bytes;
}

/* A sort in place that takes no memory, as qsort may. */
static void sift(uint64_t *heap, size_t n, size_t root)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && heap[child] < heap[child + 1])
            child++;
        if (heap[root] >= heap[child])
            return;
        uint64_t value = heap[root];
        heap[root] = heap[child];
        heap[child] = value;
    }
}

static void sort(uint64_t *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(values, n, i);
    for (size_t end = n; end-- > 1;) {
        uint64_t most = values[0];
        values[0] = values[end];
        values[end] = most;
        sift(values, end, 0);
    }
}

bool stack_usage_read(uint64_t *addresses, size_t n, struct stack_usage *usage)
{
    struct maps maps;
    struct maps_line line;
    struct stack_usage sum = {0};
    size_t next = 0;
    if (!maps_open(&maps))
        return false;
    sort(addresses, n);
    while (next < n && maps_next(&maps, &line)) {
        while (next < n && addresses[next] < line.start)
            next++;
        if (next == n || addresses[next] >= line.limit)
            continue;
        sum.sys += line.limit - line.start;
        sum.resident += resident_bytes(line.start, line.limit);
    }
    maps_close(&maps);
    *usage = sum;
    return true;
}
