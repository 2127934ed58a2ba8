/* The profiles that a program has, and how the formats describe them. */
#ifndef SONDE_RUNTIME_PROFILE_KIND_H
#define SONDE_RUNTIME_PROFILE_KIND_H

#include <stdbool.h>

#include "base/str.h"

enum profile_kind {
    profile_allocs,
    profile_block,
    profile_goroutine,
    profile_heap,
    profile_mutex,
    profile_threadcreate,
    profile_named_kinds, /* the kinds above have names to ask for them by, and are in the order of the names */
    profile_cpu = profile_named_kinds,
    profile_kinds,
};

struct profile_value {
    const char *type, *unit;
};

struct profile_format {
    const char *name;
    struct profile_value values[4]; /* the sample types; those behind the last have no type */
    struct profile_value period;
    const char *default_value; /* which of them readers show first; NULL for the last */
};

/* Never fails. */
const struct profile_format *profile_format_of(enum profile_kind kind);

/* Finds the kind of a named profile; false for a name that there is no profile of. */
bool profile_kind_of(struct str name, enum profile_kind *kind);

#endif
