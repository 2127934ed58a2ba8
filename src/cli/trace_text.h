/* Pieces of text that several of `sonde trace`'s answers are made of. */
#ifndef SONDE_CLI_TRACE_TEXT_H
#define SONDE_CLI_TRACE_TEXT_H

#include "base/buf.h"
#include "cli/grid.h"
#include "trace/course.h"
#include "trace/places.h"
#include "trace/quantiles.h"

/* Appends a number with commas between thousands. */
void trace_put_count(struct buf *out, uint64_t n);
void grid_count(struct grid *grid, uint64_t n);

/* A time from the trace's begin, in seconds, as -range takes it. */
void grid_time(struct grid *grid, int64_t ns);

/* Appends a bar of small blocks, one column for each of `columns` equal parts of a span, as high as the course is
 * there in proportion to `full` ns a ns. */
void trace_put_spark(struct buf *out, const struct course *course, int64_t from, int64_t to, double full,
                     unsigned columns);

/* Appends a stack as one line: the first function that is not the runtime's, its file and line, and up to `callers`
 * functions that called it. "(no stack)" for none. */
void trace_put_place(struct buf *out, const struct places *places, uint32_t stack, unsigned callers);

/* The text of a start function's name. */
struct str trace_group_name(const struct places *places, uint32_t name);

/* Whether a start function is of Go's own runtime. */
bool trace_is_runtime_start(struct str name);

/* Appends how many lengths are in each power of ten, with bars. */
void trace_put_decades(struct buf *out, const struct quantiles *quantiles);

/* Appends "p50 1.2us, p90 ..., p99 ..., longest ...". */
void trace_put_quantiles(struct buf *out, const struct quantiles *quantiles);

#endif
