/* Shares of a profile's stacks for several threads: as even as whole stacks allow. */
#ifndef SONDE_REPORT_SHARE_H
#define SONDE_REPORT_SHARE_H

#include "profile/profile.h"

/* How many shares are worth having: one a processor, but a single one where there is little to do. */
unsigned shares_of(const struct profile *profile);

/* Where a share of n rows begins whose items stand at start[i] .. start[i + 1], so that all shares have about as many
 * items; n for the one behind the last. */
uint32_t share_begin(const uint64_t *start, uint32_t n, unsigned share, unsigned nshares);

/* The stack behind the last one of a share; the next share begins there. */
uint32_t share_end(const struct profile *profile, unsigned share, unsigned nshares);

#endif
