/* A goroutine on the rows of processors or threads, as go tool trace draws it: a slice for each run, told when it ends,
 * and within it the system calls and ranges that it had. A range that is open while the goroutine does not run is drawn
 * on each of its runs. */
#include "trace/timeline_step.h"

void lane_cause(struct timeline_lane *lane, struct timeline_row from, uint32_t name, int64_t time, uint32_t stack)
{
    lane->has_cause = true;
    lane->cause_row = from;
    lane->cause_name = name;
    lane->cause_time = time;
    lane->cause_stack = stack;
}

void lane_start(struct timeline *tl, struct timeline_lane *lane, enum timeline_group group, int64_t time, int64_t row)
{
    for (size_t i = 0; i < lane->open.n; i++)
        lane->open.at[i] = (struct timeline_open){.name = lane->open.at[i].name, .runs = true, .time = time};
    lane->arrow = 0;
    if (lane->has_cause) {
        struct timeline_arrow arrow = {.name = text_of(tl, lane->cause_name),
                                       .from = lane->cause_row,
                                       .to = {group, row},
                                       .start = lane->cause_time,
                                       .end = time,
                                       .stack = lane->cause_stack};
        lane->arrow = tell_arrow(tl, arrow);
        lane->has_cause = false;
    }
    lane->runs = true;
    lane->row = row;
    lane->since = time;
}

void lane_stop(struct timeline *tl, struct timeline_goroutine *g, enum timeline_group group, int64_t time,
               uint32_t stack)
{
    struct timeline_lane *lane = lane_of(g, group);
    if (!lane->runs)
        return;
    struct timeline_row row = {group, lane->row};
    tell_slice(tl, (struct timeline_slice){.row = row,
                                           .kind = timeline_run,
                                           .name = goroutine_name(tl, g),
                                           .start = lane->since,
                                           .end = time,
                                           .stack = lane->last_stack,
                                           .end_stack = stack,
                                           .arrow = lane->arrow});
    for (size_t i = 0; i < lane->done.n; i++) {
        const struct timeline_done *done = &lane->done.at[i];
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
    lane->done.n = 0;
    for (size_t i = 0; i < lane->open.n; i++) {
        struct timeline_open *open = &lane->open.at[i];
        if (open->runs)
            tell_slice(tl, (struct timeline_slice){.row = row,
                                                   .kind = timeline_range,
                                                   .name = text_of(tl, open->name),
                                                   .start = open->time,
                                                   .end = time,
                                                   .stack = open->stack});
        *open = (struct timeline_open){.name = open->name};
    }
    lane->runs = false;
    lane->last_stack = stack;
}

void lane_syscall_begin(struct timeline_lane *lane, int64_t time, int64_t row, uint32_t stack)
{
    lane->in_syscall = true;
    lane->syscall_since = time;
    lane->syscall_stack = stack;
    if (!lane->runs) {
        lane->runs = true;
        lane->row = row;
        lane->since = time;
        lane->arrow = 0;
    }
}

static void push_done(struct timeline *tl, struct timeline_lane *lane, struct timeline_done done)
{
    if (!vec_push(&lane->done, tl->mem, done))
        tl->failed = true;
}

void lane_syscall_end(struct timeline *tl, struct timeline_lane *lane, int64_t time, bool blocked)
{
    if (!lane->in_syscall)
        return;
    push_done(tl, lane,
              (struct timeline_done){.name = number_of(tl, STR("syscall")),
                                     .kind = timeline_syscall,
                                     .start = lane->syscall_since,
                                     .end = time,
                                     .stack = lane->syscall_stack,
                                     .has_blocked = true,
                                     .blocked = blocked});
    lane->in_syscall = false;
}

/* The position of an open range, or how many there are. */
static size_t find_open(const struct timeline_lane *lane, uint32_t name)
{
    size_t i = 0;
    while (i < lane->open.n && lane->open.at[i].name != name)
        i++;
    return i;
}

bool lane_has_range(const struct timeline_lane *lane, uint32_t name)
{
    return find_open(lane, name) < lane->open.n;
}

static void open_range(struct timeline *tl, struct timeline_lane *lane, struct timeline_open open)
{
    size_t i = find_open(lane, open.name);
    if (i < lane->open.n)
        lane->open.at[i] = open;
    else if (!vec_push(&lane->open, tl->mem, open))
        tl->failed = true;
}

void lane_range_begin(struct timeline *tl, struct timeline_lane *lane, uint32_t name, int64_t time, uint32_t stack)
{
    open_range(tl, lane, (struct timeline_open){name, lane->runs, time, stack});
}

/* Said at the begin of each generation; news only of a range that began before the trace. */
void lane_range_active(struct timeline *tl, struct timeline_lane *lane, uint32_t name)
{
    if (!lane_has_range(lane, name))
        open_range(tl, lane, (struct timeline_open){name, lane->runs, lane->since, 0});
}

void lane_range_end(struct timeline *tl, struct timeline_lane *lane, uint32_t name, int64_t time, uint32_t stack)
{
    size_t i = find_open(lane, name);
    if (i == lane->open.n)
        return;
    struct timeline_open open = lane->open.at[i];
    if (lane->runs && open.runs)
        push_done(tl, lane,
                  (struct timeline_done){.name = name,
                                         .kind = timeline_range,
                                         .start = open.time,
                                         .end = time,
                                         .stack = open.stack,
                                         .end_stack = stack});
    lane->open.at[i] = lane->open.at[--lane->open.n];
}
