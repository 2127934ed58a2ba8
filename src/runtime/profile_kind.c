#include "runtime/profile_kind.h"

/* clang-format off */
#define HEAP_VALUES {{"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"}, \
                     {"inuse_space", "bytes"}}, {"space", "bytes"}
#define DELAY_VALUES {{"contentions", "count"}, {"delay", "nanoseconds"}}, {"contentions", "count"}

static const struct profile_format formats[profile_kinds] = {
    [profile_allocs] = {"allocs", HEAP_VALUES, "alloc_space"},
    [profile_block] = {"block", DELAY_VALUES, NULL},
    [profile_goroutine] = {"goroutine", {{"goroutine", "count"}}, {"goroutine", "count"}, NULL},
    [profile_heap] = {"heap", HEAP_VALUES, NULL},
    [profile_mutex] = {"mutex", DELAY_VALUES, NULL},
    [profile_threadcreate] = {"threadcreate", {{"threadcreate", "count"}}, {"threadcreate", "count"}, NULL},
    [profile_cpu] = {"profile", {{"samples", "count"}, {"cpu", "nanoseconds"}}, {"cpu", "nanoseconds"}, NULL},
};
/* clang-format on */

const struct profile_format *profile_format_of(enum profile_kind kind)
{
    return &formats[kind];
}

bool profile_kind_of(struct str name, enum profile_kind *kind)
{
    for (int i = 0; i < profile_named_kinds; i++) {
        if (str_equal(name, str_of(formats[i].name))) {
            *kind = (enum profile_kind)i;
            return true;
        }
    }
    return false;
}
