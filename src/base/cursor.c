#include "base/cursor.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

#ifndef __SSE2__
/* One bit a byte: its top bit. */
static unsigned top_bits(uint64_t bytes)
{
    return (unsigned)((bytes & 0x8080808080808080u) * 0x0002040810204081u >> 56);
}
#endif

/* Puts the 7-bit groups of a varint of at most 4 bytes together; bytes behind it in `bytes` are passed over. */
static uint32_t join_groups(const uint8_t *p, unsigned length)
{
    uint32_t bytes;
    memcpy(&bytes, p, 4);
    bytes &= UINT32_MAX >> (32 - 8 * length);
    return (bytes & 0x7f) | (bytes >> 1 & 0x3f80) | (bytes >> 2 & 0x1fc000) | (bytes >> 3 & 0xfe00000);
}

/* The same of sixteen bytes. */
static unsigned top_bits_of_16(const uint8_t *p)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));
#else
    uint64_t low, high;
    memcpy(&low, p, 8);
    memcpy(&high, p + 8, 8);
    return top_bits(low) | top_bits(high) << 8;
#endif
}

/* The bytes among sixteen that end a varint, as bits; 0 where a varint of more than four bytes may be among them. */
static inline unsigned varint_ends(const uint8_t *p)
{
    unsigned more = top_bits_of_16(p);
    return (more & more >> 1 & more >> 2 & more >> 3) != 0 ? 0 : ~more & 0xffff;
}

/* Reads `count` varints whose ends are known and returns their length together. */
static unsigned join_varints(const uint8_t *p, unsigned ends, int count, uint32_t *out)
{
    unsigned begin = 0;
    for (int i = 0; i < count; i++, ends &= ends - 1) {
        unsigned end = (unsigned)__builtin_ctz(ends) + 1;
        out[i] = join_groups(p + begin, end - begin);
        begin = end;
    }
    return begin;
}

#ifdef __SSE2__
/* The four bytes where a varint begins; moves *begin behind it, to the next one of the ends. */
static inline __m128i next_bytes(const uint8_t *p, unsigned *ends, unsigned *begin)
{
    __m128i bytes = _mm_loadu_si32(p + *begin);
    *begin = (unsigned)__builtin_ctz(*ends) + 1;
    *ends &= *ends - 1;
    return bytes;
}
#endif

/* Reads four varints whose ends are known, and takes them together: whatever is behind a varint in its four bytes has
 * no bit in the mask that its end makes. */
static unsigned join_four(const uint8_t *p, unsigned ends, uint32_t *out)
{
#ifdef __SSE2__
    unsigned begin = 0;
    __m128i a = next_bytes(p, &ends, &begin), b = next_bytes(p, &ends, &begin), c = next_bytes(p, &ends, &begin),
            d = next_bytes(p, &ends, &begin);
    __m128i words = _mm_unpacklo_epi64(_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d));
    __m128i last = _mm_andnot_si128(words, _mm_set1_epi32((int)0x80808080));
    __m128i mask = _mm_xor_si128(last, _mm_sub_epi32(last, _mm_set1_epi32(1)));
    words = _mm_and_si128(words, _mm_and_si128(mask, _mm_set1_epi32(0x7f7f7f7f)));
    words = _mm_or_si128(_mm_and_si128(words, _mm_set1_epi32(0x007f007f)),
                         _mm_srli_epi32(_mm_and_si128(words, _mm_set1_epi32(0x7f007f00)), 1));
    words = _mm_or_si128(_mm_and_si128(words, _mm_set1_epi32(0x3fff)),
                         _mm_srli_epi32(_mm_and_si128(words, _mm_set1_epi32(0x3fff0000)), 2));
    _mm_storeu_si128((__m128i *)(void *)out, words);
    return begin;
#else
    return join_varints(p, ends, 4, out);
#endif
}

/* Reads the varints of a run's last bytes, fewer than sixteen, and returns how many they are: 0 where they need a
 * closer look. */
static int tail_varints(const uint8_t *p, size_t size, uint32_t *out)
{
    uint8_t padded[20] = {0};
    memcpy(padded, p, size);
    unsigned ends = varint_ends(padded) & ((1u << size) - 1);
    if (ends == 0 || padded[size - 1] >= 0x80)
        return 0;
    int count = __builtin_popcount(ends);
    join_varints(padded, ends, count, out);
    return count;
}

/* Sixteen bytes are looked at together. Where varints end is a mask of their top bits, so that the way to the next
 * bytes does not wait for the values; as long as no varint is longer than four bytes, sixteen hold at least four, and
 * taking always four makes the loop free of branches that the processor could guess wrong. */
size_t cursor_varints_u32(struct cursor *c, uint32_t *out)
{
    size_t n = 0;
    while (c->p < c->end) {
        size_t left = cursor_left(c);
        unsigned ends = left >= 16 ? varint_ends(c->p) : 0;
        if (ends != 0) {
            c->p += join_four(c->p, ends, out + n);
            n += 4;
            continue;
        }
        int tail = left < 16 ? tail_varints(c->p, left, out + n) : 0;
        if (tail > 0) {
            c->p = c->end;
            return n + (size_t)tail;
        }
        uint64_t value = cursor_varint(c);
        if (!cursor_ok(c))
            return 0;
        out[n++] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
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
