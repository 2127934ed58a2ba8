/* A growing run of bytes: what writers write into. Failure is sticky, so that a writer checks once, at the end. */
#ifndef SONDE_BASE_BUF_H
#define SONDE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

struct buf {
    struct mem *mem;
    char *p;     /* the bytes written; owned */
    size_t n;    /* how many */
    size_t room; /* size of the block */
    bool failed; /* an allocation failed: what followed was dropped */
};

/* Prepares an empty buffer over mem; allocates nothing. */
void buf_init(struct buf *buf, struct mem *mem);

/* Frees the bytes; the buffer is empty and usable again. */
void buf_finish(struct buf *buf);

/* buf_reserve where there is no room yet. */
char *buf_grow(struct buf *buf, size_t extra);

/* Makes room for `extra` more bytes and returns where they go (buf->p + buf->n); NULL on exhaustion. */
static inline char *buf_reserve(struct buf *buf, size_t extra)
{
    return !buf->failed && extra <= buf->room - buf->n ? buf->p + buf->n : buf_grow(buf, extra);
}

void buf_bytes(struct buf *buf, const void *bytes, size_t size);
void buf_str(struct buf *buf, struct str s);
void buf_byte(struct buf *buf, char byte);

/* Appends `count` times the same byte. */
void buf_fill(struct buf *buf, char byte, size_t count);

/* Appends a number in decimal, or in lower-case hexadecimal without prefix. */
void buf_int(struct buf *buf, int64_t value);
void buf_uint(struct buf *buf, uint64_t value);
void buf_hex(struct buf *buf, uint64_t value);

void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was written, as a string that lives until the buffer changes. */
static inline struct str buf_text(const struct buf *buf)
{
    return (struct str){buf->p, buf->n};
}

#endif
