/* A request's body that comes in chunks (RFC 9112, section 7.1), decoded piece by piece and in place. */
#ifndef SONDE_HTTP_BODY_H
#define SONDE_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "http/request.h"

/* Where the decoder stands. Zero-initialize for a new body. */
struct http_chunks {
    uint8_t state;
    uint32_t line; /* bytes of the size line or of the trailer so far */
    uint64_t left; /* bytes of the current chunk that have not come yet */
};

/* Decodes *size more bytes of a body: moves its content to the front of bytes, stores how much that is in *size and how
 * many of the bytes belonged to the body in *eaten (all of them, unless done). On refused the body is not well-formed.
 */
enum http_parse http_chunks_decode(struct http_chunks *chunks, char *bytes, size_t *size, size_t *eaten);

#endif
