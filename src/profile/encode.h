/* From the model to the bytes of a profile.proto. */
#ifndef SONDE_PROFILE_ENCODE_H
#define SONDE_PROFILE_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "profile/profile.h"

/* Appends the profile as a profile.proto, not gzipped: byte for byte what Go's profile package writes for it (order of
 * the string table, packed fields, fields left out). False on exhaustion; what was in `out` before is as it was. */
bool profile_encode(const struct profile *profile, struct buf *out);

#endif
