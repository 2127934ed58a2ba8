/* Decoding any bytes as a profile.proto yields a profile or a fault within the input; what was read and written is read
 * and written the same again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "profile/decode.h"
#include "profile/encode.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str input = {(const char *)bytes, size};
    struct profile profile;
    struct fault fault = {0};
    if (!profile_decode(input, mem_libc(), &profile, &fault)) {
        if (!fault.expected)
            abort();
        return 0;
    }
    profile_finish(&profile);
    struct buf first = rewrite(input), second = rewrite(buf_text(&first)), third = rewrite(buf_text(&second));
    if (second.n != third.n || memcmp(second.p, third.p, third.n) != 0)
        abort();
    buf_finish(&first);
    buf_finish(&second);
    buf_finish(&third);
    return 0;
}
