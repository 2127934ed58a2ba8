/* Where a report's bytes go. */
#ifndef SONDE_CLI_OUTPUT_H
#define SONDE_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

struct output {
    int fd;           /* -1 while the file is not created */
    const char *path; /* NULL for the standard output */
    bool failed;
    int reason; /* errno of the failure */
    bool fresh; /* the file was made anew, under a name of its own, and is still empty */
};

/* The standard output. */
struct output output_stdout(void);

/* Creates or empties a file. The path is borrowed. False with the reason in error. */
bool output_create(struct output *output, const char *path, struct buf *error);

/* A file that is created or emptied only when the first bytes come or it is closed: a report that fails leaves what was
 * there alone. The path is borrowed. */
struct output output_later(const char *path);

/* Creates the first of DIR/PREFIX001.SUFFIX, 002, ... that does not exist, and appends its path to `path` (with a NUL
 * that is not counted), which must outlive the output. dir "" is the current one. False with the reason in error. */
bool output_create_numbered(struct output *output, const char *dir, const char *prefix, const char *suffix,
                            struct buf *path, struct buf *error);

/* Writes bytes; failure is kept for output_close. */
void output_write(struct output *output, struct str bytes);

/* Gives a file up to which nothing was written: it is not created, or one made anew removed. What was written stays. */
void output_discard(struct output *output);

/* Closes the file. False, with the reason in error, where anything could not be written. */
bool output_close(struct output *output, struct buf *error);

#endif
