/* A whole input as bytes: a file is mapped, what cannot be mapped is read, a URL is fetched, and gzip and zstd are
 * undone. */
#ifndef SONDE_CLI_INPUT_H
#define SONDE_CLI_INPUT_H

#include <stdbool.h>

#include "base/buf.h"

struct input {
    struct str bytes;
    void *mapping; /* NULL where the bytes are in `held` */
    size_t mapped;
    struct buf held;
};

/* Opens a file, a URL of http or https, or standard input for "-". False with a message without a line's end in `why`.
 */
bool input_open(struct input *input, const char *path, struct mem *mem, struct buf *why);
void input_close(struct input *input);

#endif
