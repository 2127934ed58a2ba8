/* Hashing for tables: fast and well mixed; not for adversaries, so a table bounds its probes by growing. */
#ifndef SONDE_BASE_HASH_H
#define SONDE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Mixes a 64-bit number into another; every bit of the input reaches the high bits of the result. */
static inline uint64_t hash_u64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

/* Folds one more word into a running hash. */
static inline uint64_t hash_fold(uint64_t hash, uint64_t word)
{
    __uint128_t product = (__uint128_t)(hash ^ word ^ 0x2d358dccaa6c78a5u) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint64_t hash = size, word;
    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&word, p, 8);
        hash = hash_fold(hash, word);
    }
    word = 0;
    if (size > 0)
        memcpy(&word, p, size);
    return hash_u64(hash_fold(hash, word));
}

#endif
