/* Rows of texts with columns aligned: what tables on a terminal are made of. Cells are added from left to right, row by
 * row; the first row may be a header. */
#ifndef SONDE_CLI_GRID_H
#define SONDE_CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

struct grid {
    struct mem *mem;
    struct buf text;
    VEC(size_t) ends; /* of each cell in `text` */
    size_t columns;
    uint64_t left; /* columns, as bits, that are aligned to the left; all others to the right */
    unsigned indent;
};

void grid_init(struct grid *grid, struct mem *mem, size_t columns);
void grid_finish(struct grid *grid);

/* Ends the cell that was written to grid->text. */
void grid_end_cell(struct grid *grid);

/* Adds a cell. A duration is as Go prints it, or rounded to three digits or so. */
void grid_text(struct grid *grid, struct str text);
void grid_int(struct grid *grid, int64_t value);
void grid_duration(struct grid *grid, int64_t ns);
void grid_brief(struct grid *grid, int64_t ns);
void grid_percent(struct grid *grid, double part, double whole);

/* A text of which no more than `most` columns are shown, its middle left out; all of it where `most` is 0. */
void grid_short(struct grid *grid, struct str text, size_t most);

/* A text of which no more than `most` columns are shown, its end left out; all of it where `most` is 0. */
void grid_cut(struct grid *grid, struct str text, size_t most);

/* Prints the rows; one whose cells are all empty is an empty line. */
void grid_print(const struct grid *grid, struct buf *out);

/* Appends a duration with three digits that matter: "1.23ms", "45.6µs", "789ns", "12m3s". */
void buf_brief(struct buf *out, int64_t ns);

/* Appends a count of bytes: "512 B", "1.5 kB", "23.4 MB". */
void buf_size(struct buf *out, uint64_t bytes);

/* How wide a text is on the screen: its code points. */
size_t grid_width(struct str s);

#endif
