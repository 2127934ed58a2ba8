/* Any bytes as the dump of a JIT compiler: addresses have the same places alone and together, of texts that are in it.
 */
#include "symbol/jit_dump.h"

#include <stdlib.h>

#include "fuzz/fuzz.h"

enum { naddresses = 64 };

static bool lies_in(struct str part, struct str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str dump = {(const char *)bytes, size};
    struct jit_place places[naddresses], one;
    uint64_t addresses[naddresses];
    for (uint64_t i = 0; i < naddresses; i++)
        addresses[i] = 0x1000 + i * 8;
    if (!jit_dump_resolve(dump, addresses, naddresses, places, mem_libc()))
        abort();
    for (size_t i = 0; i < naddresses; i += 7) {
        if (!jit_dump_resolve(dump, addresses + i, 1, &one, mem_libc()) || one.name.p != places[i].name.p)
            abort();
    }
    for (size_t i = 0; i < naddresses; i++) {
        if (!lies_in(places[i].name, dump) || !lies_in(places[i].file, dump))
            abort();
    }
    return 0;
}
