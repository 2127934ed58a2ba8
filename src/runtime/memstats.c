/* sonde_read_memstats: our own exact counters, the allocator's figures for what it holds, and what the samples tell
 * where neither can say.
 *
 * What a free gives back is not counted by bytes: the only way to learn a block's size is malloc_usable_size, and that
 * was measured to cost a quarter to a half of a malloc and free pair on top (glibc reads the next block's header for
 * it). So blocks are counted exactly both ways and bytes exactly as they are asked for; bytes in use are the
 * allocator's figure; and frees by size are the allocations less the blocks in use that the heap samples tell of. */
#include <errno.h>
#include <stdatomic.h>

#include "runtime/allocator_stats.h"
#include "runtime/heap.h"
#include "runtime/heap_thread.h"
#include "runtime/pages.h"
#include "runtime/stack_usage.h"
#include "sonde/sonde.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The bytes of a running thread's latest allocations may be counted now and not the next time (heap_thread.h reads two
 * words that change together); the sum that is shown never falls. */
static uint64_t never_falling(uint64_t total)
{
    static _Atomic uint64_t highest;
    uint64_t before = atomic_load(&highest);
    while (before < total && !atomic_compare_exchange_weak(&highest, &before, total))
        continue;
    return before < total ? total : before;
}

static void fill_counts(struct sonde_memstats *stats)
{
    struct heap_sums sums;
    heap_thread_sums(&sums);
    stats->total_alloc = never_falling(sums.bytes);
    stats->mallocs = sums.mallocs;
    stats->frees = least(sums.frees, sums.mallocs); /* blocks from before our time may have been freed since */
    stats->heap_objects = stats->mallocs - stats->frees;
    for (unsigned i = 0; i < SONDE_SIZE_CLASSES; i++) {
        stats->by_size[i].size = size_class_sizes[i];
        stats->by_size[i].mallocs = sums.by_class[i];
    }
}

static void fill_frees_by_size(struct sonde_memstats *stats, const struct heap_estimate *in_use)
{
    for (unsigned i = 0; i < SONDE_SIZE_CLASSES && heap_rate() > 0; i++) {
        uint64_t mallocs = stats->by_size[i].mallocs, live = (uint64_t)(in_use->blocks[i] + 0.5);
        stats->by_size[i].frees = mallocs - least(live, mallocs);
    }
}

static void fill_heap(struct sonde_memstats *stats, const struct heap_estimate *in_use)
{
    struct allocator_stats below = {0};
    allocator_stats_read(&below);
    if (!below.in_use_known)
        below.in_use = (uint64_t)in_use->bytes;
    stats->heap_inuse = below.in_use;
    stats->heap_sys = below.sys > below.in_use ? below.sys : below.in_use;
    stats->heap_idle = stats->heap_sys - stats->heap_inuse;
    stats->heap_released = least(below.released, stats->heap_idle);
    stats->heap_alloc = stats->alloc = least(below.in_use, stats->total_alloc);
}

static void fill_stacks(struct sonde_memstats *stats)
{
    struct stack_usage usage;
    size_t room = heap_thread_count() + 1;
    uint64_t *addresses = mem_get_array(pages_mem(), room, sizeof *addresses);
    if (!addresses)
        return;
    size_t n = heap_thread_stacks(addresses, room - 1);
    addresses[n++] = (uintptr_t)&usage;
    if (stack_usage_read(addresses, n, &usage)) {
        stats->stack_sys = usage.sys;
        stats->stack_inuse = usage.resident;
    }
    mem_put(pages_mem(), addresses, room * sizeof *addresses);
}

int sonde_read_memstats(struct sonde_memstats *stats)
{
    struct sonde_memstats read = {0};
    struct heap_estimate in_use;
    int saved = errno;
    heap_estimate_in_use(&in_use);
    fill_counts(&read);
    fill_frees_by_size(&read, &in_use);
    fill_heap(&read, &in_use);
    fill_stacks(&read);
    read.other_sys = pages_taken();
    read.sys = read.heap_sys + read.stack_sys + read.other_sys;
    *stats = read;
    errno = saved;
    return 0;
}

int sonde_set_mem_profile_rate(uint64_t bytes)
{
    heap_set_rate(bytes);
    return 0;
}
