/* The walk through DWARF: from ascending addresses to the functions and inlined calls around them. Each unit that holds
 * one of the addresses is read once, and in it only the functions that hold one; several units at a time where there is
 * much to read and more than one processor. */
#ifndef SONDE_SYMBOL_DEBUG_H
#define SONDE_SYMBOL_DEBUG_H

#include "symbol/binary.h"
#include "symbol/dwarf.h"

/* Finds the unit with the functions of a skeleton, which is in another file; NULL where there is none. */
typedef struct dwarf_unit *debug_find_split(void *to, const struct dwarf_unit *skeleton);

/* Resolves n addresses (ascending, in the terms of the debug information). known[i] is set for each that was found, and
 * the sink called once for it, by this thread, in no particular order. False where the sink stopped it, or on
 * exhaustion. The allocator is used by several threads at a time where `threads` allows it. */
bool debug_resolve(struct dwarf *dwarf, debug_find_split *find_split, void *split_to, bool threads,
                   const uint64_t *addresses, size_t n, bool *known, binary_sink *sink, void *to);

#endif
