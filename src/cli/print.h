/* Text of the tool's own on its streams. */
#ifndef SONDE_CLI_PRINT_H
#define SONDE_CLI_PRINT_H

#include <stdio.h>

#include "base/buf.h"

/* Writes what a buffer holds. */
void print_buf(FILE *to, const struct buf *text);

/* Writes what a buffer holds to stderr, and empties it. */
void print_notes(struct buf *notes);

#endif
