/* Reading any bytes in any of the formats ends with a profile that can be written, or with a fault. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "profile/encode.h"
#include "profile/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buf input, written;
    struct profile profile;
    struct fault fault = {0};
    buf_init(&input, mem_libc());
    buf_init(&written, mem_libc());
    buf_bytes(&input, bytes, size);
    if (profile_read(&input, mem_libc(), &profile, &fault)) {
        if (!profile_encode(&profile, &written))
            abort();
        profile_finish(&profile);
    } else if (!fault.expected) {
        abort();
    }
    buf_finish(&written);
    return 0;
}
