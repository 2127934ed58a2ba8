/* Graphviz's SVG made fit for a browser: it fills the window and can be moved and scaled. What comes out is what
 * google's pprof makes of the same input (internal/driver/svg.go) but for the text of the script. */
#ifndef SONDE_REPORT_SVG_VIEWPORT_H
#define SONDE_REPORT_SVG_VIEWPORT_H

#include "base/buf.h"

/* Appends the document: with its width, height and view box replaced by all of the window, and its graph put into an
 * element "viewport" behind the script. A document without these parts is appended as it is, with those changes that
 * apply. */
void svg_put_viewport(struct buf *out, struct str svg);

#endif
