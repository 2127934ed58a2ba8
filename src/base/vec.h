/* Growable arrays of one type, on a struct mem:
 *
 *     VEC(uint32_t) ids = {0};
 *     if (!vec_push(&ids, mem, 7)) ...exhausted...
 *     ids.at[0]; ids.n;
 *     vec_finish(&ids, mem);
 */
#ifndef SONDE_BASE_VEC_H
#define SONDE_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        size_t n;                                                                                                      \
        size_t room;                                                                                                   \
    }

/* Makes room for `extra` more elements; false on exhaustion or overflow. */
#define vec_reserve(vec, mem, extra)                                                                                   \
    ((extra) <= (vec)->room - (vec)->n ||                                                                              \
     vec_grow((void **)&(vec)->at, &(vec)->room, (vec)->n, (extra), sizeof *(vec)->at, (mem)))

/* Appends a value; false on exhaustion. */
#define vec_push(vec, mem, ...) (vec_reserve((vec), (mem), 1) && ((vec)->at[(vec)->n++] = (__VA_ARGS__), true))

/* Frees the elements; the vector is empty and usable again. */
#define vec_finish(vec, mem)                                                                                           \
    do {                                                                                                               \
        mem_put((mem), (vec)->at, (vec)->room * sizeof *(vec)->at);                                                    \
        (vec)->at = NULL;                                                                                              \
        (vec)->n = (vec)->room = 0;                                                                                    \
    } while (0)

/* Grows a block of *room elements of `size` bytes to hold n + extra, at least doubling it. For the macros above. */
bool vec_grow(void **block, size_t *room, size_t n, size_t extra, size_t size, struct mem *mem);

#endif
