/* /proc/self/maps line by line, without the C library's streams and without memory of its own. */
#ifndef SONDE_RUNTIME_MAPS_H
#define SONDE_RUNTIME_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { maps_line_max = 4096 + 128 };

struct maps {
    int fd;
    size_t from, to; /* bytes of buffer that were read and not handed out */
    char buffer[2 * maps_line_max];
};

struct maps_line {
    uint64_t start, limit, offset;
    bool executable;
    const char *path; /* "" for none; valid until the next maps_next */
};

/* False where the file can't be opened. */
bool maps_open(struct maps *maps);
bool maps_next(struct maps *maps, struct maps_line *line);
void maps_close(struct maps *maps);

#endif
