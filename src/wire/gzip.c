#include "wire/gzip.h"

#include <libdeflate.h>

/* Deflate cannot expand by more than this (a 258-byte match in two bits), so a claimed size beyond it is a lie. */
enum { ratio_largest = 1032, size_smallest = 4096, member_smallest = 18 };

bool gzip_is(struct str bytes)
{
    return bytes.n >= 2 && (uint8_t)bytes.p[0] == 0x1f && (uint8_t)bytes.p[1] == 0x8b;
}

static bool fail(struct fault *fault, uint64_t offset, const char *expected)
{
    *fault = (struct fault){expected, offset};
    return false;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A first guess at a member's size: what the stream's last four bytes claim, where that is possible. */
static uint64_t first_guess(struct str bytes, uint64_t most)
{
    struct cursor tail = cursor_over(bytes.p + bytes.n - 4, 4, 0);
    uint64_t claimed = cursor_u32le(&tail);
    return claimed > most || claimed < size_smallest ? smaller(size_smallest, most) : claimed;
}

/* Inflates the member that begins at `at` behind what is in out, with as much room as it turns out to need; moves *at
 * behind it. */
static bool inflate_member(struct libdeflate_decompressor *inflater, struct str bytes, size_t *at, uint64_t limit,
                           struct buf *out, struct fault *fault)
{
    struct str rest = str_skip(bytes, *at);
    if (rest.n < member_smallest || !gzip_is(rest))
        return fail(fault, *at, "a gzip member");
    uint64_t most = smaller(limit - out->n, (uint64_t)rest.n * ratio_largest);
    for (uint64_t room = first_guess(rest, most);; room = smaller(room * 4, most)) {
        size_t eaten, made;
        char *to = buf_reserve(out, room);
        if (!to && out->failed)
            return fail(fault, *at, "enough memory to inflate it");
        switch (libdeflate_gzip_decompress_ex(inflater, rest.p, rest.n, to, room, &eaten, &made)) {
        case LIBDEFLATE_SUCCESS:
            out->n += made;
            *at += eaten;
            return true;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (room < most)
                continue;
            return fail(fault, *at,
                        most < limit - out->n ? "a valid gzip stream" : "fewer inflated bytes than the limit");
        default:
            return fail(fault, *at, "a complete and valid gzip stream");
        }
    }
}

bool gzip_inflate(struct str bytes, uint64_t limit, struct buf *out, struct fault *fault)
{
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    if (!inflater)
        return fail(fault, 0, "enough memory to inflate it");
    size_t before = out->n, at = 0;
    bool ok;
    do
        ok = inflate_member(inflater, bytes, &at, limit + before, out, fault);
    while (ok && at < bytes.n);
    libdeflate_free_decompressor(inflater);
    if (!ok)
        out->n = before;
    return ok;
}

bool gzip_deflate(struct str bytes, int level, struct buf *out)
{
    struct libdeflate_compressor *deflater = libdeflate_alloc_compressor(level);
    if (!deflater)
        return false;
    size_t room = libdeflate_gzip_compress_bound(deflater, bytes.n);
    char *to = buf_reserve(out, room);
    if (to)
        out->n += libdeflate_gzip_compress(deflater, bytes.p, bytes.n, to, room);
    libdeflate_free_compressor(deflater);
    return to != NULL;
}
