/* What the files of the timeline share; no other file needs it. */
#ifndef SONDE_TRACE_TIMELINE_STEP_H
#define SONDE_TRACE_TIMELINE_STEP_H

#include "trace/timeline.h"

/* Tell the sink, but for what is not in the range or in groups that were not asked for. */
void tell_slice(struct timeline *tl, struct timeline_slice slice);
void tell_instant(struct timeline *tl, const struct timeline_instant *instant);
/* The arrow's id; 0 where it was not told. */
uint64_t tell_arrow(struct timeline *tl, struct timeline_arrow arrow);
void tell_count(struct timeline *tl, enum timeline_counter counter, int64_t time, uint64_t a, uint64_t b, uint64_t c);

/* The text of a number. */
static inline struct str text_of(const struct timeline *tl, uint32_t text)
{
    return tl->frames.texts.at[text];
}

/* The number of a text; 0 with `failed` set on exhaustion. */
uint32_t number_of(struct timeline *tl, struct str text);

/* The node of a stack; 0 with `failed` set on exhaustion. */
uint32_t node_of(struct timeline *tl, const struct trace_table *table, uint64_t stack);

/* The name of a goroutine on rows of processors and threads, and of its own; valid until the next call. */
struct str goroutine_name(struct timeline *tl, const struct timeline_goroutine *g);

/* Tracks. */
void track_start(struct timeline *tl, struct timeline_track *track, enum timeline_group group, int64_t time,
                 int64_t row);
void track_stop(struct timeline *tl, struct timeline_goroutine *g, enum timeline_group group, int64_t time,
                uint32_t stack);
void track_syscall_begin(struct timeline_track *track, int64_t time, int64_t row, uint32_t stack);
void track_syscall_end(struct timeline *tl, struct timeline_track *track, int64_t time, bool blocked);
void track_range_begin(struct timeline *tl, struct timeline_track *track, uint32_t name, int64_t time, uint32_t stack);
void track_range_active(struct timeline *tl, struct timeline_track *track, uint32_t name);
void track_range_end(struct timeline *tl, struct timeline_track *track, uint32_t name, int64_t time, uint32_t stack);
void track_cause(struct timeline_track *track, struct timeline_row from, uint32_t name, int64_t time, uint32_t stack);
bool track_has_range(const struct timeline_track *track, uint32_t name);

static inline struct timeline_track *track_of(struct timeline_goroutine *g, enum timeline_group group)
{
    return &g->tracks[group == timeline_procs ? 0 : group == timeline_threads ? 1 : 2];
}

#endif
