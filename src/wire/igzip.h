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

/* A gzip member that is made in parts, on any threads: a header, the parts in their order, and a trailer. */
struct igzip_part {
    uint64_t size; /* bytes that went in */
    uint32_t crc;
};

/* Appends the header, with the time stamp 0. */
void igzip_put_header(struct buf *out);

/* What igzip_deflate_part works with, in one block of the caller's. */
size_t igzip_deflate_scratch(void);

/* Appends a part of the member; the last one is told apart. False on exhaustion, with nothing appended. */
bool igzip_deflate_part(const struct igzip *igzip, struct str bytes, bool is_last, void *scratch, struct buf *out,
                        struct igzip_part *part);

/* Puts a part behind those that *whole (at first of zeroed bytes) stands for. */
void igzip_join(struct igzip_part *whole, const struct igzip_part *part);

/* Appends the trailer, behind the last part. */
void igzip_put_trailer(const struct igzip_part *whole, struct buf *out);

#endif
