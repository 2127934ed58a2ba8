/* The heap profile: which stacks allocated, and what of it is in use, from a sample of one block for every so many
 * bytes (a Poisson process over the bytes allocated, as Go samples).
 *
 * The hooks that the interposed functions call are in heap_hooks.h. */
#ifndef SONDE_RUNTIME_HEAP_H
#define SONDE_RUNTIME_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/size_class.h"
#include "runtime/snapshot.h"

enum { heap_default_rate = 512 * 1024 };

/* What was sampled since the start, one sample for each stack and block size: values alloc_objects, alloc_space,
 * inuse_objects, inuse_space as sampled, not scaled up; period is the rate of now (0: off); lost counts sampled blocks
 * that could not be kept. False when memory ran out. */
bool heap_snapshot(struct snapshot *out);

/* Bytes between two samples, on the average. A thread that is running notices a change at the latest after its next
 * 64 KiB; the one that calls, at once. The environment gives the first one: heap_rate looks, and so does the first
 * allocation that finds it there. */
uint64_t heap_rate(void);
void heap_set_rate(uint64_t bytes);

/* Reads a rate as SONDE_MEMPROFILERATE gives it: decimal digits, to the end. A value that this refuses leaves the
 * default in force. */
bool heap_parse_rate(const char *text, uint64_t *rate);

/* From here on this thread's allocations are counted but not sampled: for threads of libsonde's own. */
void heap_ignore_this_thread(void);

/* Blocks in use by size class, and their bytes, as the samples tell; all 0 where the rate is 0. */
struct heap_estimate {
    double bytes;
    double blocks[size_classes];
};
void heap_estimate_in_use(struct heap_estimate *estimate);

/* Makes what is drawn from now on reproducible in this thread and in those to come. For tests. */
void heap_seed(uint64_t seed);

/* Around fork (fork.c). */
void heap_fork_prepare(void);
void heap_fork_parent(void);
void heap_fork_child(void);

#endif
