#include "cli/tool_mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/spare_pages.h"

/* stdio may be what ran out of memory: the line is formatted on the stack and written as it is. */
static _Noreturn void give_up(size_t size)
{
    char line[80];
    int n = snprintf(line, sizeof line, "sonde: out of memory (%zu more bytes were needed)\n", size);
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        _exit(1);
    _exit(1);
}

/* With an array of a large profile in pages of 4 KiB, faulting them in takes a quarter of the program's time: blocks
 * from the size of a huge page on are mapped apart, in whole and aligned huge pages. Which kind a block is shows in its
 * size, which the seam always tells. What was given back is used again (spare_pages.h). */
enum { huge_page = 2 << 20 };

static bool is_huge(size_t size)
{
    return size >= huge_page;
}

static size_t whole_pages(size_t size)
{
    return (size + huge_page - 1) & ~(size_t)(huge_page - 1);
}

/* Maps a block; NULL on exhaustion. */
static void *huge_map(size_t size)
{
    size_t room = whole_pages(size), all = room + huge_page;
    char *p = all < size ? MAP_FAILED : mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)p & (huge_page - 1);
    if (before > 0)
        munmap(p, before);
    if (before < huge_page)
        munmap(p + before + room, huge_page - before);
    madvise(p + before, room, MADV_HUGEPAGE); /* where it fails pages are small */
    return p + before;
}

static void *huge_get(size_t size)
{
    void *p = whole_pages(size) < size ? NULL : spare_pages_take(whole_pages(size));
    return p ? p : huge_map(size);
}

static void huge_put(void *block, size_t size)
{
    spare_pages_give(block, whole_pages(size));
}

/* Moves a block's pages, without copying them, to where there is room for more. NULL on exhaustion. */
static void *huge_grow(void *block, size_t old_size, size_t new_size)
{
    void *p = huge_map(new_size);
    if (!p)
        return NULL;
    /* What is moved replaces the mapping just made, and brings its advice along. */
    if (mremap(block, whole_pages(old_size), whole_pages(new_size), MREMAP_MAYMOVE | MREMAP_FIXED, p) != MAP_FAILED)
        return p;
    munmap(p, whole_pages(new_size));
    /* Pages that were spare may be of several mappings, which cannot be moved as one. */
    p = huge_map(new_size);
    if (p) {
        memcpy(p, block, old_size);
        huge_put(block, old_size);
    }
    return p;
}

static void *huge_resize(void *block, size_t old_size, size_t new_size)
{
    size_t old_room = whole_pages(old_size), new_room = whole_pages(new_size);
    if (new_size > old_size)
        return old_room == new_room ? block : huge_grow(block, old_size, new_size);
    if (new_room < old_room)
        spare_pages_give((char *)block + new_room, old_room - new_room);
    return block;
}

/* As realloc. */
static void *any_resize(void *block, size_t old_size, size_t new_size)
{
    bool was_huge = block && is_huge(old_size);
    if (!was_huge && !is_huge(new_size))
        return realloc(block, new_size);
    if (was_huge && is_huge(new_size))
        return huge_resize(block, old_size, new_size);
    void *p = is_huge(new_size) ? huge_get(new_size) : malloc(new_size);
    if (p && block)
        memcpy(p, block, old_size < new_size ? old_size : new_size);
    if (p && was_huge)
        huge_put(block, old_size);
    else if (p)
        free(block);
    return p;
}

static void *tool_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    if (new_size == 0) {
        if (block && is_huge(old_size))
            huge_put(block, old_size);
        else
            free(block);
        return NULL;
    }
    void *p = any_resize(block, old_size, new_size);
    if (!p)
        give_up(new_size - (new_size > old_size ? old_size : 0));
    return p;
}

struct mem *tool_mem(void)
{
    static struct mem tool = {tool_resize};
    return &tool;
}
