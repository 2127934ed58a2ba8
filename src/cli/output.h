/* Where a report's bytes go. */
#ifndef SONDE_CLI_OUTPUT_H
#define SONDE_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

struct output {
    int fd;
    const char *path; /* NULL for the standard output */
    bool failed;
};

/* The standard output. */
struct output output_stdout(void);

/* Creates or empties a file. The path is borrowed. False with the reason in error. */
bool output_create(struct output *output, const char *path, struct buf *error);

/* Creates the first of DIR/PREFIX001.SUFFIX, 002, ... that does not exist, and appends its path to `path` (with a NUL
 * that is not counted), which must outlive the output. dir "" is the current one. False with the reason in error. */
bool output_create_numbered(struct output *output, const char *dir, const char *prefix, const char *suffix,
                            struct buf *path, struct buf *error);

/* Writes bytes; failure is kept for output_close. */
void output_write(struct output *output, struct str bytes);

/* Closes the file. False, with the reason in error, where anything could not be written. */
bool output_close(struct output *output, struct buf *error);

#endif
