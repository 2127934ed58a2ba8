/* Taking samples, frames and lines out of a profile's columns. Everything here works in place, keeps the order, and
 * cannot fail but where it says so. */
#ifndef SONDE_PROFILE_EDIT_H
#define SONDE_PROFILE_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"

/* Keeps the lines whose byte in keep (one a line of the profile) is not 0. */
void profile_keep_lines(struct profile *profile, const uint8_t *keep);

/* Edits one stack: moves the frames to keep to the front and sets *n to their count, or returns false to drop every
 * sample that has the stack. */
typedef bool stack_edit(void *context, uint32_t *frames, uint64_t *n);

/* Edits every stack, and drops the samples whose stack is dropped. False on exhaustion, with nothing done. */
bool profile_edit_stacks(struct profile *profile, stack_edit *edit, void *context);

/* Keeps the samples for which `keep` answers true; it may have side effects and is asked once a sample, in order. */
void profile_keep_samples(struct profile *profile, bool (*keep)(void *context, uint32_t sample), void *context);

/* Keeps the labels for which `keep` answers true. */
void profile_keep_labels(struct profile *profile, bool (*keep)(void *context, const struct profile_label *label),
                         void *context);

/* Forgets the stacks that no sample has any more, so that reports need not look at them. False on exhaustion, with
 * nothing done. */
bool profile_drop_unused_stacks(struct profile *profile);

#endif
