/* Which URL each mapping of a profile came from, and asking there for the names of functions. */
#ifndef SONDE_CLI_ORIGINS_H
#define SONDE_CLI_ORIGINS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/vec.h"
#include "cli/transfer.h"
#include "profile/profile.h"

/* A mapping as its source had it. */
struct origin {
    struct str key; /* its build id, or else its file */
    struct str url; /* of the profile; NUL-terminated */
    uint64_t start;
};

struct origins {
    struct arena arena;
    VEC(struct origin) all;
};

void origins_init(struct origins *origins, struct mem *mem);
void origins_finish(struct origins *origins);

/* Remembers where the mappings of a profile came from. One without build id and file gets the URL as its file, until
 * origins_forget. False on exhaustion. */
bool origins_add(struct origins *origins, struct profile *profile, struct str url);

/* Asks the sources for the names of the locations that have none (those of mappings with names only where force is
 * set). What could not be asked is a line in notes. False on exhaustion. */
bool origins_symbolize(const struct origins *origins, struct profile *profile, bool force,
                       const struct transfer_tls *tls, struct buf *notes);

/* Takes URLs off the mappings that have them as file. */
void origins_forget(struct profile *profile);

#endif
