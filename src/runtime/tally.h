/* A snapshot made ready for writing: samples with the same stack (and, in heap profiles, blocks of the same size) are
 * one row, and every program counter is a return address, as in Go: an interrupted leaf is raised by one, and what
 * marks a stack that was cut short or events that were lost has an address of its own. */
#ifndef SONDE_RUNTIME_TALLY_H
#define SONDE_RUNTIME_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "runtime/snapshot.h"

/* What stands in a stack in place of a return address: no program has code there. */
enum { tally_lost = 2, tally_cut = 3, tally_marks_end };

struct tally_row {
    size_t pcs;    /* index of the first */
    uint32_t npcs; /* leaf first */
    uint32_t next; /* another row whose stack has the same hash, plus 1; 0 for none */
    int64_t values[snapshot_values];
    int64_t block_size;
};

struct tally {
    struct mem *mem;
    VEC(uint64_t) pcs;
    VEC(struct tally_row) rows; /* in the order in which they came */
    struct map by_hash;
    bool failed; /* memory ran out: the tally is not whole */
};

void tally_init(struct tally *tally, struct mem *mem);
void tally_finish(struct tally *tally);

/* Adds every sample of a snapshot, its values times `sign`, and a row for what it lost (values 1 and the period times
 * the count, as a CPU profile's). */
void tally_add(struct tally *tally, const struct snapshot *snapshot, int64_t sign);

/* Turns the values of sampled blocks into estimates for all blocks, as Go's scaleHeapSample does: a block of S bytes is
 * sampled with probability 1 - exp(-S / rate). Rates of 1 and less leave them alone. */
void tally_unbias(struct tally *tally, int64_t rate);

/* Adds the rows of another tally, their values times sign. */
void tally_merge(struct tally *tally, const struct tally *other, int64_t sign);

/* Drops rows whose values are all 0. */
void tally_drop_zeros(struct tally *tally);

/* Puts the rows into an order; rows that are equal in it keep the order in which they came. Takes no memory. */
typedef int tally_order(const struct tally *tally, const struct tally_row *a, const struct tally_row *b);
void tally_sort(struct tally *tally, tally_order *order);

static inline const uint64_t *tally_stack(const struct tally *tally, const struct tally_row *row)
{
    return tally->pcs.at + row->pcs;
}

#endif
