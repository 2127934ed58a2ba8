/* What the interposed functions do before and after those below them. Apart from the functions themselves (malloc.c),
 * so that the tests can call it where a sanitizer has malloc for itself. */
#ifndef SONDE_RUNTIME_HEAP_HOOKS_H
#define SONDE_RUNTIME_HEAP_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/heap_live.h"
#include "runtime/heap_thread.h"
#include "runtime/size_class.h"

/* Counts an allocation of `size` bytes that is about to be made or has just been made, if it is not to be sampled and
 * nothing else is due: the rule. Otherwise false, and nothing is counted: then heap_allocated is to be called with the
 * block. */
static inline bool heap_admit(size_t size)
{
    struct heap_thread *self = heap_self;
    if (__builtin_expect(!self, 0))
        return false;
    if (__builtin_expect(size >= self->room, 0))
        return false;
    heap_thread_subtract(&self->room, size);
    heap_thread_add(&self->allocs[size_class_of_small(size)], 1);
    return true;
}

/* Counts, and perhaps samples, a block (NULL: an allocation that failed, nothing is done), and returns it. `caller` is
 * the return address into the function that allocates. Keeps errno. */
void *heap_allocated(void *block, size_t size, const void *caller);

/* Counts a block that is about to be freed. False, and nothing is done, when the address may matter (heap_live.h; it
 * may be NULL, too) or this thread has no counters: then heap_freed is to be called. */
static inline bool heap_dismiss(const void *block)
{
    struct heap_thread *self = heap_self;
    if (__builtin_expect(!self || heap_live_may_matter(block), 0))
        return false;
    heap_thread_add(&self->frees, 1);
    return true;
}

/* To be called before the block is freed. Keeps errno. */
void heap_freed(const void *block);

/* Around a realloc of a block: begin before it; then end, with whether the block was taken or stays as it was. */
struct heap_live *heap_realloc_begin(const void *block);
void heap_realloc_end(struct heap_live *entry, bool freed);

#endif
