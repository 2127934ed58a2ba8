#include "base/vec.h"

#include <stdint.h>

enum { smallest_room = 16 };

bool vec_grow(void **block, size_t *room, size_t n, size_t extra, size_t size, struct mem *mem)
{
    if (extra > SIZE_MAX / 2 / size - n)
        return false;
    size_t larger = *room < smallest_room ? smallest_room : *room * 2;
    if (larger < n + extra)
        larger = n + extra;
    void *grown = mem->resize(mem, *block, *room * size, larger * size);
    if (!grown)
        return false;
    *block = grown;
    *room = larger;
    return true;
}
