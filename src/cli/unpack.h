/* Undoes the compression of an input, which its first bytes tell: gzip, and zstd by a library that is loaded when the
 * first such input comes. */
#ifndef SONDE_CLI_UNPACK_H
#define SONDE_CLI_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Whether the bytes begin as a stream of gzip, or as one of zstd. */
bool unpack_is_gzip(struct str bytes);
bool unpack_is_zstd(struct str bytes);

/* Appends what is in all members or frames of a stream of either kind to out, which is left as it was on failure. Never
 * yields more than `limit` bytes, and takes memory only as it fills it. False with a message without a line's end in
 * `why` on a broken stream, one that is too large, exhaustion, or where the library is missing. */
bool unpack(struct str bytes, uint64_t limit, struct buf *out, struct buf *why);

#endif
