/* Open addressing with linear probing, at most two thirds full: one cache line for most look-ups. */
#include "base/map.h"

#include <string.h>

#include "base/hash.h"

struct map_slot {
    uint64_t key;
    uint32_t value;
    bool used;
};

struct str_map_slot {
    struct str key;
    uint32_t hash;
    uint32_t value;
    bool used;
};

enum { smallest_room = 16, batch = 32 };

static bool full(uint32_t n, uint32_t room)
{
    return (uint64_t)n * 3 >= (uint64_t)room * 2;
}

/* The number of slots after growing; 0 where there can be no more. */
static uint32_t larger_room(uint32_t room)
{
    return room == 0 ? smallest_room : room > UINT32_MAX / 2 ? 0 : room * 2;
}

/* Allocates zeroed slots; NULL on exhaustion. */
static void *new_slots(struct mem *mem, uint32_t room, size_t size)
{
    void *slots = mem_get_array(mem, room, size);
    if (slots)
        memset(slots, 0, room * size);
    return slots;
}

void map_init(struct map *map, struct mem *mem)
{
    *map = (struct map){.mem = mem};
}

void map_finish(struct map *map)
{
    mem_put(map->mem, map->slots, map->room * sizeof *map->slots);
    map_init(map, map->mem);
}

/* The slot that holds the key, or the free one where it belongs. The table must have a free slot. */
static struct map_slot *map_probe(const struct map *map, uint64_t key)
{
    uint32_t mask = map->room - 1;
    for (uint32_t i = (uint32_t)hash_u64(key) & mask;; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (!slot->used || slot->key == key)
            return slot;
    }
}

static bool map_grow(struct map *map)
{
    struct map grown = {map->mem, NULL, map->n, larger_room(map->room)};
    grown.slots = new_slots(map->mem, grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    for (uint32_t i = 0; i < map->room; i++) {
        if (map->slots[i].used)
            *map_probe(&grown, map->slots[i].key) = map->slots[i];
    }
    map_finish(map);
    *map = grown;
    return true;
}

uint32_t *map_find(const struct map *map, uint64_t key)
{
    if (map->room == 0)
        return NULL;
    struct map_slot *slot = map_probe(map, key);
    return slot->used ? &slot->value : NULL;
}

uint32_t *map_add(struct map *map, uint64_t key, uint32_t fresh)
{
    if (full(map->n, map->room) && !map_grow(map))
        return NULL;
    struct map_slot *slot = map_probe(map, key);
    if (!slot->used) {
        *slot = (struct map_slot){key, fresh, true};
        map->n++;
    }
    return &slot->value;
}

bool map_remove(struct map *map, uint64_t key)
{
    if (map->room == 0)
        return false;
    struct map_slot *hole = map_probe(map, key);
    if (!hole->used)
        return false;
    /* Pull back every later entry of the run that would not be found behind the hole. */
    uint32_t mask = map->room - 1, at = (uint32_t)(hole - map->slots);
    for (uint32_t i = (at + 1) & mask; map->slots[i].used; i = (i + 1) & mask) {
        uint32_t home = (uint32_t)hash_u64(map->slots[i].key) & mask;
        if (((i - home) & mask) >= ((i - at) & mask)) {
            map->slots[at] = map->slots[i];
            at = i;
        }
    }
    map->slots[at].used = false;
    map->n--;
    return true;
}

void str_map_init(struct str_map *map, struct mem *mem)
{
    *map = (struct str_map){.mem = mem};
}

void str_map_finish(struct str_map *map)
{
    mem_put(map->mem, map->slots, map->room * sizeof *map->slots);
    str_map_init(map, map->mem);
}

static struct str_map_slot *str_map_probe(const struct str_map *map, struct str key, uint32_t hash)
{
    uint32_t mask = map->room - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        struct str_map_slot *slot = &map->slots[i];
        if (!slot->used || (slot->hash == hash && str_equal(slot->key, key)))
            return slot;
    }
}

static bool str_map_grow(struct str_map *map)
{
    struct str_map grown = {map->mem, NULL, map->n, larger_room(map->room)};
    grown.slots = new_slots(map->mem, grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    for (uint32_t i = 0; i < map->room; i++) {
        if (map->slots[i].used)
            *str_map_probe(&grown, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    }
    str_map_finish(map);
    *map = grown;
    return true;
}

uint32_t *str_map_find(const struct str_map *map, struct str key)
{
    if (map->room == 0)
        return NULL;
    struct str_map_slot *slot = str_map_probe(map, key, (uint32_t)hash_bytes(key.p, key.n));
    return slot->used ? &slot->value : NULL;
}

/* At most `batch` keys: their slots are asked for first, then the texts that those name. */
static void find_batch(const struct str_map *map, const struct str *keys, uint32_t n, uint32_t absent, uint32_t *values)
{
    uint32_t hashes[batch], mask = map->room - 1;
    for (uint32_t i = 0; i < n; i++) {
        hashes[i] = (uint32_t)hash_bytes(keys[i].p, keys[i].n);
        __builtin_prefetch(&map->slots[hashes[i] & mask]);
    }
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(map->slots[hashes[i] & mask].key.p);
    for (uint32_t i = 0; i < n; i++) {
        const struct str_map_slot *slot = str_map_probe(map, keys[i], hashes[i]);
        values[i] = slot->used ? slot->value : absent;
    }
}

void str_map_find_all(const struct str_map *map, const struct str *keys, uint32_t n, uint32_t absent, uint32_t *values)
{
    for (uint32_t i = 0; i < n && map->room == 0; i++)
        values[i] = absent;
    for (uint32_t i = 0; i < n && map->room > 0; i += batch)
        find_batch(map, keys + i, n - i < batch ? n - i : batch, absent, values + i);
}

uint32_t *str_map_add(struct str_map *map, struct str key, uint32_t fresh)
{
    if (full(map->n, map->room) && !str_map_grow(map))
        return NULL;
    uint32_t hash = (uint32_t)hash_bytes(key.p, key.n);
    struct str_map_slot *slot = str_map_probe(map, key, hash);
    if (!slot->used) {
        *slot = (struct str_map_slot){key, hash, fresh, true};
        map->n++;
    }
    return &slot->value;
}
