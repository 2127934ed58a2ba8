/* The stack of a thread that sleeps, walked by another. */
#ifndef SONDE_RUNTIME_ASLEEP_H
#define SONDE_RUNTIME_ASLEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/signal/stack_table.h"

struct asleep {
    uint64_t pcs[stack_depth]; /* leaf first, the first exact */
    uint32_t npcs;
    bool truncated;
    uint64_t sp; /* above which the last function's frame is to be found */
};

/* Walks from the program counter and stack pointer that the kernel tells of a sleeping thread, whose other registers
 * are not known. While this and the next function run, the thread's stack must not be unmapped; that it wakes up and
 * changes it is harmless, but makes the result worthless. Neither takes a lock or allocates. */
void asleep_walk(struct asleep *asleep, uint64_t pc, uint64_t sp);

/* Where a walk ended, truncated, before its time: goes on behind the last program counter, which lies in the function
 * that begins at `function`. False where that is not possible; then nothing is changed. */
bool asleep_walk_on(struct asleep *asleep, uint64_t function);

#endif
