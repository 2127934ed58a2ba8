/* The one reader of untrusted bytes: bounds are checked here and nowhere else. The first thing that goes wrong is kept
 * with its offset and what was expected; from then on every read yields zero and moves nothing, so that a decoder
 * checks once, at the end of what it decodes. */
#ifndef SONDE_BASE_CURSOR_H
#define SONDE_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* What was wrong with an input, and where. */
struct fault {
    const char *expected; /* a string literal: "expected <this>"; NULL while nothing is wrong */
    uint64_t offset;      /* bytes from the start of the input */
};

struct cursor {
    const uint8_t *p, *end;
    uint64_t base; /* offset in the input of the byte `origin` */
    const uint8_t *origin;
    struct fault fault;
};

/* A cursor over size bytes, whose first is at offset `base` of the input. Does not copy. `bytes` may be NULL where size
 * is 0: the cursor then stands on no bytes of its own, since C adds nothing to NULL, not even 0. */
static inline struct cursor cursor_over(const void *bytes, size_t size, uint64_t base)
{
    const uint8_t *p = bytes ? bytes : (const void *)"";
    return (struct cursor){.p = p, .end = p + size, .base = base, .origin = p};
}

static inline bool cursor_ok(const struct cursor *c)
{
    return c->fault.expected == NULL;
}

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

/* The offset in the input of the next byte. */
static inline uint64_t cursor_offset(const struct cursor *c)
{
    return c->base + (uint64_t)(c->p - c->origin);
}

/* Records that something was wrong at the current offset, unless something already was, and stops the cursor there:
 * nothing is left to read. `expected` is a string literal. */
void cursor_fail(struct cursor *c, const char *expected);

/* As cursor_fail, at a given offset of the input. */
void cursor_fail_at(struct cursor *c, uint64_t offset, const char *expected);

/* Fixed-width little-endian and big-endian numbers. */
static inline uint8_t cursor_u8(struct cursor *c)
{
    if (c->p < c->end)
        return *c->p++;
    cursor_fail(c, "more bytes than are left");
    return 0;
}

uint16_t cursor_u16le(struct cursor *c);
uint32_t cursor_u32le(struct cursor *c);
uint64_t cursor_u64le(struct cursor *c);
uint32_t cursor_u32be(struct cursor *c);
uint64_t cursor_u64be(struct cursor *c);

/* Base-128 numbers: unsigned (protobuf, LEB128, Go traces; at most 10 bytes that fit 64 bits) and signed LEB128. */
uint64_t cursor_varint_slow(struct cursor *c);
int64_t cursor_sleb128(struct cursor *c);

static inline uint64_t cursor_varint(struct cursor *c)
{
    if (c->p < c->end && *c->p < 0x80)
        return *c->p++;
    return cursor_varint_slow(c);
}

/* Reads every varint that is left into out, which has room for cursor_left numbers, and returns how many they are. One
 * beyond 32 bits comes out as UINT32_MAX. Fails as cursor_varint does. For long packed runs: some five times faster
 * than one by one. */
size_t cursor_varints_u32(struct cursor *c, uint32_t *out);

/* The number of a varint that ends within eight bytes: `ends` has the top bits of those that end one. */
static inline uint64_t varint_join(uint64_t word, uint64_t ends)
{
    word &= (ends ^ (ends - 1)) & 0x7f7f7f7f7f7f7f7fu;
    /* Close the gaps between 7, 14 and 28 bits. */
    word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
    word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
    return (word & 0x0fffffffu) | (word & 0x0fffffff00000000u) >> 4;
}

/* Reads a varint of at most eight bytes where that many are known to be left, and returns where it ends; NULL where it
 * is longer. For records of several numbers whose room was checked as a whole: it takes as long whatever the number
 * is, since there is no branch to be guessed. */
static inline const uint8_t *varint_of_8(const uint8_t *p, uint64_t *value)
{
    uint64_t word, ends;
    memcpy(&word, p, sizeof word);
    ends = ~word & 0x8080808080808080u;
    *value = varint_join(word, ends);
    return ends ? p + (__builtin_ctzll(ends) >> 3) + 1 : NULL;
}

/* The next size bytes, not copied; an empty str where fewer are left. */
struct str cursor_bytes(struct cursor *c, uint64_t size);

/* The bytes up to the next NUL, which is passed over; an empty str where there is none. */
struct str cursor_c_string(struct cursor *c);

/* A cursor over the next size bytes, with offsets of the same input; this cursor moves behind them. Where fewer are
 * left, this cursor fails and the one returned has failed too. */
struct cursor cursor_sub(struct cursor *c, uint64_t size);

/* Carries a fault of a sub-cursor over to this one. */
void cursor_adopt(struct cursor *c, const struct cursor *sub);

#endif
