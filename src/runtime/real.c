/* The table of the functions below begins with `first_...` functions, which look all of them up and then call the one
 * that was meant, so that the hooks need no test of whether the look-up has been done.
 *
 * The look-up uses dlsym(RTLD_NEXT), which needs a dynamic linker: a program that is wholly static can't use libsonde's
 * hooks (its own malloc is in the way already when it is linked). libsonde.a in a dynamic program works, and is then
 * searched as part of the program. */
#include "runtime/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

static void find_all(void);
static void *pool_get(size_t alignment, size_t size);

/* This thread is in find_all, so what arrives is from dlsym. */
static __thread bool finding __attribute__((tls_model("initial-exec")));

static void *first_malloc(size_t size)
{
    if (finding)
        return pool_get(16, size);
    find_all();
    return real.malloc(size);
}

static void *first_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (finding)
        return __builtin_mul_overflow(count, size, &bytes) ? NULL : pool_get(16, bytes);
    find_all();
    return real.calloc(count, size);
}

static void *first_realloc(void *block, size_t size)
{
    if (finding)
        return pool_get(16, size); /* the hook above has no business with blocks but the pool's, and copies */
    find_all();
    return real.realloc(block, size);
}

static void first_free(void *block)
{
    if (finding)
        return;
    find_all();
    real.free(block);
}

static void *first_aligned_alloc(size_t alignment, size_t size)
{
    if (finding)
        return pool_get(alignment, size);
    find_all();
    return real.aligned_alloc(alignment, size);
}

static int first_posix_memalign(void **block, size_t alignment, size_t size)
{
    if (!finding) {
        find_all();
        return real.posix_memalign(block, alignment, size);
    }
    void *fresh = pool_get(alignment, size);
    if (!fresh)
        return ENOMEM;
    *block = fresh;
    return 0;
}

static void *first_memalign(size_t alignment, size_t size)
{
    if (finding)
        return pool_get(alignment, size);
    find_all();
    return real.memalign(alignment, size);
}

static void *first_valloc(size_t size)
{
    find_all();
    return real.valloc(size);
}

static void *first_pvalloc(size_t size)
{
    find_all();
    return real.pvalloc(size);
}

static void *first_reallocarray(void *block, size_t count, size_t size)
{
    find_all();
    return real.reallocarray(block, count, size);
}

static size_t first_malloc_usable_size(void *block)
{
    find_all();
    return real.malloc_usable_size(block);
}

struct real_heap real = {
    .malloc = first_malloc,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .free = first_free,
    .aligned_alloc = first_aligned_alloc,
    .posix_memalign = first_posix_memalign,
    .memalign = first_memalign,
    .valloc = first_valloc,
    .pvalloc = first_pvalloc,
    .reallocarray = first_reallocarray,
    .malloc_usable_size = first_malloc_usable_size,
};

void *real_next(const char *name)
{
    int saved = errno;
    void *found = dlsym(RTLD_NEXT, name);
    errno = saved;
    return found;
}

/* Finds one. glibc has had all of them since 2.26, so whoever can call libsonde's finds one behind it. */
static void find(void *slot, const char *name)
{
    void *found = real_next(name);
    if (found)
        memcpy(slot, &found, sizeof found);
}

/* Two threads may do this at the same time: they store the same. */
static void find_all(void)
{
    struct real_heap found = real;
    finding = true;
    find(&found.malloc, "malloc");
    find(&found.calloc, "calloc");
    find(&found.realloc, "realloc");
    find(&found.free, "free");
    find(&found.aligned_alloc, "aligned_alloc");
    find(&found.posix_memalign, "posix_memalign");
    find(&found.memalign, "memalign");
    find(&found.valloc, "valloc");
    find(&found.pvalloc, "pvalloc");
    find(&found.reallocarray, "reallocarray");
    find(&found.malloc_usable_size, "malloc_usable_size");
    finding = false;
    real = found;
}

/* --- The pool ---------------------------------------------------------------------------------------------------- */

char real_pool[real_pool_size] __attribute__((aligned(16)));
static _Atomic size_t pool_used;

/* A block is preceded by 16 bytes that hold its size. */
static void *pool_get(size_t alignment, size_t size)
{
    if (alignment < 16)
        alignment = 16;
    if (alignment > 4096 || size > real_pool_size)
        return NULL;
    size_t room = alignment + ((size + 15) & ~(size_t)15);
    size_t start = atomic_fetch_add(&pool_used, room);
    if (start + room > real_pool_size) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t block = ((uintptr_t)real_pool + start + 16 + alignment - 1) & ~(uintptr_t)(alignment - 1);
    memcpy((void *)(block - 16), &size, sizeof size);
    return (void *)block;
}

size_t real_pool_used(void)
{
    size_t used = atomic_load(&pool_used);
    return used < real_pool_size ? used : real_pool_size;
}

size_t real_pool_block_size(const void *block)
{
    size_t size;
    memcpy(&size, (const char *)block - 16, sizeof size);
    return size;
}
