/* Function names as short as a box in a picture wants them. */
#ifndef SONDE_REPORT_SHORTEN_H
#define SONDE_REPORT_SHORTEN_H

#include "base/arena.h"
#include "base/str.h"

/* The name without what repeats in every name: Go's package path (and version), Java's package and arguments, C++'s
 * outer namespaces. Part of the argument or of the arena; p NULL on exhaustion. */
struct str shorten_function(struct str name, struct arena *arena);

#endif
