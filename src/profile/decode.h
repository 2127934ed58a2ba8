/* From the bytes of a profile.proto to the model. */
#ifndef SONDE_PROFILE_DECODE_H
#define SONDE_PROFILE_DECODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/str.h"
#include "profile/profile.h"
#include "wire/relay.h"

/* Reads a profile.proto, gzipped or plain, and checks it as Go's profile.Parse does: every id is unique and known,
 * every sample has a value for each sample type, every line has a function. On success fills `out`, which nothing of
 * `bytes` lives on in; give it back with profile_finish. On failure returns false with the fault set, owning nothing;
 * where the profile was gzipped, the fault's offset counts inflated bytes, unless the gzip stream itself is broken.
 * Takes memory in proportion to the input: nothing is allocated for a count that the input could not hold. */
bool profile_decode(struct str bytes, struct mem *mem, struct profile *out, struct fault *fault);

/* profile_decode of what is not gzipped. */
bool profile_decode_text(struct str text, struct mem *mem, struct profile *out, struct fault *fault);

/* profile_decode_text for a profile that is about to be added to others (merger.h), and to be forgotten: equal strings,
 * and equal stacks, keep ids of their own, and strings stay where they are in the text, which the profile takes over.
 * Only "" is always string 0. On failure the text is as it was. */
bool profile_decode_raw(struct buf *text, struct mem *mem, struct profile *out, struct fault *fault);

/* Reads a profile, of about `likely_size` bytes, as another thread inflates it. False where the profile is not as
 * nearly all are, or not whole: then it is to be read in one piece, which also tells what is wrong. Whether all of it
 * came is to be asked afterwards: a profile may be complete before what it came in is. */
bool profile_decode_relayed(struct relay *relay, uint64_t likely_size, struct mem *mem, struct profile *out);

/* Appends what a gzipped profile inflates to, refusing what is larger than any profile. */
bool profile_inflate(struct str bytes, struct buf *text, struct fault *fault);

/* How much `size` packed bytes may inflate to: what no profile reaches, but a bomb does. */
uint64_t profile_inflated_limit(uint64_t size);

#endif
