#include "base/cursor.h"

#include <string.h>

void cursor_fail_at(struct cursor *c, uint64_t offset, const char *expected)
{
    if (cursor_ok(c))
        c->fault = (struct fault){expected, offset};
    c->end = c->p;
}

void cursor_fail(struct cursor *c, const char *expected)
{
    cursor_fail_at(c, cursor_offset(c), expected);
}

struct str cursor_bytes(struct cursor *c, uint64_t size)
{
    if (size > cursor_left(c)) {
        cursor_fail(c, "more bytes than are left");
        return (struct str){0};
    }
    struct str bytes = {(const char *)c->p, (size_t)size};
    c->p += size;
    return bytes;
}

/* Copies the next size bytes to out, or zeroes it. */
static void fixed(struct cursor *c, void *out, size_t size)
{
    struct str bytes = cursor_bytes(c, size);
    if (bytes.n == size)
        memcpy(out, bytes.p, size);
    else
        memset(out, 0, size);
}

uint8_t cursor_u8(struct cursor *c)
{
    uint8_t value;
    fixed(c, &value, sizeof value);
    return value;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the fixed-width readers assume a little-endian machine");

uint16_t cursor_u16le(struct cursor *c)
{
    uint16_t value;
    fixed(c, &value, sizeof value);
    return value;
}

uint32_t cursor_u32le(struct cursor *c)
{
    uint32_t value;
    fixed(c, &value, sizeof value);
    return value;
}

uint64_t cursor_u64le(struct cursor *c)
{
    uint64_t value;
    fixed(c, &value, sizeof value);
    return value;
}

uint32_t cursor_u32be(struct cursor *c)
{
    return __builtin_bswap32(cursor_u32le(c));
}

uint64_t cursor_u64be(struct cursor *c)
{
    return __builtin_bswap64(cursor_u64le(c));
}

uint64_t cursor_varint_slow(struct cursor *c)
{
    uint64_t value = 0;
    const uint8_t *p = c->p;
    for (unsigned shift = 0; shift < 64; shift += 7, p++) {
        if (p == c->end) {
            cursor_fail(c, "the rest of a varint");
            return 0;
        }
        value |= (uint64_t)(*p & 0x7f) << shift;
        if (*p < 0x80) {
            if (shift == 63 && *p > 1)
                break;
            c->p = p + 1;
            return value;
        }
    }
    cursor_fail(c, "a varint of at most 64 bits");
    return 0;
}

/* Puts the 7-bit groups of a varint of at most 8 bytes together; UINT32_MAX where they are too many bits. */
static uint32_t join_groups(uint64_t bytes)
{
    uint64_t value = (bytes & 0x7f) | (bytes >> 1 & 0x3f80) | (bytes >> 2 & 0x1fc000) | (bytes >> 3 & 0xfe00000) |
                     (bytes >> 4 & 0x7f0000000);
    return value > UINT32_MAX || (bytes & 0x7f7f7f0000000000) != 0 ? UINT32_MAX : (uint32_t)value;
}

/* Eight bytes are looked at together: where varints end is a mask of their top bits, so that the way to the next eight
 * bytes does not wait for the values. */
size_t cursor_varints_u32(struct cursor *c, uint32_t *out)
{
    const uint64_t tops = 0x8080808080808080u;
    size_t n = 0;
    while (c->p < c->end) {
        uint64_t bytes, ends = 0;
        if (c->end - c->p >= 8) {
            memcpy(&bytes, c->p, 8);
            ends = ~bytes & tops;
        }
        if (ends == 0) {
            uint64_t value = cursor_varint(c);
            if (!cursor_ok(c))
                return 0;
            out[n++] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
            continue;
        }
        c->p += (63 - (unsigned)__builtin_clzll(ends)) / 8 + 1;
        for (unsigned begin = 0; ends != 0; ends &= ends - 1) {
            unsigned end = (unsigned)__builtin_ctzll(ends) + 1;
            out[n++] = join_groups(bytes << (64 - end) >> (64 - end) >> begin);
            begin = end;
        }
    }
    return n;
}

int64_t cursor_sleb128(struct cursor *c)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = cursor_u8(c);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
}

struct str cursor_c_string(struct cursor *c)
{
    const uint8_t *nul = cursor_left(c) == 0 ? NULL : memchr(c->p, 0, cursor_left(c));
    if (!nul) {
        cursor_fail(c, "a NUL-terminated string");
        return (struct str){0};
    }
    struct str s = cursor_bytes(c, (uint64_t)(nul - c->p));
    c->p++;
    return s;
}

struct cursor cursor_sub(struct cursor *c, uint64_t size)
{
    struct cursor sub = *c;
    struct str bytes = cursor_bytes(c, size);
    if (!cursor_ok(c)) {
        sub = *c;
        return sub;
    }
    sub.end = sub.p + bytes.n;
    return sub;
}

void cursor_adopt(struct cursor *c, const struct cursor *sub)
{
    if (!cursor_ok(sub))
        cursor_fail_at(c, sub->fault.offset, sub->fault.expected);
}
