/* The bytes are a symbol, or a name that somebody else demangled. Every mode ends, whatever they are, and a name that
 * is refused leaves nothing behind. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "symbol/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str input = {(const char *)bytes, size};
    struct buf out;
    buf_init(&out, mem_libc());
    for (int mode = demangle_default; mode <= demangle_none; mode++) {
        out.n = 0;
        if (!demangle(input, (enum demangle_mode)mode, &out) && out.n != 0)
            abort();
        demangle_bare(input, (enum demangle_mode)mode, &out);
        demangle_simplify(input, (enum demangle_mode)mode, &out);
    }
    buf_finish(&out);
    return 0;
}
