/* How a report writes its amounts. */
#ifndef SONDE_REPORT_FIGURE_H
#define SONDE_REPORT_FIGURE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct figures {
    double ratio;        /* values are multiplied by it (0 or 1: not) */
    struct str from, to; /* the profile's unit; the one to print in */
    int64_t total;       /* what percentages are of */
    bool signs;          /* percentages of what became less are negative */
};

/* Appends a value with its unit. */
void figure_put(struct buf *out, const struct figures *figures, int64_t value);

/* As figure_put, filled up with spaces on the left to `width` characters. */
void figure_put_wide(struct buf *out, const struct figures *figures, int64_t value, size_t width);

/* As figure_put_wide, with a dot for 0. */
void figure_put_dotted(struct buf *out, const struct figures *figures, int64_t value, size_t width);

/* Appends what share of `whole` a value is: as measure_put_percentage does, or with its sign and a character wider. */
void figure_put_percentage(struct buf *out, const struct figures *figures, int64_t value, int64_t whole);

/* Appends a percentage of the total without the spaces around it. */
void figure_put_share(struct buf *out, const struct figures *figures, int64_t value);

/* How many characters of UTF-8 a text has, as Go counts them: a byte that belongs to none counts as one. */
size_t figure_characters(struct str text);

/* Moves what was written from `start` on to the right until it takes `width` characters (of UTF-8). */
void figure_widen(struct buf *out, size_t start, size_t width);

#endif
