#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

void *mem_get(struct mem *mem, size_t size)
{
    return size == 0 ? NULL : mem->resize(mem, NULL, 0, size);
}

void *mem_get_array(struct mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return mem_get(mem, count * size);
}

void mem_put(struct mem *mem, void *block, size_t size)
{
    if (block)
        mem->resize(mem, block, size, 0);
}

static void *libc_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    (void)self;
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

struct mem *mem_libc(void)
{
    static const struct mem libc = {libc_resize};
    return (struct mem *)&libc; /* nobody writes to it: it has no state */
}
