/* Hash maps from a 64-bit number, or from a string, to a 32-bit number: what dense ids are made with. */
#ifndef SONDE_BASE_MAP_H
#define SONDE_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

struct map_slot;

/* From uint64_t to uint32_t. Zero-initialize with the mem set. */
struct map {
    struct mem *mem;
    struct map_slot *slots;
    uint32_t n;    /* entries */
    uint32_t room; /* slots, a power of two, or 0 */
};

void map_init(struct map *map, struct mem *mem);
void map_finish(struct map *map);

/* The value of a key; NULL where it is absent. Valid until the next map_add. */
uint32_t *map_find(const struct map *map, uint64_t key);

/* Finds or adds a key (with `fresh` as its value where it is new) and returns where its value is, valid until the next
 * map_add; NULL on exhaustion. */
uint32_t *map_add(struct map *map, uint64_t key, uint32_t fresh);

/* Takes a key out; false where it is absent. Values of other keys may move. */
bool map_remove(struct map *map, uint64_t key);

struct str_map_slot;

/* From strings (not copied: they must outlive the map) to uint32_t. */
struct str_map {
    struct mem *mem;
    struct str_map_slot *slots;
    uint32_t n;
    uint32_t room;
};

void str_map_init(struct str_map *map, struct mem *mem);
void str_map_finish(struct str_map *map);
uint32_t *str_map_find(const struct str_map *map, struct str key);
uint32_t *str_map_add(struct str_map *map, struct str key, uint32_t fresh);

/* The values of many keys, in values[n]; `absent` for those that are not there. Faster than one after the other, since
 * the memory that several look-ups need is fetched at the same time. */
void str_map_find_all(const struct str_map *map, const struct str *keys, uint32_t n, uint32_t absent, uint32_t *values);

#endif
