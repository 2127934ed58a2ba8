/* Showing a file in another program: a browser, a viewer of pictures, kcachegrind. What is shown is a temporary file,
 * which stays until sonde ends, as a viewer may read it late. */
#ifndef SONDE_CLI_VIEWER_H
#define SONDE_CLI_VIEWER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

enum viewer { viewer_none, viewer_browser, viewer_eog, viewer_evince, viewer_gv, viewer_kcachegrind };

/* Shows a file in the first of the viewer's programs that can be started: for viewer_browser what BROWSER names, then
 * the usual browsers, then xdg-open where there is a DISPLAY. Returns a second later at the earliest, so that the
 * program has the time to read the file. With `wait` it returns when the program has ended, and its failure is one;
 * without, the program runs on by itself, and signals from the terminal do not reach it. False with a line in error. */
bool viewer_show(enum viewer viewer, const char *path, bool wait, struct buf *error);

/* Files made for viewers. */
struct shown_files {
    struct arena arena;
    VEC(const char *) paths;
};

void shown_files_init(struct shown_files *files, struct mem *mem);

/* Creates pprofNNN.SUFFIX, empty, in the folder for temporary files. NULL with a line in error. */
const char *shown_files_add(struct shown_files *files, const char *suffix, struct buf *error);

/* Deletes the files. */
void shown_files_finish(struct shown_files *files);

#endif
