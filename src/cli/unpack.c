#include "cli/unpack.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cursor.h"
#include "wire/gzip.h"

#define ZSTD_FUNCTIONS(X)                                                                                              \
    X(ZSTD_createDCtx)                                                                                                 \
    X(ZSTD_freeDCtx)                                                                                                   \
    X(ZSTD_DCtx_setParameter)                                                                                          \
    X(ZSTD_decompressStream)                                                                                           \
    X(ZSTD_getFrameContentSize)                                                                                        \
    X(ZSTD_isError)                                                                                                    \
    X(ZSTD_getErrorCode)                                                                                               \
    X(ZSTD_getErrorName)

struct zstd_library {
#define MEMBER(name) __typeof__ (&(name))(name);
    ZSTD_FUNCTIONS(MEMBER)
#undef MEMBER
};

enum {
    largest_window_log = 31, /* what `zstd --ultra --long=31` writes; the library's own default is 27 */
    likely_ratio = 64,       /* a frame that claims more is given room as it fills it */
    room_step = 1 << 16,
};

static bool load_library(struct zstd_library *zstd, struct buf *why)
{
    void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        buf_printf(why, "it is compressed with zstd, which needs Debian's package libzstd1: %s", dlerror());
        return false;
    }
#define RESOLVE(name)                                                                                                  \
    {                                                                                                                  \
        void *found = dlsym(library, #name);                                                                           \
        if (!found) {                                                                                                  \
            buf_printf(why, "zstd needs a newer libzstd1: %s", dlerror());                                             \
            return false;                                                                                              \
        }                                                                                                              \
        memcpy(&zstd->name, &found, sizeof found);                                                                     \
    }
    ZSTD_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return true;
}

bool unpack_is_gzip(struct str bytes)
{
    return gzip_is(bytes);
}

/* A frame, or one to be skipped, with which some writers begin. */
bool unpack_is_zstd(struct str bytes)
{
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    uint32_t magic = cursor_u32le(&c);
    return cursor_ok(&c) &&
           (magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START);
}

static bool complain(struct buf *why, const char *format, uint64_t offset, const char *expected)
{
    buf_printf(why, "broken %s at byte %" PRIu64 ": expected %s", format, offset, expected);
    return false;
}

/* One run of the decoder: all frames of a stream into a buffer. */
struct unzstd {
    const struct zstd_library *zstd;
    ZSTD_DCtx *decoder;
    ZSTD_inBuffer in;
    uint64_t left; /* bytes that may still come out */
    bool in_frame;
    struct buf *out, *why;
};

/* How much room to offer: the whole of a frame that begins and says what it holds, so that the decoder writes it there
 * at once; else about as much again as there is. */
static uint64_t room_for(const struct unzstd *run)
{
    uint64_t room = run->out->n > room_step ? run->out->n : room_step;
    uint64_t packed = run->in.size - run->in.pos;
    if (!run->in_frame) {
        uint64_t claimed = run->zstd->ZSTD_getFrameContentSize((const char *)run->in.src + run->in.pos, packed);
        if (claimed / likely_ratio <= packed && claimed > 0)
            room = claimed;
    }
    return room < run->left ? room : run->left;
}

static bool explain(struct unzstd *run, size_t result)
{
    ZSTD_ErrorCode code = run->zstd->ZSTD_getErrorCode(result);
    if (code == ZSTD_error_memory_allocation)
        return complain(run->why, "zstd", run->in.pos, "enough memory to inflate it");
    buf_printf(run->why, "broken zstd at byte %" PRIu64 ": %s", (uint64_t)run->in.pos,
               run->zstd->ZSTD_getErrorName(result));
    return false;
}

/* Decodes into the room that there is now; false with the reason where it cannot go on. */
static bool step(struct unzstd *run)
{
    uint64_t room = room_for(run);
    char *to = buf_reserve(run->out, room > 0 ? room : 1);
    if (!to)
        return complain(run->why, "zstd", run->in.pos, "enough memory to inflate it");
    ZSTD_outBuffer out = {to, room, 0};
    size_t before = run->in.pos;
    size_t result = run->zstd->ZSTD_decompressStream(run->decoder, &out, &run->in);
    if (run->zstd->ZSTD_isError(result))
        return explain(run, result);
    run->out->n += out.pos;
    run->left -= out.pos;
    run->in_frame = result != 0;
    if (out.pos > 0 || run->in.pos > before || !run->in_frame)
        return true;
    return complain(run->why, "zstd", run->in.pos,
                    room == 0 ? "fewer inflated bytes than the limit" : "a complete zstd stream");
}

static bool decode_frames(struct unzstd *run)
{
    bool good = true;
    do
        good = step(run);
    while (good && (run->in_frame || run->in.pos < run->in.size));
    return good;
}

static bool inflate_zstd(struct str bytes, uint64_t limit, struct buf *out, struct buf *why)
{
    struct zstd_library zstd;
    if (!load_library(&zstd, why))
        return false;
    struct unzstd run = {.zstd = &zstd,
                         .decoder = zstd.ZSTD_createDCtx(),
                         .in = {bytes.p, bytes.n, 0},
                         .left = limit,
                         .out = out,
                         .why = why};
    if (!run.decoder)
        return complain(why, "zstd", 0, "enough memory to inflate it");
    size_t before = out->n;
    zstd.ZSTD_DCtx_setParameter(run.decoder, ZSTD_d_windowLogMax, largest_window_log);
    bool good = decode_frames(&run);
    zstd.ZSTD_freeDCtx(run.decoder);
    if (!good)
        out->n = before;
    return good;
}

bool unpack(struct str bytes, uint64_t limit, struct buf *out, struct buf *why)
{
    struct fault fault = {0};
    if (unpack_is_zstd(bytes))
        return inflate_zstd(bytes, limit, out, why);
    return gzip_inflate(bytes, limit, out, &fault) || complain(why, "gzip", fault.offset, fault.expected);
}
