/* What runs in the reader's browser: the files of this folder that tools/embed puts into the program. */
#ifndef SONDE_REPORT_SCRIPTS_H
#define SONDE_REPORT_SCRIPTS_H

#include "base/str.h"

/* Moves and scales the element "viewport" of the SVG document that it stands in. */
extern const struct str pan_zoom_script;

#endif
