/* The names that a JIT compiler writes for its code into /tmp/perf-PID.map: a line for each piece, "START SIZE name" in
 * hexadecimal. Code is replaced as a program runs, so that of lines that overlap the last is right. */
#ifndef SONDE_SYMBOL_PERF_MAP_H
#define SONDE_SYMBOL_PERF_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

/* Sets names[i] for each of n addresses (ascending) that a line of the text holds; the others become "". The names lie
 * in the text. False on exhaustion. */
bool perf_map_resolve(struct str text, const uint64_t *addresses, size_t n, struct str *names, struct mem *mem);

#endif
