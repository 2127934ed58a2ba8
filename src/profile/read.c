#include "profile/read.h"

#include "profile/decode.h"
#include "profile/foreign.h"
#include "profile/legacy.h"
#include "profile/perf_data.h"
#include "wire/gzip.h"

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

static bool read_text(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct fault old_fault = {0};
    if (perf_data_is(text))
        return perf_data_read(text, mem, out, fault) == foreign_done;
    if (profile_decode_text(text, mem, out, fault))
        return true;
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

bool profile_read(struct buf *bytes, struct mem *mem, struct profile *out, struct fault *fault)
{
    bool ok = true;
    if (gzip_is(buf_text(bytes))) {
        struct buf text;
        buf_init(&text, mem);
        ok = profile_inflate(buf_text(bytes), &text, fault);
        buf_finish(bytes);
        *bytes = text;
    }
    ok = ok && read_text(buf_text(bytes), mem, out, fault);
    buf_finish(bytes);
    return ok;
}
