/* Decoding any bytes as a profile.proto yields a profile or a fault within the input; what was read and written is read
 * and written the same again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/merge.h"
#include "wire/gzip.h"

/* Decodes what must be a profile and writes it. Two parts that say nothing get lost at the first writing, as in Go (a
 * label with an empty string, a unit that is an empty string), so what is written is stable from the second on. */
static struct buf rewrite(struct str bytes)
{
    struct profile profile;
    struct fault fault = {0};
    struct buf written;
    buf_init(&written, mem_libc());
    if (!profile_decode(bytes, mem_libc(), &profile, &fault) || !profile_encode(&profile, &written))
        abort();
    profile_finish(&profile);
    return written;
}

/* What merging a profile makes of it. */
static struct buf merged(const struct profile *profile)
{
    struct profile sum;
    struct buf written, error;
    buf_init(&written, mem_libc());
    buf_init(&error, mem_libc());
    if (!profile_merge(profile, 1, mem_libc(), &sum, &error) || !profile_encode(&sum, &written))
        abort();
    profile_finish(&sum);
    buf_finish(&error);
    return written;
}

/* A text read raw has the same fault as `fault`, or adds up to the same as the profile. */
static void check_raw(struct str input, const struct profile *profile, const struct fault *fault)
{
    struct profile raw;
    struct fault raw_fault = {0};
    struct buf text;
    buf_init(&text, mem_libc());
    buf_str(&text, input);
    bool good = profile_decode_raw(&text, mem_libc(), &raw, &raw_fault);
    if (good != (profile != NULL) || (!good && (raw_fault.offset != fault->offset || text.n != input.n)))
        abort();
    if (good) {
        struct buf a = merged(&raw), b = merged(profile);
        if (!str_equal(buf_text(&a), buf_text(&b)))
            abort();
        buf_finish(&a);
        buf_finish(&b);
        profile_finish(&raw);
    }
    buf_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str input = {(const char *)bytes, size};
    struct profile profile;
    struct fault fault = {0};
    if (!profile_decode(input, mem_libc(), &profile, &fault)) {
        if (!fault.expected)
            abort();
        if (!gzip_is(input))
            check_raw(input, NULL, &fault);
        return 0;
    }
    if (!gzip_is(input))
        check_raw(input, &profile, NULL);
    profile_finish(&profile);
    struct buf first = rewrite(input), second = rewrite(buf_text(&first)), third = rewrite(buf_text(&second));
    if (second.n != third.n || memcmp(second.p, third.p, third.n) != 0)
        abort();
    buf_finish(&first);
    buf_finish(&second);
    buf_finish(&third);
    return 0;
}
