/* What a collector hands to those who write profiles: stacks of program counters with their values, and nothing about
 * names or formats. */
#ifndef SONDE_RUNTIME_SNAPSHOT_H
#define SONDE_RUNTIME_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/vec.h"

enum { snapshot_values = 4 };

struct snapshot_sample {
    size_t pcs;                      /* index of the first program counter */
    uint32_t npcs;                   /* leaf first */
    bool leaf_is_exact;              /* the first is an interrupted pc; all others are return addresses */
    bool truncated;                  /* the stack goes on below the last one */
    int64_t values[snapshot_values]; /* as the profile's sample types say; unused ones 0 */
    int64_t block_size;              /* heap: bytes of the sampled blocks (the "bytes" label); otherwise 0 */
    int32_t tid;                     /* threads: whose stack it is; otherwise 0 */
};

struct snapshot {
    struct mem *mem;
    VEC(uint64_t) pcs;
    VEC(struct snapshot_sample) samples;
    int64_t time_nanos;     /* when it was taken (cpu: begun), since the epoch */
    int64_t duration_nanos; /* cpu: how long it took; otherwise 0 */
    int64_t period;         /* cpu: nanoseconds between samples; heap: bytes */
    uint64_t lost;          /* events that could not be kept */
    bool failed;            /* memory ran out while it was filled */
};

void snapshot_init(struct snapshot *snapshot, struct mem *mem);
void snapshot_finish(struct snapshot *snapshot);

/* Appends a sample with a copy of its stack and zero values, and returns it for the caller to fill, valid until the
 * next snapshot_add; NULL on exhaustion (then failed is set). */
struct snapshot_sample *snapshot_add(struct snapshot *snapshot, const uint64_t *pcs, uint32_t npcs);

#endif
