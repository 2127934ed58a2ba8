/* Multiplying the values of a profile. */
#ifndef SONDE_PROFILE_SCALE_H
#define SONDE_PROFILE_SCALE_H

#include <stdbool.h>

#include "profile/profile.h"

/* Multiplies the values of each sample type by its own ratio, rounding to the nearest integer, and drops the samples in
 * which no scaled value is left that is not 0. Ratios of 1 leave their values alone and do not count for that; where
 * all are 1, nothing happens. (As Profile.ScaleN, also in that the sum of what is left may differ.) */
void profile_scale_each(struct profile *profile, const double *ratios);

/* profile_scale_each with the same ratio for all sample types. False on exhaustion, with nothing done. */
bool profile_scale(struct profile *profile, double ratio);

/* Scales a profile so that the sum of each sample type becomes that of `base`, which has the same sample types; to 0
 * where the profile's is 0. False on exhaustion, with nothing done. */
bool profile_normalize(struct profile *profile, const struct profile *base);

#endif
