/* The allocator below: the definitions of malloc and its family that the program would have without libsonde, glibc's
 * or those of jemalloc, mimalloc, tcmalloc. */
#ifndef SONDE_RUNTIME_REAL_H
#define SONDE_RUNTIME_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each member can be called from the first moment on: the first call of any finds them all. */
struct real_heap {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *block, size_t size);
    void (*free)(void *block);
    void *(*aligned_alloc)(size_t alignment, size_t size);
    int (*posix_memalign)(void **block, size_t alignment, size_t size);
    void *(*memalign)(size_t alignment, size_t size);
    void *(*valloc)(size_t size);
    void *(*pvalloc)(size_t size);
    void *(*reallocarray)(void *block, size_t count, size_t size);
    size_t (*malloc_usable_size)(void *block);
};

extern struct real_heap real __attribute__((visibility("hidden")));

/* The next definition, in the order in which the dynamic linker searches, of a function that libsonde interposes; NULL
 * where there is none. For other collectors than this one. Any thread; not a signal handler. Keeps errno. */
void *real_next(const char *name);

/* dlsym itself allocates. While it looks for malloc there is nothing to give it but this pool of libsonde's own, whose
 * blocks live for ever: a free of one is to do nothing, and nobody below may see one. */
enum { real_pool_size = 16384 };
extern char real_pool[real_pool_size] __attribute__((visibility("hidden")));

static inline bool real_pool_has(const void *block)
{
    return __builtin_expect((uintptr_t)block - (uintptr_t)real_pool < real_pool_size, 0);
}

/* How many of the pool's bytes have been given out, all from its start. */
size_t real_pool_used(void);

/* A pool block's size. */
size_t real_pool_block_size(const void *block);

#endif
