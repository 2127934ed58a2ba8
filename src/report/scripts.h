/* What runs in the reader's browser: the files of this folder that tools/embed puts into the program. */
#ifndef SONDE_REPORT_SCRIPTS_H
#define SONDE_REPORT_SCRIPTS_H

#include "base/str.h"

/* Moves and scales the element "viewport" of the SVG document that it stands in. */
extern const struct str pan_zoom_script;

/* What the scripts of both flame graphs share; it stands before them, within one function. */
extern const struct str flame_names_script;

/* Of the flame graph in SVG. */
extern const struct str flame_svg_style, flame_svg_script;

/* Of the page with a flame graph: what stands before the title, behind it, and behind the data. */
extern const struct str flame_page_style, flame_page_body, flame_page_script;

#endif
