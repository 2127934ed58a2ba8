/* libsonde's memory: a small general allocator straight on the kernel's pages. What watches malloc can't call malloc,
 * and what it takes must not show in the program's own figures. */
#ifndef SONDE_RUNTIME_PAGES_H
#define SONDE_RUNTIME_PAGES_H

#include <stdint.h>

#include "base/mem.h"

/* The seam: blocks are aligned to 16 bytes; NULL when the kernel gives no more or the limit is reached. Any thread may
 * call it, also within the malloc hooks, not a signal handler. Keeps errno. The object lives for ever. */
struct mem *pages_mem(void);

/* Whole pages, zeroed, of which only those that are touched cost memory; NULL on exhaustion. Given back with
 * pages_unmap, with the size that was asked for. */
void *pages_map(size_t size);
void pages_unmap(void *pages, size_t size);

/* Bytes of address space that libsonde has from the kernel at present. */
uint64_t pages_taken(void);

/* Makes requests fail that would take more than this many bytes in all; UINT64_MAX, the default, is no limit. */
void pages_set_limit(uint64_t bytes);

/* Around fork (fork.c calls them, after all locks of lower rank): the child finds the allocator whole. */
void pages_fork_prepare(void);
void pages_fork_done(void);

#endif
