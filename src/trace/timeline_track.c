/* A goroutine on the rows of processors or threads, as go tool trace draws it: a slice for each run, told when it ends,
 * and within it the system calls and ranges that it had. A range that is open while the goroutine does not run is drawn
 * on each of its runs. */
#include "trace/timeline_step.h"

void track_cause(struct timeline_track *track, struct timeline_row from, uint32_t name, int64_t time, uint32_t stack)
{
    track->has_cause = true;
    track->cause_row = from;
    track->cause_name = name;
    track->cause_time = time;
    track->cause_stack = stack;
}

void track_start(struct timeline *tl, struct timeline_track *track, enum timeline_group group, int64_t time,
                 int64_t row)
{
    for (size_t i = 0; i < track->open.n; i++)
        track->open.at[i] = (struct timeline_open){.name = track->open.at[i].name, .runs = true, .time = time};
    track->arrow = 0;
    if (track->has_cause) {
        struct timeline_arrow arrow = {.name = text_of(tl, track->cause_name),
                                       .from = track->cause_row,
                                       .to = {group, row},
                                       .start = track->cause_time,
                                       .end = time,
                                       .stack = track->cause_stack};
        track->arrow = tell_arrow(tl, arrow);
        track->has_cause = false;
    }
    track->runs = true;
    track->row = row;
    track->since = time;
}

void track_stop(struct timeline *tl, struct timeline_goroutine *g, enum timeline_group group, int64_t time,
                uint32_t stack)
{
    struct timeline_track *track = track_of(g, group);
    if (!track->runs)
        return;
    struct timeline_row row = {group, track->row};
    tell_slice(tl, (struct timeline_slice){.row = row,
                                           .kind = timeline_run,
                                           .name = goroutine_name(tl, g),
                                           .start = track->since,
                                           .end = time,
                                           .stack = track->last_stack,
                                           .end_stack = stack,
                                           .arrow = track->arrow});
    for (size_t i = 0; i < track->done.n; i++) {
        const struct timeline_done *done = &track->done.at[i];
        tell_slice(tl, (struct timeline_slice){.row = row,
                                               .kind = done->kind,
                                               .name = text_of(tl, done->name),
                                               .start = done->start,
                                               .end = done->end,
                                               .stack = done->stack,
                                               .end_stack = done->end_stack,
                                               .has_blocked = done->has_blocked,
                                               .blocked = done->blocked});
    }
    track->done.n = 0;
    for (size_t i = 0; i < track->open.n; i++) {
        struct timeline_open *open = &track->open.at[i];
        if (open->runs)
            tell_slice(tl, (struct timeline_slice){.row = row,
                                                   .kind = timeline_range,
                                                   .name = text_of(tl, open->name),
                                                   .start = open->time,
                                                   .end = time,
                                                   .stack = open->stack});
        *open = (struct timeline_open){.name = open->name};
    }
    track->runs = false;
    track->last_stack = stack;
}

void track_syscall_begin(struct timeline_track *track, int64_t time, int64_t row, uint32_t stack)
{
    track->in_syscall = true;
    track->syscall_since = time;
    track->syscall_stack = stack;
    if (!track->runs) {
        track->runs = true;
        track->row = row;
        track->since = time;
        track->arrow = 0;
    }
}

static void push_done(struct timeline *tl, struct timeline_track *track, struct timeline_done done)
{
    if (!vec_push(&track->done, tl->mem, done))
        tl->failed = true;
}

void track_syscall_end(struct timeline *tl, struct timeline_track *track, int64_t time, bool blocked)
{
    if (!track->in_syscall)
        return;
    push_done(tl, track,
              (struct timeline_done){.name = number_of(tl, STR("syscall")),
                                     .kind = timeline_syscall,
                                     .start = track->syscall_since,
                                     .end = time,
                                     .stack = track->syscall_stack,
                                     .has_blocked = true,
                                     .blocked = blocked});
    track->in_syscall = false;
}

/* The position of an open range, or how many there are. */
static size_t find_open(const struct timeline_track *track, uint32_t name)
{
    size_t i = 0;
    while (i < track->open.n && track->open.at[i].name != name)
        i++;
    return i;
}

bool track_has_range(const struct timeline_track *track, uint32_t name)
{
    return find_open(track, name) < track->open.n;
}

static void open_range(struct timeline *tl, struct timeline_track *track, struct timeline_open open)
{
    size_t i = find_open(track, open.name);
    if (i < track->open.n)
        track->open.at[i] = open;
    else if (!vec_push(&track->open, tl->mem, open))
        tl->failed = true;
}

void track_range_begin(struct timeline *tl, struct timeline_track *track, uint32_t name, int64_t time, uint32_t stack)
{
    open_range(tl, track, (struct timeline_open){name, track->runs, time, stack});
}

/* Said at the begin of each generation; news only of a range that began before the trace. */
void track_range_active(struct timeline *tl, struct timeline_track *track, uint32_t name)
{
    if (!track_has_range(track, name))
        open_range(tl, track, (struct timeline_open){name, track->runs, track->since, 0});
}

void track_range_end(struct timeline *tl, struct timeline_track *track, uint32_t name, int64_t time, uint32_t stack)
{
    size_t i = find_open(track, name);
    if (i == track->open.n)
        return;
    struct timeline_open open = track->open.at[i];
    if (track->runs && open.runs)
        push_done(tl, track,
                  (struct timeline_done){.name = name,
                                         .kind = timeline_range,
                                         .start = open.time,
                                         .end = time,
                                         .stack = open.stack,
                                         .end_stack = stack});
    track->open.at[i] = track->open.at[--track->open.n];
}
