/* Shares of a profile's stacks for several threads: as even as whole stacks allow. */
#ifndef SONDE_REPORT_SHARE_H
#define SONDE_REPORT_SHARE_H

#include "profile/profile.h"

/* How many shares are worth having: one a processor, but a single one where there is little to do. */
unsigned shares_of(const struct profile *profile);

/* The stack behind the last one of a share; the next share begins there. */
uint32_t share_end(const struct profile *profile, unsigned share, unsigned nshares);

#endif
