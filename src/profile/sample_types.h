/* The kinds of values in a profile: finding one, and making those of several profiles fit each other. */
#ifndef SONDE_PROFILE_SAMPLE_TYPES_H
#define SONDE_PROFILE_SAMPLE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "profile/profile.h"

/* The index of the sample type that -sample_index names: a number, a type (with or without its "inuse_"), or "" for the
 * profile's default, which is its last one unless it says otherwise. False with a line appended to error where there is
 * no such. */
bool profile_find_sample_type(const struct profile *profile, struct str name, uint32_t *index, struct buf *error);

/* Keeps in each profile the sample types that all have, by name and in the first one's order. False with a line
 * appended to error where there is none, or memory runs out; the profiles are valid but perhaps changed then. */
bool profiles_keep_common_types(struct profile *profiles, size_t n, struct buf *error);

/* Scales profiles that have the same sample types to the finest unit that any has for each, also the period's. False
 * with a line appended to error where units do not fit each other, or memory runs out. */
bool profiles_unify_units(struct profile *profiles, size_t n, struct buf *error);

/* Whether profiles can be merged: the same period type and sample types. False with a line appended to error. */
bool profiles_compatible(const struct profile *a, const struct profile *b, struct buf *error);

#endif
