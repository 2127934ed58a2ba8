/* Which part of the stack a walk may read. Everything here is async-signal-safe but stack_bounds_set_self. */
#ifndef SONDE_RUNTIME_SIGNAL_STACK_BOUNDS_H
#define SONDE_RUNTIME_SIGNAL_STACK_BOUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/step.h"

/* Remembers the bounds of the calling thread's stack: to be called once in each thread, in normal context (it may
 * allocate). Without it walks of the thread's stack are as right, but cost some system calls. */
void stack_bounds_set_self(void);

/* The same for a thread that pthread_create has just made with a stack of so many bytes, without allocating: a thread
 * that never allocates should not get an arena for our sake. */
void stack_bounds_set_created(uint64_t size);

/* The readable part of the stack that an address lies in: the thread's own, or, on a stack that somebody else made
 * (sigaltstack, makecontext) or that isn't known, the page of the address, which is probed. False where it can't be
 * read. */
bool stack_bounds_find(uint64_t sp, struct unwind_stack *stack);

/* Adds the next page upwards to a part that was probed, if it can be read; false for the thread's own stack and after
 * 64 pages. */
bool stack_bounds_extend(struct unwind_stack *stack);

/* Whether the 8 bytes at a multiple of 8 can be read. One system call. */
bool stack_bounds_probe(uint64_t address);

#endif
