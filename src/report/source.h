/* Source files of a profile, found and read as pprof does: by their name where it is absolute, else below the
 * directories of a search path and all directories above those. What is not on this machine is asked of a server of
 * debug information, where the environment names one. */
#ifndef SONDE_REPORT_SOURCE_H
#define SONDE_REPORT_SOURCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "symbol/debug_server.h"

struct source_file {
    struct str name;  /* as the profile gives it */
    struct str error; /* why it can't be shown; n is 0 where it can */
    struct buf bytes;
    VEC(struct str) lines; /* without their ends */
};

struct source_reader {
    struct mem *mem;
    struct arena *arena;
    struct str search_path, trim_path; /* the working directory where no search path was given */
    VEC(struct source_file *) files;   /* those asked for so far */
    const struct profile *profile;     /* whose build ids a server knows sources by */
    struct debug_server *server;       /* NULL until one is needed */
    bool server_sought;
    struct buf notes; /* of the server; not shown: that a file is missing is */
};

/* Prepares a reader whose texts go into the arena. False on exhaustion, or where there is no working directory. */
bool source_reader_init(struct source_reader *reader, const struct profile *profile, struct str search_path,
                        struct str trim_path, struct arena *arena, struct mem *mem);
void source_reader_finish(struct source_reader *reader);

/* The file of a name that was read before; NULL where it was not. */
const struct source_file *source_known(const struct source_reader *reader, struct str name);

/* Reads the file of a name that is not known yet; it is valid as long as the reader. NULL on exhaustion. */
const struct source_file *source_read(struct source_reader *reader, struct str name);

#endif
