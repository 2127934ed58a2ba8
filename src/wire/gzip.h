/* gzip, buffer to buffer. */
#ifndef SONDE_WIRE_GZIP_H
#define SONDE_WIRE_GZIP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

/* Whether the bytes begin as a gzip member does. */
bool gzip_is(struct str bytes);

/* Inflates all members of a gzip stream and appends them to out, which is left as it was on failure. Never yields more
 * than `limit` bytes, and never takes memory that the input could not fill (deflate's ratio is at most 1032).
 * False with the fault set on a broken stream, one that is too large, or exhaustion. */
bool gzip_inflate(struct str bytes, uint64_t limit, struct buf *out, struct fault *fault);

/* Appends one gzip member with the bytes, at a level from 1 (fast) to 12 (small), its time stamp 0. False on
 * exhaustion. */
bool gzip_deflate(struct str bytes, int level, struct buf *out);

#endif
