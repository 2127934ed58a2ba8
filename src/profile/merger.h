/* Merging of profiles that fit each other (profiles_compatible), one source after the other: what is kept is the sum
 * alone. The rules are those of profile_merge.
 */
#ifndef SONDE_PROFILE_MERGER_H
#define SONDE_PROFILE_MERGER_H

#include <stdbool.h>

#include "profile/profile.h"

struct merger;

/* A merger without sources; NULL on exhaustion. */
struct merger *merger_create(struct mem *mem);
void merger_destroy(struct merger *merger);

/* Adds a source. False on exhaustion, after which only merger_destroy may follow. */
bool merger_add(struct merger *merger, const struct profile *source);

/* The sum's header: sample types, period type and what else does not depend on samples. */
const struct profile *merger_header(const struct merger *merger);

/* Hands the sum over, without the samples that cancelled out, and leaves the merger to be destroyed. False on
 * exhaustion. */
bool merger_take(struct merger *merger, struct profile *out);

#endif
