/* The allocation seam: every block that sonde takes comes through a struct mem, so that a test can fail the Nth
 * allocation, the in-process library can live on its own pages, and the tool can turn exhaustion into one error. */
#ifndef SONDE_BASE_MEM_H
#define SONDE_BASE_MEM_H

#include <stddef.h>

struct mem {
    /* Makes a block of old_size bytes one of new_size bytes and returns it, as realloc does: block NULL (old_size 0)
     * allocates, new_size 0 frees and returns NULL. Blocks are aligned for any type; new bytes are not zeroed.
     * On exhaustion it returns NULL and leaves the block alone, or does not return at all (the tool's own). */
    void *(*resize)(struct mem *self, void *block, size_t old_size, size_t new_size);
};

/* Allocates size bytes; NULL when there are none or size is 0. */
void *mem_get(struct mem *mem, size_t size);

/* Allocates count * size bytes; NULL also when the product overflows. */
void *mem_get_array(struct mem *mem, size_t count, size_t size);

/* Frees a block of size bytes; NULL is allowed. */
void mem_put(struct mem *mem, void *block, size_t size);

/* The seam over the C library's realloc and free. The object is immutable and lives for ever. */
struct mem *mem_libc(void);

#endif
