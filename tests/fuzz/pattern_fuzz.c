/* The bytes up to the first newline are an expression, the rest a text. Compiling and matching end, whatever they are.
 */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "profile/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str input = {(const char *)bytes, size};
    size_t end = str_find(input, STR("\n"), 0);
    struct buf error;
    buf_init(&error, mem_libc());
    struct pattern *pattern = pattern_create(str_first(input, end), mem_libc(), &error);
    if (pattern)
        pattern_matches(pattern, str_skip(input, end + 1));
    else if (error.n == 0)
        abort();
    pattern_destroy(pattern);
    buf_finish(&error);
    return 0;
}
