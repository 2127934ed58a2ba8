/* From the model to the bytes of a profile.proto. */
#ifndef SONDE_PROFILE_ENCODE_H
#define SONDE_PROFILE_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "profile/profile.h"

/* Appends the profile as a profile.proto, not gzipped: byte for byte what Go's profile package writes for it (order of
 * the string table, packed fields, fields left out). False on exhaustion; what was in `out` before is as it was. */
bool profile_encode(const struct profile *profile, struct buf *out);

/* The same in pieces of about profile_piece_size bytes, which follow each other and may be made at the same time. Where
 * they begin depends on the profile alone. */
enum { profile_piece_size = 1 << 20 };
struct profile_encoding;

/* Prepares for a profile that stays as it is; NULL on exhaustion. */
struct profile_encoding *profile_encoding_create(const struct profile *profile);
void profile_encoding_destroy(struct profile_encoding *encoding);

/* How many pieces there are, at least one, and about how many bytes they make. */
size_t profile_encoding_pieces(const struct profile_encoding *encoding);
uint64_t profile_encoding_likely_size(const struct profile_encoding *encoding);

/* Appends a piece; any thread may call it. False on exhaustion. */
bool profile_encoding_put(const struct profile_encoding *encoding, size_t piece, struct buf *out);

#endif
