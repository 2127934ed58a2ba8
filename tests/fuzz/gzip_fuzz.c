/* Inflating any bytes yields at most the limit, or a fault that lies within the input. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "wire/gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { limit = 1 << 20 };
    struct buf out;
    struct fault fault = {0};
    buf_init(&out, mem_libc());
    bool ok = gzip_inflate((struct str){(const char *)bytes, size}, limit, &out, &fault);
    if (ok ? out.n > limit : (!fault.expected || fault.offset > size || out.n != 0))
        abort();
    buf_finish(&out);
    return 0;
}
