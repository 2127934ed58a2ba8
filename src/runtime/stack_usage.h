/* How much memory the threads' stacks take, for sonde_read_memstats. */
#ifndef SONDE_RUNTIME_STACK_USAGE_H
#define SONDE_RUNTIME_STACK_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_usage {
    uint64_t sys;      /* bytes of address space of the mappings that the addresses lie in */
    uint64_t resident; /* bytes of those that are in memory */
};

/* Adds up the mappings that hold the given addresses, one on each stack (sorted here; 0 is skipped), each mapping once.
 * False where /proc can't be read. */
bool stack_usage_read(uint64_t *addresses, size_t n, struct stack_usage *usage);

#endif
