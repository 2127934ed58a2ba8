/* Lines of cells set in columns by tabs, with the widths that Go's text/tabwriter chooses for them in the texts of
 * runtime/pprof (cells of at least 1, tabs of 8, one blank between, padded with tabs). */
#ifndef SONDE_RUNTIME_COLUMNS_H
#define SONDE_RUNTIME_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

enum { columns_most = 4 };

struct columns_line {
    struct {
        size_t begin, end; /* in the text */
        uint32_t width;    /* characters */
    } cells[columns_most];
    unsigned ncells; /* the last is not padded and in no column */
};

struct columns {
    struct buf text; /* of the cells */
    VEC(struct columns_line) lines;
    bool failed;
};

void columns_init(struct columns *columns, struct mem *mem);
void columns_finish(struct columns *columns);

/* Appends a cell to the last line; the text is copied. */
void columns_cell(struct columns *columns, struct str text);

/* Begins a line. */
void columns_line(struct columns *columns);

/* Appends the lines to out and forgets them; false on exhaustion. */
bool columns_flush(struct columns *columns, struct buf *out);

#endif
