/* What the allocator below says of itself, for sonde_read_memstats. */
#ifndef SONDE_RUNTIME_ALLOCATOR_STATS_H
#define SONDE_RUNTIME_ALLOCATOR_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct allocator_stats {
    bool in_use_known; /* mimalloc does not say it */
    uint64_t in_use;   /* bytes in blocks that the program has, with what the allocator adds to each */
    uint64_t sys;      /* bytes obtained from the kernel for blocks */
    uint64_t released; /* bytes of those whose pages were given back; glibc does not say it: 0 */
};

/* Asks the allocator whose malloc is below ours: glibc, jemalloc, tcmalloc or mimalloc. False for another one. Takes
 * the allocator's own locks, so not to be called within the hooks. glibc walks its lists of free blocks for it, some
 * 20 ns for each. */
bool allocator_stats_read(struct allocator_stats *stats);

#endif
