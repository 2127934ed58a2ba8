/* What every test includes: cmocka with the headers that it needs first. */
#ifndef SONDE_TESTS_TESTING_H
#define SONDE_TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

#define assert_str(s, literal)                                                                                         \
    do {                                                                                                               \
        struct str got_ = (s);                                                                                         \
        assert_int_equal(got_.n, sizeof(literal) - 1);                                                                 \
        assert_memory_equal(got_.p, literal, got_.n);                                                                  \
    } while (0)

/* Ends a test that can't run here, and says why. (cmocka's own skip() prints "not ok", which counts as a failure.) */
#define skip_with(why)                                                                                                 \
    do {                                                                                                               \
        print_message("# skipped: %s\n", why);                                                                         \
        return;                                                                                                        \
    } while (0)

/* Memory whose allocation number `left` (from 0) and all after it fail. Shrinking and freeing succeed. */
struct failing_mem {
    struct mem mem;
    size_t left;
};

static inline void *failing_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    struct failing_mem *failing = (struct failing_mem *)self;
    if (new_size > old_size) {
        if (failing->left == 0)
            return NULL;
        failing->left--;
    }
    return mem_libc()->resize(mem_libc(), block, old_size, new_size);
}

static inline struct failing_mem failing_mem(size_t successes)
{
    return (struct failing_mem){{failing_resize}, successes};
}

#endif
