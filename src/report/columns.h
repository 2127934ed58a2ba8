/* Text with tabs into aligned columns, by the rules of Go's text/tabwriter (elastic tab stops: a column is as wide as
 * the widest of the cells that stand below each other without a gap), cells to the right with one space before them. */
#ifndef SONDE_REPORT_COLUMNS_H
#define SONDE_REPORT_COLUMNS_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends the text with its columns aligned; false on exhaustion. */
bool columns_put(struct buf *out, struct str text, struct mem *mem);

#endif
