#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the whole block, this header included */
};

/* Chunks double up to the largest, so that a small arena costs a page and a large one few calls. */
enum { chunk_smallest = 4096, chunk_largest = 1 << 20, align_largest = 64 };

void arena_init(struct arena *arena, struct mem *mem)
{
    *arena = (struct arena){.mem = mem};
}

void arena_finish(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunk; chunk;) {
        struct arena_chunk *older = chunk->older;
        mem_put(arena->mem, chunk, chunk->size);
        chunk = older;
    }
    arena_init(arena, arena->mem);
}

static size_t next_chunk_size(const struct arena *arena)
{
    if (!arena->chunk)
        return chunk_smallest;
    return arena->chunk->size >= chunk_largest / 2 ? chunk_largest : arena->chunk->size * 2;
}

/* Adds a chunk with room for size bytes at any alignment; false on exhaustion. */
static int arena_grow(struct arena *arena, size_t size)
{
    size_t need = sizeof(struct arena_chunk) + align_largest + size;
    if (need < size)
        return 0;
    size_t chunk_size = next_chunk_size(arena);
    if (chunk_size < need)
        chunk_size = need;
    struct arena_chunk *chunk = mem_get(arena->mem, chunk_size);
    if (!chunk)
        return 0;
    *chunk = (struct arena_chunk){arena->chunk, chunk_size};
    arena->chunk = chunk;
    arena->next = (char *)(chunk + 1);
    arena->end = (char *)chunk + chunk_size;
    return 1;
}

static size_t padding(const char *p, size_t align)
{
    return -(uintptr_t)p & (align - 1);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size, size_t align)
{
    if (size != 0 && count > (SIZE_MAX >> 1) / size)
        return NULL;
    size_t bytes = count * size;
    size_t pad = padding(arena->next, align);
    if (!arena->chunk || (size_t)(arena->end - arena->next) < bytes + pad) {
        if (!arena_grow(arena, bytes))
            return NULL;
        pad = padding(arena->next, align);
    }
    char *block = arena->next + pad;
    arena->next = block + bytes;
    return memset(block, 0, bytes);
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = arena_new(arena, char, s.n + 1);
    if (!copy)
        return (struct str){0};
    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return (struct str){copy, s.n};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : arena_new(arena, char, (size_t)length + 1);
    if (!text)
        return (struct str){0};
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return (struct str){text, (size_t)length};
}
