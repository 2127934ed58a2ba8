/* Any bytes as a file of the symbol cache, with a checksum that is made right so that it does not hide the rest: every
 * string that comes out is read to its end. */
#include "symbol/answers.h"

#include <stdlib.h>

#include "base/hash.h"
#include "fuzz/fuzz.h"

static uint64_t sum;

static bool look(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    (void)to, (void)index, (void)from_debug;
    for (size_t i = 0; i < n; i++)
        sum += hash_bytes(frames[i].name.p, frames[i].name.n) + hash_bytes(frames[i].file.p, frames[i].file.n);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct answers answers;
    uint64_t checksum, key;
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, bytes, size);
    if (size >= 32) {
        checksum = hash_bytes(copy + 24, size - 24);
        memcpy(copy + 16, &checksum, 8);
        memcpy(&key, copy + 24, 8);
        if (answers_read((struct str){copy, size}, key, &answers)) {
            for (uint32_t i = 0; i < answers.naddresses; i++) {
                answers_find(&answers, answers_address(&answers, i) + 1, i);
                answers_tell(&answers, i, i, look, NULL);
            }
        }
    }
    free(copy);
    return 0;
}
