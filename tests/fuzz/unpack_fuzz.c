/* Unpacking any bytes, by gzip or zstd, yields at most the limit, or nothing and a message. */
#include <stdlib.h>

#include "cli/unpack.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { limit = 1 << 20 };
    struct buf out, why;
    buf_init(&out, mem_libc());
    buf_init(&why, mem_libc());
    bool ok = unpack((struct str){(const char *)bytes, size}, limit, &out, &why);
    if (ok ? out.n > limit || why.n > 0 : out.n > 0 || why.n == 0)
        abort();
    buf_finish(&out);
    buf_finish(&why);
    return 0;
}
