/* Where profiles come from: files, the standard input, URLs. All that a command line names is read at the same time,
 * and what cannot be read is told and left out, as go tool pprof does it. */
#ifndef SONDE_CLI_SOURCE_H
#define SONDE_CLI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/transfer.h"

struct source {
    const char *name; /* as given; borrowed */
    struct buf bytes; /* what came of it */
    struct buf url;   /* where it was fetched, NUL-terminated (not counted); empty for files */
    struct buf error; /* why nothing came of it; one line; empty on success */
};

struct source_options {
    int64_t seconds, timeout; /* -1 where not given */
    struct transfer_tls tls;
};

/* Prepares n sources with their names. */
void sources_init(struct source *sources, size_t n, const char *const *names, struct mem *mem);
void sources_finish(struct source *sources, size_t n);

/* Reads all of them, telling on stderr what is fetched from where, and while that takes time, on a terminal, how long
 * it has taken. A source that failed has its error set. */
void sources_read(struct source *sources, size_t n, const struct source_options *options);

/* Lets the kernel take back the memory of bytes that were read and are there in a file. */
void source_let_go(const struct source *source);

/* Replaces what is compressed with zstd by what is in it; gzip is left to those who read profiles. Sets the source's
 * error where that fails. */
void source_unpack(struct source *source);

#endif
