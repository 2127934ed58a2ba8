/* The sources that a command line names, with folders and patterns replaced by the files that they stand for. */
#ifndef SONDE_CLI_SOURCE_LIST_H
#define SONDE_CLI_SOURCE_LIST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/vec.h"

struct source_list {
    VEC(const char *) names;
};

/* Adds what a name stands for: a folder for its files (but for hidden ones) in the order of their names, a pattern
 * (*, ?, []) that is no file itself for what it matches, anything else for itself. Names are owned by the arena or
 * borrowed. False on exhaustion. */
bool source_list_add(struct source_list *list, struct arena *arena, const char *name);

#endif
