/* Labels as frames: -tagroot and -tagleaf. */
#ifndef SONDE_PROFILE_TAG_FRAMES_H
#define SONDE_PROFILE_TAG_FRAMES_H

#include <stdbool.h>

#include "profile/profile.h"

/* Adds to every sample a frame for each label key in root_keys (lists separated by ','), the first key outermost, and
 * one for each in leaf_keys, the last key innermost. The frame's function is named by the sample's values of the key,
 * separated by ',' (numbers in `unit`), and its file by the key. Says whether any sample had values of any root key,
 * and of any leaf key. False on exhaustion, with the profile partly changed. */
bool profile_add_tag_frames(struct profile *profile, struct str root_keys, struct str leaf_keys, struct str unit,
                            bool *roots_matched, bool *leaves_matched);

#endif
