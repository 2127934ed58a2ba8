/* The symbol cache: on disk, for each build id, what debug information said of the addresses that were asked for, so
 * that the second look at a program reads none. A folder of files, each written anew beside the old one and put in its
 * place, so that readers and other writers never see half of one; whoever writes keeps the whole within bounds. */
#ifndef SONDE_SYMBOL_SYMBOL_CACHE_H
#define SONDE_SYMBOL_SYMBOL_CACHE_H

#include "symbol/binary.h"

struct symbol_cache {
    const char *folder; /* absolute; it and its parents are made when something is written. NULL for no cache. */
    uint64_t limit;     /* bytes of all files together */
};

/* The cache of this user: $XDG_CACHE_HOME/sonde/symbols, or ~/.cache/sonde/symbols. None where neither is known, or
 * where SONDE_SYMBOL_CACHE in the environment is 0. The path is written into `path`. */
struct symbol_cache symbol_cache_of_user(struct buf *path);

/* As binary_resolve, by the cache where it knows the addresses; what it does not know it learns. A cache that cannot be
 * read or written is as none. */
bool symbol_cache_resolve(const struct symbol_cache *cache, struct binary *binary, struct mem *mem,
                          const uint64_t *addresses, size_t n, binary_sink *sink, void *to);

#endif
