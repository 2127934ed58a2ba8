/* `sonde trace -format=...`: a trace in another form. */
#ifndef SONDE_CLI_TRACE_CONVERT_H
#define SONDE_CLI_TRACE_CONVERT_H

#include <stdbool.h>

#include "base/str.h"

struct trace_conversion {
    const char *file;   /* the trace's name, for messages */
    const char *format; /* the form to write */
    const char *out;    /* a file to write it to; NULL for the standard output */
    const char *range;  /* a part of the trace's time; NULL for all of it */
    const char
        *goroutine;   /* the goroutines to keep, by number or the function they start in, with commas between them */
    const char *view; /* the groups of rows to draw, with commas between them; NULL for all */
};

/* Whether the values of all flags are understood and belong together, which trace_convert takes for granted; says which
 * is not on the standard error. */
bool trace_convert_check(const struct trace_conversion *conversion);

/* Writes a trace in another form; the exit status. What is wrong is said on the standard error. */
int trace_convert(const struct trace_conversion *conversion, struct str bytes);

#endif
