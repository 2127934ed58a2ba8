/* Memory that dies together: a list of chunks from one struct mem, given back as a whole. */
#ifndef SONDE_BASE_ARENA_H
#define SONDE_BASE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct mem *mem;
    struct arena_chunk *chunk; /* the newest; older ones hang off it */
    char *next, *end;          /* free bytes of the newest chunk */
};

/* Prepares an empty arena over mem; allocates nothing. */
void arena_init(struct arena *arena, struct mem *mem);

/* Gives every chunk back; the arena is empty and usable again. */
void arena_finish(struct arena *arena);

/* Returns count * size zeroed bytes aligned to align (a power of two up to 64), owned by the arena; NULL when count *
 * size overflows or mem is exhausted. A count or size of 0 gives a valid pointer to no bytes. */
void *arena_alloc(struct arena *arena, size_t count, size_t size, size_t align);

/* arena_alloc of count objects of a type. */
#define arena_new(arena, type, count) ((type *)arena_alloc((arena), (count), sizeof(type), alignof(type)))

/* Copies a string into the arena, NUL-terminated for the sake of C interfaces; p is NULL on exhaustion. */
struct str arena_str(struct arena *arena, struct str s);

/* Formats into the arena as printf does, NUL-terminated; p is NULL on exhaustion. */
struct str arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
