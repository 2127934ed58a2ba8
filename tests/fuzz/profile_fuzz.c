/* Decoding any bytes as a profile.proto yields a profile or a fault within the input; what was read and written is read
 * and written the same again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "profile/decode.h"
#include "profile/encode.h"

/* Decodes what profile_encode wrote and checks that it is written the same again. */
static void check_stable(const struct buf *first)
{
    struct profile profile;
    struct fault fault = {0};
    struct buf second;
    buf_init(&second, mem_libc());
    if (!profile_decode(buf_text(first), mem_libc(), &profile, &fault) || !profile_encode(&profile, &second) ||
        first->n != second.n || memcmp(first->p, second.p, second.n) != 0)
        abort();
    profile_finish(&profile);
    buf_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct profile profile;
    struct fault fault = {0};
    if (!profile_decode((struct str){(const char *)bytes, size}, mem_libc(), &profile, &fault)) {
        if (!fault.expected)
            abort();
        return 0;
    }
    struct buf written;
    buf_init(&written, mem_libc());
    if (!profile_encode(&profile, &written))
        abort();
    profile_finish(&profile);
    check_stable(&written);
    buf_finish(&written);
    return 0;
}
