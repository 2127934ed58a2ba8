#include "runtime/deflate_memory.h"

#include <libdeflate.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/pages.h"

/* What stands before a block, since libdeflate does not say how large what it frees is; it keeps blocks aligned. */
enum { header = 16 };

static void *get(size_t size)
{
    char *block = size > SIZE_MAX - header ? NULL : mem_get(pages_mem(), size + header);
    if (!block)
        return NULL;
    *(size_t *)(void *)block = size;
    return block + header;
}

static void put(void *at)
{
    char *block = at ? (char *)at - header : NULL;
    if (block)
        mem_put(pages_mem(), block, *(size_t *)(void *)block + header);
}

void deflate_memory_init(void)
{
    libdeflate_set_memory_allocator(get, put);
}
