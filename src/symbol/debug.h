/* The walk through DWARF: from ascending addresses to the functions and inlined calls around them. Each unit that holds
 * one of the addresses is read once, and in it only the functions that hold one. */
#ifndef SONDE_SYMBOL_DEBUG_H
#define SONDE_SYMBOL_DEBUG_H

#include <elfutils/libdw.h>

#include "symbol/binary.h"

/* Resolves n addresses (ascending, in the terms of the debug information). known[i] is set for each that was found, and
 * the sink called once for it, in no particular order. False where the sink stopped it, or on exhaustion. */
bool debug_resolve(Dwarf *dwarf, struct mem *mem, const uint64_t *addresses, size_t n, bool *known, binary_sink *sink,
                   void *to);

#endif
