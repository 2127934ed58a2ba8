/* gzip of much, by Intel's ISA-L, a library that is loaded when there is much: it inflates piece by piece, so that
 * another thread reads along, and it deflates three times as fast as libdeflate's fastest level to nearly the same
 * size. What it makes and reads is plain gzip, and whoever finds it missing has gzip.h. */
#ifndef SONDE_WIRE_IGZIP_H
#define SONDE_WIRE_IGZIP_H

#include <stdbool.h>

#include "base/buf.h"
#include "wire/relay.h"

struct inflate_state;
struct isal_zstream;

/* The library, loaded. */
struct igzip {
    void *library;
    void (*inflate_init)(struct inflate_state *state);
    void (*inflate_reset)(struct inflate_state *state);
    int (*inflate)(struct inflate_state *state);
    void (*deflate_init)(struct isal_zstream *stream);
    int (*deflate)(struct isal_zstream *stream);
};

/* Loads it; false where it is not installed. */
bool igzip_open(struct igzip *igzip);
void igzip_close(struct igzip *igzip);

/* What igzip_inflate works with, in one block of the caller's, so that it allocates nothing. */
size_t igzip_inflate_scratch(void);

/* Inflates all members of a gzip stream, of at most `limit` bytes, into a relay and ends it. True where the stream was
 * whole and valid, and the reader took it all; why it was not gzip_inflate knows. */
bool igzip_inflate(const struct igzip *igzip, struct str bytes, uint64_t limit, struct relay *to, void *scratch);

/* Appends one gzip member with the bytes, its time stamp 0, of which parts are made at the same time where there are
 * processors for them; the bytes depend on how many. False on exhaustion. */
bool igzip_deflate(const struct igzip *igzip, struct str bytes, struct buf *out);

#endif
