/* Pictures by graphviz, whose libraries are loaded when one is drawn and not before: they would cost every other report
 * more than the report itself.
 *
 * A picture is drawn in a process of its own: graphviz keeps state, may abort, and takes memory and time without bounds
 * for graphs without bounds; and whoever calls may have threads. What it has to say to people goes to stderr. */
#ifndef SONDE_REPORT_DRAWING_H
#define SONDE_REPORT_DRAWING_H

#include <stdbool.h>

#include "base/buf.h"

/* Draws the graph that a text in graphviz's language describes, in one of its formats ("svg", "png", ...), and appends
 * the picture to out. On failure returns false, appends one line without newline to error, and leaves out as it was. */
bool drawing_make(struct str dot, const char *format, struct buf *out, struct buf *error);

#endif
