/* Any bytes as the map of a JIT compiler: addresses are named alike alone and together, by what is inside of the text.
 */
#include "symbol/perf_map.h"

#include <stdlib.h>

#include "fuzz/fuzz.h"

enum { naddresses = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str text = {(const char *)bytes, size}, names[naddresses], one;
    uint64_t addresses[naddresses];
    for (uint64_t i = 0; i < naddresses; i++)
        addresses[i] = i * i * i;
    if (!perf_map_resolve(text, addresses, naddresses, names, mem_libc()))
        abort();
    for (size_t i = 0; i < naddresses; i += 7) {
        if (!perf_map_resolve(text, addresses + i, 1, &one, mem_libc()) || one.p != names[i].p || one.n != names[i].n)
            abort();
    }
    for (size_t i = 0; i < naddresses; i++) {
        if (names[i].n > 0 && (names[i].p < text.p || names[i].p + names[i].n > text.p + text.n))
            abort();
    }
    return 0;
}
