#include "profile/read.h"

#include "base/parallel.h"
#include "profile/decode.h"
#include "profile/foreign.h"
#include "profile/legacy.h"
#include "profile/perf_data.h"
#include "wire/gzip.h"
#include "wire/igzip.h"

enum { large = 1 << 20 /* gzipped bytes from which on a second thread is worth its start */ };

/* Whether bytes look like a text: then what is wrong with them as a profile.proto says nothing to anybody. */
static bool is_text(struct str bytes)
{
    bytes = str_first(bytes, 512);
    for (size_t i = 0; i < bytes.n; i++) {
        uint8_t c = (uint8_t)bytes.p[i];
        if (c < ' ' && !(c >= '\t' && c <= '\r'))
            return false;
    }
    return true;
}

/* Reads a text that none of the old formats is. */
static bool read_foreign(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    enum foreign_result result = foreign_read(text, mem, out, fault);
    if (result == foreign_other)
        *fault = (struct fault){"a profile in a known format", 0};
    return result == foreign_done;
}

/* Reads a text that no profile.proto is; what is wrong with it as one stays the fault where nothing else knows better.
 */
static bool read_other(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct fault old_fault = {0};
    if (text.n == 0)
        return false;
    switch (legacy_read(text, mem, out, &old_fault)) {
    case legacy_done:
        return true;
    case legacy_broken:
        *fault = old_fault;
        return false;
    default:
        return is_text(text) && read_foreign(text, mem, out, fault);
    }
}

static bool read_text(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    if (perf_data_is(text))
        return perf_data_read(text, mem, out, fault) == foreign_done;
    return profile_decode_text(text, mem, out, fault) || read_other(text, mem, out, fault);
}

/* --- What is gzipped --- */

/* The other thread's part of reading along. */
struct inflating {
    const struct igzip *igzip;
    struct str bytes;
    struct relay relay;
    void *scratch;
    bool whole;
};

static void inflate(void *context)
{
    struct inflating *inflating = context;
    inflating->whole = igzip_inflate(inflating->igzip, inflating->bytes, profile_inflated_limit(inflating->bytes.n),
                                     &inflating->relay, inflating->scratch);
}

/* What comes out of a gzip stream: as much as its last four bytes claim, but where that is less than went in there are
 * several members or 4 GiB. */
static uint64_t likely_size(struct str bytes)
{
    struct cursor tail = cursor_over(bytes.p + bytes.n - 4, 4, 0);
    uint64_t claimed = cursor_u32le(&tail), limit = profile_inflated_limit(bytes.n);
    uint64_t size = claimed >= bytes.n ? claimed : bytes.n;
    return size < limit ? size : limit;
}

/* Inflates on another thread and reads along. */
static bool read_along(struct inflating *inflating, struct mem *mem, struct profile *out)
{
    struct helper helper;
    struct profile profile;
    if (!helper_start(&helper, inflate, inflating))
        return false;
    bool decoded = profile_decode_relayed(&inflating->relay, likely_size(inflating->bytes), mem, &profile);
    helper_join(&helper);
    if (decoded && inflating->whole)
        *out = profile;
    else if (decoded)
        profile_finish(&profile);
    return decoded && inflating->whole;
}

/* Reads a large profile on two processors. False where it cannot be read like that. */
static bool read_large(struct str bytes, struct mem *mem, struct profile *out)
{
    struct igzip igzip;
    if (bytes.n < large || parallel_width() == 1 || !igzip_open(&igzip))
        return false;
    struct inflating inflating = {.igzip = &igzip, .bytes = bytes};
    char *block = mem_get(mem, relay_size());
    inflating.scratch = mem_get(mem, igzip_inflate_scratch());
    relay_init(&inflating.relay, block);
    bool done = block && inflating.scratch && read_along(&inflating, mem, out);
    relay_finish(&inflating.relay);
    mem_put(mem, block, relay_size());
    mem_put(mem, inflating.scratch, igzip_inflate_scratch());
    igzip_close(&igzip);
    return done;
}

/* Replaces gzipped bytes by what is in them. */
static bool unpack(struct buf *bytes, struct mem *mem, struct fault *fault)
{
    struct buf text;
    buf_init(&text, mem);
    bool ok = profile_inflate(buf_text(bytes), &text, fault);
    buf_finish(bytes);
    *bytes = text;
    return ok;
}

bool profile_read(struct buf *bytes, struct mem *mem, struct profile *out, struct fault *fault)
{
    bool packed = gzip_is(buf_text(bytes)), done = packed && read_large(buf_text(bytes), mem, out), ok = true;
    if (packed && !done)
        ok = unpack(bytes, mem, fault);
    ok = done || (ok && read_text(buf_text(bytes), mem, out, fault));
    buf_finish(bytes);
    return ok;
}

bool profile_read_raw(struct buf *bytes, struct mem *mem, struct profile *out, struct fault *fault)
{
    bool packed = gzip_is(buf_text(bytes)), ok = !packed || unpack(bytes, mem, fault);
    if (ok && (!packed || perf_data_is(buf_text(bytes)))) /* bytes that may be a file's are nothing to keep */
        ok = read_text(buf_text(bytes), mem, out, fault);
    else if (ok)
        ok = profile_decode_raw(bytes, mem, out, fault) || read_other(buf_text(bytes), mem, out, fault);
    buf_finish(bytes);
    return ok;
}
