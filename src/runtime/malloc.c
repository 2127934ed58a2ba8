/* malloc and its family as the program sees them. Each does what the one below does, with the same results and errno,
 * and keeps count.
 *
 * Counting comes first in malloc and calloc, so that the common case ends in a jump to the function below. An
 * allocation of less than 64 KiB that fails has therefore been counted as if it had not: a process that sees those is
 * at its end.
 *
 * operator new and delete of libstdc++ and libc++ call malloc and free, and so come by here; those that jemalloc and
 * tcmalloc define themselves go past, both ways. */
#include <stdint.h>
#include <string.h>

#include "runtime/heap_hooks.h"
#include "runtime/interposed.h"
#include "runtime/real.h"

#define CALLER __builtin_return_address(0)

/* Not from the headers, whose attributes differ from one C library to the next, and which lack C23's. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *reallocarray(void *block, size_t count, size_t size);
void free(void *block);
void free_sized(void *block, size_t size);
void free_aligned_sized(void *block, size_t alignment, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **block, size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
void *valloc(size_t size);
void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);

/* Counts what was allocated. */
static inline void *count(void *block, size_t size, const void *caller)
{
    return block && heap_admit(size) ? block : heap_allocated(block, size, caller);
}

INTERPOSED void *malloc(size_t size)
{
    if (__builtin_expect(heap_admit(size), 1))
        return real.malloc(size);
    return heap_allocated(real.malloc(size), size, CALLER);
}

INTERPOSED void *calloc(size_t number, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes))
        return real.calloc(number, size); /* which fails as it does */
    if (__builtin_expect(heap_admit(bytes), 1))
        return real.calloc(number, size);
    return heap_allocated(real.calloc(number, size), bytes, CALLER);
}

static __attribute__((noinline)) void free_with_care(void *block)
{
    if (!block)
        return;
    heap_freed(block);
    if (!real_pool_has(block))
        real.free(block);
}

INTERPOSED void free(void *block)
{
    if (__builtin_expect(heap_dismiss(block), 1))
        real.free(block);
    else
        free_with_care(block);
}

INTERPOSED void free_sized(void *block, size_t size)
{
    (void)size; /* to tell it to the allocator below is an optimization that glibc's has not */
    free(block);
}

INTERPOSED void free_aligned_sized(void *block, size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    free(block);
}

/* A block that dlsym got in the first moments moves to the program's heap. */
static void *leave_pool(void *block, size_t size, const void *caller)
{
    void *fresh = count(real.malloc(size), size, caller);
    size_t old_size = real_pool_block_size(block);
    if (fresh) {
        memcpy(fresh, block, old_size < size ? old_size : size);
        heap_freed(block);
    }
    return fresh;
}

/* The entry of the old block is out of the table while the one below works: should it be freed, another thread may get
 * its address at once. Counts as a free and an allocation. */
static inline void *reallocate(void *block, size_t size, const void *caller)
{
    if (!block)
        return count(real.malloc(size), size, caller);
    if (real_pool_has(block))
        return leave_pool(block, size, caller);
    struct heap_live *entry = heap_live_may_matter(block) ? heap_realloc_begin(block) : NULL;
    void *fresh = real.realloc(block, size);
    heap_realloc_end(entry, fresh || size == 0);
    return count(fresh, size, caller);
}

INTERPOSED void *realloc(void *block, size_t size)
{
    return reallocate(block, size, CALLER);
}

INTERPOSED void *reallocarray(void *block, size_t number, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(number, size, &bytes))
        return real.reallocarray(block, number, size);
    return reallocate(block, bytes, CALLER);
}

INTERPOSED void *aligned_alloc(size_t alignment, size_t size)
{
    return count(real.aligned_alloc(alignment, size), size, CALLER);
}

INTERPOSED int posix_memalign(void **block, size_t alignment, size_t size)
{
    int status = real.posix_memalign(block, alignment, size);
    if (status == 0)
        count(*block, size, CALLER);
    return status;
}

INTERPOSED void *memalign(size_t alignment, size_t size)
{
    return count(real.memalign(alignment, size), size, CALLER);
}

INTERPOSED void *valloc(size_t size)
{
    return count(real.valloc(size), size, CALLER);
}

INTERPOSED void *pvalloc(size_t size)
{
    return count(real.pvalloc(size), size, CALLER);
}

INTERPOSED size_t malloc_usable_size(void *block)
{
    return real_pool_has(block) ? real_pool_block_size(block) : real.malloc_usable_size(block);
}
