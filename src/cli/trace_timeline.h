/* `sonde trace -timeline`: a trace drawn in the terminal, or as JSON for whoever draws it elsewhere. */
#ifndef SONDE_CLI_TRACE_TIMELINE_H
#define SONDE_CLI_TRACE_TIMELINE_H

#include "cli/input.h"
#include "trace/columns.h"

struct trace_timeline {
    const char *file;  /* the trace's name, for messages */
    const char *range; /* a part of the trace's time; NULL for all of it */
    const char *rows;  /* which, with commas between them; NULL for the usual */
    const char *width; /* columns, or pixels; NULL for the terminal's */
    bool json;
};

/* Whether the values of all flags are understood, which trace_timeline takes for granted; says which is not on the
 * standard error. */
bool trace_timeline_check(const struct trace_timeline *timeline);

/* Draws a trace on the standard output; the exit status. What is wrong is said on the standard error. */
int trace_timeline(const struct trace_timeline *timeline, struct input *input, struct str bytes);

enum picture_row_kind {
    row_counter, /* one of the values */
    row_running, /* goroutines by state: */
    row_runnable,
    row_waiting,
    row_gc,
    row_stw,
    row_proc,
    row_thread,
    row_goroutine,
};

/* A row that is to be drawn. */
struct picture_row {
    enum picture_row_kind kind;
    uint32_t index;          /* of the value, processor, thread or goroutine */
    const struct lane *lane; /* NULL for the population */
    struct str label;
};

/* What is drawn. */
struct picture {
    const struct columns *columns;
    int64_t begin, end;
    uint32_t width;
    uint32_t label_width; /* characters, of text */
    bool in_color;
    VEC(struct picture_row) rows;
    uint64_t left_out;  /* goroutines that were not asked for by number, and are not drawn */
    struct arena arena; /* labels */
};

void picture_print_text(const struct picture *picture, struct buf *out);
void picture_print_json(const struct picture *picture, struct buf *out);

#endif
