/* Blocks of up to 32 KiB come from free lists, one for each size class (four classes a doubling, so that little is
 * wasted), which are filled by cutting up slabs. The caller of the seam knows a block's size, so there are no
 * headers. Slabs are never given back: libsonde's needs only grow slowly, and freed blocks are used again. Larger
 * blocks are mappings of their own, which the kernel grows in place or moves. */
#include "runtime/pages.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/lock.h"

enum {
    page = 4096,
    smallest = 16,
    largest = 32768, /* of the blocks that are cut from slabs */
    classes = 1 + 4 * 11,
    first_slab = 64 << 10,
    last_slab = 1 << 20,
};

struct free_block {
    struct free_block *next;
};

static struct lock lock;
static struct free_block *free_lists[classes];
static char *slab, *slab_end; /* what is left of the newest slab */
static size_t next_slab = first_slab;
static _Atomic uint64_t taken;
static _Atomic uint64_t limit = UINT64_MAX;

#ifdef __SANITIZE_THREAD__
#define HAVE_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define HAVE_TSAN 1
#endif
#endif

/* The kernel is called directly, past whoever interposes mmap, but for ThreadSanitizer, which must be told of new
 * memory. */
static void *kernel_map(size_t size)
{
#ifdef HAVE_TSAN
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#else
    return (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif
}

static void kernel_unmap(void *pages, size_t size)
{
#ifdef HAVE_TSAN
    munmap(pages, size);
#else
    syscall(SYS_munmap, pages, size);
#endif
}

static size_t whole_pages(size_t size)
{
    return (size + page - 1) & ~(size_t)(page - 1);
}

/* Books `size` more bytes; false beyond the limit. */
static bool book(size_t size)
{
    uint64_t before = atomic_fetch_add_explicit(&taken, size, memory_order_relaxed);
    uint64_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    if (size <= most && before <= most - size)
        return true;
    atomic_fetch_sub_explicit(&taken, size, memory_order_relaxed);
    return false;
}

void *pages_map(size_t size)
{
    int saved = errno;
    if (size == 0 || size > PTRDIFF_MAX)
        return NULL;
    size = whole_pages(size);
    if (!book(size))
        return NULL;
    void *pages = kernel_map(size);
    if (pages == MAP_FAILED) {
        atomic_fetch_sub_explicit(&taken, size, memory_order_relaxed);
        pages = NULL;
    }
    errno = saved;
    return pages;
}

void pages_unmap(void *pages, size_t size)
{
    int saved = errno;
    size = whole_pages(size);
    kernel_unmap(pages, size);
    atomic_fetch_sub_explicit(&taken, size, memory_order_relaxed);
    errno = saved;
}

/* 16, 20, 24, 28, 32, 40, 48, ... rounded up to multiples of 16: class 0 is 16, then four for each doubling. */
static unsigned class_of(size_t size)
{
    if (size <= smallest)
        return 0;
    unsigned log = 63 - (unsigned)__builtin_clzll(size - 1); /* 2^log < size <= 2^(log+1) */
    return 1 + 4 * (log - 4) + (unsigned)(((size - 1) >> (log - 2)) & 3);
}

static size_t class_size(unsigned class)
{
    if (class == 0)
        return smallest;
    unsigned log = 4 + (class - 1) / 4;
    size_t size = ((size_t)1 << log) + (((class - 1) % 4 + 1) << (log - 2));
    return (size + 15) & ~(size_t)15;
}

static bool new_slab(size_t size)
{
    char *fresh = pages_map(next_slab);
    if (!fresh && next_slab > first_slab)
        fresh = pages_map(next_slab = first_slab);
    if (!fresh || size > next_slab)
        return false;
    slab = fresh;
    slab_end = fresh + next_slab;
    if (next_slab < last_slab)
        next_slab *= 2;
    return true;
}

static void *small_get(unsigned class)
{
    size_t size = class_size(class);
    lock_take(&lock, lock_rank_pages);
    struct free_block *block = free_lists[class];
    if (block) {
        free_lists[class] = block->next;
    } else if ((size_t)(slab_end - slab) >= size || new_slab(size)) {
        block = (struct free_block *)slab;
        slab += size;
    }
    lock_give(&lock, lock_rank_pages);
    return block;
}

static void small_put(void *at, unsigned class)
{
    struct free_block *block = at;
    lock_take(&lock, lock_rank_pages);
    block->next = free_lists[class];
    free_lists[class] = block;
    lock_give(&lock, lock_rank_pages);
}

/* Moves a mapping's end, and the mapping too where it must; the bytes keep. */
static void *remap(void *pages, size_t old_size, size_t new_size)
{
    int saved = errno;
    if (new_size > PTRDIFF_MAX)
        return NULL;
    old_size = whole_pages(old_size);
    new_size = whole_pages(new_size);
    if (new_size > old_size && !book(new_size - old_size))
        return NULL;
    void *moved = mremap(pages, old_size, new_size, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED && new_size > old_size)
        atomic_fetch_sub_explicit(&taken, new_size - old_size, memory_order_relaxed);
    if (moved != MAP_FAILED && new_size < old_size)
        atomic_fetch_sub_explicit(&taken, old_size - new_size, memory_order_relaxed);
    errno = saved;
    return moved == MAP_FAILED ? NULL : moved;
}

static void *get(size_t size)
{
    return size <= largest ? small_get(class_of(size)) : pages_map(size);
}

static void put(void *block, size_t size)
{
    if (size <= largest)
        small_put(block, class_of(size));
    else
        pages_unmap(block, size);
}

/* Whether a block of the old size is one of the new size already. */
static bool fits(size_t old_size, size_t new_size)
{
    if (old_size <= largest)
        return new_size <= largest && class_of(old_size) == class_of(new_size);
    return new_size > largest && whole_pages(old_size) == whole_pages(new_size);
}

static void *resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    if (!block)
        return get(new_size);
    if (new_size == 0) {
        put(block, old_size);
        return NULL;
    }
    if (fits(old_size, new_size))
        return block;
    if (old_size > largest && new_size > largest)
        return remap(block, old_size, new_size);
    void *fresh = get(new_size);
    if (!fresh)
        return NULL;
    memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    put(block, old_size);
    return fresh;
}

struct mem *pages_mem(void)
{
    static struct mem pages = {resize};
    return &pages;
}

uint64_t pages_taken(void)
{
    return atomic_load_explicit(&taken, memory_order_relaxed);
}

void pages_set_limit(uint64_t bytes)
{
    atomic_store_explicit(&limit, bytes, memory_order_relaxed);
}

void pages_fork_prepare(void)
{
    lock_take(&lock, lock_rank_pages);
}

void pages_fork_done(void)
{
    lock_give(&lock, lock_rank_pages);
}
