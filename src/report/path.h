/* File names as Go's path/filepath treats them, and what pprof strips from the front of those in profiles. */
#ifndef SONDE_REPORT_PATH_H
#define SONDE_REPORT_PATH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* The shortest name for the same file by rules of text alone: no ".", "..", doubled or trailing slashes; "." for an
 * empty one. Is part of the argument where that is clean already, else owned by the arena; p NULL on exhaustion. */
struct str path_clean(struct str path, struct arena *arena);

/* The last element: "/" for slashes only, "." for an empty path. Part of the argument or a literal. */
struct str path_base(struct str path);

/* All but the last element, cleaned. As path_clean. */
struct str path_directory(struct str path, struct arena *arena);

/* A list of paths separated by ':', walked from its front. An empty list has no elements; "a::b" has an empty one. */
struct path_list {
    struct str rest;
    bool more;
};

static inline struct path_list path_list(struct str text)
{
    return (struct path_list){text, text.n > 0};
}

/* Takes the next element off the list; false at its end. */
bool path_next(struct path_list *list, struct str *element);

/* Strips the prefix that a profile's file names carry and that is not wanted: one of the list `trim`, or without such
 * a list everything up to the base name of one of the directories in `search`; or /proc/self/cwd. */
struct str path_trim(struct str path, struct str trim, struct str search);

#endif
