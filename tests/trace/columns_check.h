/* What holds for the columns of any trace, and is the same from two sides. */
#ifndef SONDE_TESTS_COLUMNS_CHECK_H
#define SONDE_TESTS_COLUMNS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "trace/cause.h"
#include "trace/columns.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "# %s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { check_pixels = 37 };

/* The pixels of a window add up to what one pixel says of it; items are in order. */
static inline void check_lane(const struct columns *c, const struct lane *lane, int64_t begin, int64_t end)
{
    struct lane_pixel pixels[check_pixels], all, total;
    struct lane_reader reader;
    struct lane_item item;
    int64_t last = 0;
    bool is_wide = (__int128_t)end - begin >= check_pixels; /* pixels do not overlap */
    (void)c;
    lane_draw(lane, begin, end, 1, &all);
    lane_draw(lane, begin, end, check_pixels, pixels);
    for (unsigned state = 0; state < lane_state_count && is_wide; state++) {
        int64_t sum = 0;
        for (unsigned i = 0; i < check_pixels; i++)
            sum += pixels[i].covered[state];
        CHECK(sum == all.covered[state]);
    }
    for (unsigned i = 0; i < check_pixels && is_wide; i++)
        CHECK(pixels[i].count <= all.count && pixels[i].longest <= all.longest);
    lane_total(lane, &total);
    CHECK(all.count <= total.count);
    lane_seek(&reader, lane, 0);
    while (lane_next(&reader, &item)) {
        CHECK(item.begin >= last && item.end >= item.begin);
        last = item.begin;
    }
}

/* What goroutines did in their own lanes, summed up. */
static inline int64_t check_goroutines(const struct columns *c, int64_t begin, int64_t end)
{
    int64_t with_proc = 0;
    for (size_t i = 0; i < c->goroutines.n; i++) {
        const struct lane *lane = &c->goroutines.at[i].states;
        struct lane_pixel total;
        struct lane_reader reader;
        struct lane_item item;
        struct cause cause;
        int64_t from = -1, to = 0, sum = 0;
        check_lane(c, lane, begin, end);
        lane_total(lane, &total);
        lane_seek(&reader, lane, 0);
        while (lane_next(&reader, &item)) {
            from = from < 0 ? item.begin : from;
            CHECK(from == item.begin || item.begin == to);
            to = item.end;
            if (lane_state(item.what) == columns_running && cause_find(c, (uint32_t)i, item.begin, &cause))
                CHECK(cause.time <= item.begin);
        }
        for (unsigned state = 0; state < lane_state_count; state++)
            sum += total.covered[state];
        CHECK(from < 0 || sum == to - from);
        with_proc += total.covered[columns_running] + total.covered[columns_syscall];
    }
    return with_proc;
}

/* Checks all columns, with a window. `is_sound`: of a trace that a program wrote, with system calls on their threads.
 */
static inline void check_columns(const struct columns *c, int64_t begin, int64_t end, bool is_sound)
{
    struct lane_pixel total;
    struct population_pixel people[check_pixels];
    struct lane_values values[check_pixels];
    int64_t on_procs = 0, with_proc = check_goroutines(c, begin, end);
    for (size_t i = 0; i < c->procs.n; i++) {
        check_lane(c, &c->procs.at[i].runs, begin, end);
        check_lane(c, &c->procs.at[i].syscalls, begin, end);
        check_lane(c, &c->procs.at[i].points, begin, end);
        lane_total(&c->procs.at[i].runs, &total);
        on_procs += total.covered[columns_running];
    }
    if (is_sound)
        CHECK(on_procs == with_proc);
    for (size_t i = 0; i < c->threads.n; i++) {
        struct cause_arrow arrows[16];
        size_t n;
        check_lane(c, &c->threads.at[i].runs, begin, end);
        check_lane(c, &c->threads.at[i].points, begin, end);
        cause_arrows(c, &c->threads.at[i].runs, begin, end, arrows, 16, &n);
        for (size_t k = 0; k < n; k++)
            CHECK(arrows[k].cause.time <= arrows[k].time && arrows[k].time >= begin && arrows[k].time < end);
    }
    for (size_t i = 0; i < c->nested.n; i++)
        check_lane(c, &c->nested.at[i].lane, begin, end);
    for (size_t i = 0; i < c->task_lanes.n; i++)
        check_lane(c, &c->task_lanes.at[i], begin, end);
    for (unsigned i = 0; i < columns_value_count; i++)
        lane_draw_values(&c->values[i], begin, end, check_pixels, values);
    check_lane(c, &c->gc, begin, end);
    check_lane(c, &c->stw, begin, end);
    population_draw(&c->population, begin, end, check_pixels, people);
}

/* Loads any bytes and draws some windows, of which some reach beyond the trace. */
static inline void check_loading(struct str bytes)
{
    static struct columns columns;
    struct trace_fault fault = {0};
    uint64_t valid;
    if (!columns_read(bytes, mem_libc(), NULL, NULL, &columns, &valid, &fault)) {
        CHECK(fault.set);
        return;
    }
    CHECK(valid <= bytes.n);
    check_columns(&columns, 0, columns.end, false);
    check_columns(&columns, columns.end / 2, columns.end / 2 + (int64_t)(bytes.n * bytes.n), false);
    check_columns(&columns, -5, (int64_t)bytes.n, false);
    columns_finish(&columns);
}

#endif
