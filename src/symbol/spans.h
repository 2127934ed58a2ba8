/* Addresses that ranges are laid over, from the last range to the first: each address is taken by the first that holds
 * it. What is taken is passed over in one step, so that ranges which all hold everything cost no more than others. */
#ifndef SONDE_SYMBOL_SPANS_H
#define SONDE_SYMBOL_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct spans {
    const uint64_t *addresses;
    size_t n;
    size_t *next; /* of each the first at or behind it that is not taken, by way of others */
    struct mem *mem;
};

/* Begins with n addresses, ascending, of which none is taken; they must outlive it. False on exhaustion. */
bool spans_init(struct spans *spans, const uint64_t *addresses, size_t n, struct mem *mem);
void spans_finish(struct spans *spans);

/* The index of the lowest address in [start, start + size) that is not taken yet, and takes it; n where there is none.
 */
size_t spans_take(struct spans *spans, uint64_t start, uint64_t size);

#endif
