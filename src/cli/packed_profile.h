/* Writing a profile gzipped. A large one is never held as bytes: pieces of it are encoded, deflated and written on all
 * processors, so that memory is that of a few pieces. */
#ifndef SONDE_CLI_PACKED_PROFILE_H
#define SONDE_CLI_PACKED_PROFILE_H

#include <stdbool.h>

#include "cli/output.h"
#include "profile/profile.h"

/* Writes a profile; the bytes depend on it alone. False on exhaustion, perhaps with a part of it written. */
bool packed_profile_write(const struct profile *profile, struct output *output);

/* Writes bytes gzipped, in one piece. False on exhaustion. */
bool packed_bytes_write(struct str bytes, struct mem *mem, struct output *output);

#endif
