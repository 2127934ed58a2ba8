/* One profile out of several. */
#ifndef SONDE_PROFILE_MERGE_H
#define SONDE_PROFILE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "profile/profile.h"

struct merger;

/* Merges profiles into `out`, as Go's profile.Merge does. Samples with equal locations and labels are added up, samples
 * of zeros are dropped. Locations are the same where address within the mapping, lines and folding are; mappings where
 * size (in pages), offset and build id or file are; functions where names, file and start line are. All that no sample
 * uses is dropped, and ids are given anew, in the order of first use. False with a line appended to error where the
 * profiles do not fit each other, or memory runs out. */
bool profile_merge(const struct profile *profiles, size_t n, struct mem *mem, struct profile *out, struct buf *error);

/* What pprof does with the profiles of one or more sources: keeps the sample types that all have, unifies units, and
 * merges; a single one stays as it is. Takes the profiles over, also on failure. n is at least 1. */
bool profile_combine(struct profile *profiles, size_t n, struct profile *out, struct buf *error);

/* The same for profiles that come one after the other, of which there may be thousands: what is kept is their sum.
 * Zero-initialize with the mem set. */
struct profile_sum {
    struct mem *mem;
    size_t n;              /* profiles added so far */
    struct profile only;   /* owned, where there is no merger */
    struct merger *merger; /* from the second profile on */
};

/* Whether a profile has the types that those added so far have. If not, all of them must be combined at once: which
 * samples are there, and in which order, depends on the types that all have in common. */
bool profile_sum_fits(const struct profile_sum *sum, const struct profile *profile);

/* Adds a profile that fits, which is taken over. On failure a line is appended to error, and only profile_sum_finish
 * may follow. */
bool profile_sum_add(struct profile_sum *sum, struct profile *profile, struct buf *error);

/* Hands over what profile_combine makes of the profiles added, of which there is at least one, and leaves the sum
 * empty. On failure a line is appended to error. */
bool profile_sum_take(struct profile_sum *sum, struct profile *out, struct buf *error);

void profile_sum_finish(struct profile_sum *sum);

/* Subtracts a base from a profile (-base). With is_diff_base, the base's samples stay apart under the label
 * pprof::base=true and percentages are of the base (-diff_base); with normalize, the profile is scaled to the base's
 * sums first. The base is taken over. On failure both are taken over, and a line is appended to error. */
bool profile_subtract(struct profile *profile, struct profile *base, bool is_diff_base, bool normalize,
                      struct buf *error);

/* Gives a profile without mappings one that covers nothing, and puts all locations in it, as pprof does with every
 * profile that it reads. False on exhaustion, with nothing done. */
bool profile_ensure_mapping(struct profile *profile);

#endif
