/* `sonde trace -gc`. */
#include <stdlib.h>

#include "base/duration.h"
#include "cli/trace_findings.h"
#include "cli/trace_text.h"

static double span_of(const struct activity *a)
{
    struct trace_range span = activity_span(a);
    return (double)(span.end - span.start);
}

static void grid_size(struct grid *grid, uint64_t bytes)
{
    if (bytes > 0)
        buf_size(&grid->text, bytes);
    else
        buf_byte(&grid->text, '-');
    grid_end_cell(grid);
}

static void print_head(const struct collector *c, struct buf *out)
{
    double span = span_of(c->activity);
    size_t n = 0;
    for (size_t i = 0; i < c->cycles.n; i++)
        n += c->cycles.at[i].end > c->activity->range.start;
    if (n == 0)
        buf_str(out, STR("The collector did not run in "));
    else
        buf_printf(out, "%zu cycle%s in ", n, n == 1 ? "" : "s");
    buf_brief(out, (int64_t)span);
    if (n > 0)
        buf_printf(out, "; marking %.2f%% of the time", 100 * (double)c->marking / span);
    buf_printf(out, "%s all goroutines stopped %.3f%% of %s", n > 0 ? "," : ";", 100 * (double)c->paused / span,
               n > 0 ? "it" : "the time");
    if (c->paused_otherwise > 0)
        buf_printf(out, " (and %.3f%% for other reasons)", 100 * (double)c->paused_otherwise / span);
    buf_byte(out, '\n');
}

static void print_cycle(struct grid *grid, const struct collector *c, size_t i)
{
    const struct collector_cycle *cycle = &c->cycles.at[i];
    grid_int(grid, (int64_t)i + 1);
    grid_time(grid, cycle->start - c->activity->begin);
    if (cycle->began_before || cycle->is_open)
        buf_byte(&grid->text, '>');
    grid_brief(grid, cycle->end - cycle->start);
    grid_int(grid, cycle->pauses);
    grid_brief(grid, cycle->paused);
    grid_brief(grid, cycle->longest_pause);
    grid_count(grid, cycle->assists);
    grid_brief(grid, cycle->assisted);
    grid_count(grid, cycle->sweeps);
    grid_brief(grid, cycle->swept_time);
    grid_size(grid, cycle->reclaimed);
    grid_size(grid, cycle->heap_at_start);
    grid_size(grid, cycle->heap_at_end);
    grid_size(grid, cycle->most_heap);
    grid_size(grid, cycle->goal);
}

static void print_cycles(const struct collector *c, struct buf *out)
{
    static const char *const heads[] = {"#",         "Start",         "Marking", "Stops",  "Stopped",
                                        "Longest",   "Assists",       "Time",    "Sweeps", "Time",
                                        "Reclaimed", "Heap at start", "At end",  "Most",   "Goal"};
    enum { columns = sizeof heads / sizeof *heads };
    struct grid grid;
    grid_init(&grid, out->mem, columns);
    for (size_t i = 0; i < columns; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < c->cycles.n; i++) {
        if (c->cycles.at[i].end > c->activity->range.start)
            print_cycle(&grid, c, i);
    }
    buf_str(out, STR("\nCycles, from the begin of marking to its end (> for one that goes beyond the trace):\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
}

static void print_distribution(const char *what, const struct quantiles *q, struct buf *out)
{
    if (q->count == 0)
        return;
    buf_printf(out, "\n%s: ", what);
    trace_put_count(out, q->count);
    buf_str(out, STR(", "));
    trace_put_quantiles(out, q);
    buf_str(out, STR("\n\n"));
    trace_put_decades(out, q);
}

static int compare_pauses(const void *a, const void *b)
{
    const struct collector_pause *x = *(const struct collector_pause *const *)a,
                                 *y = *(const struct collector_pause *const *)b;
    int64_t p = x->end - x->start, q = y->end - y->start;
    if (p != q)
        return p < q ? 1 : -1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void print_pauses(const struct collector *c, struct buf *out)
{
    enum { shown = 10 };
    VEC(const struct collector_pause *) pauses = {0};
    for (size_t i = 0; i < c->pauses.n; i++) {
        if (!vec_push(&pauses, out->mem, &c->pauses.at[i]))
            break;
    }
    if (pauses.n > 0)
        qsort(pauses.at, pauses.n, sizeof *pauses.at, compare_pauses);
    struct grid grid;
    grid_init(&grid, out->mem, 4);
    grid.left = 1 << 3;
    grid_text(&grid, STR("Length"));
    grid_text(&grid, STR("Start"));
    grid_text(&grid, STR("Cycle"));
    grid_text(&grid, STR("Why"));
    for (size_t i = 0; i < pauses.n && i < shown; i++) {
        const struct collector_pause *pause = pauses.at[i];
        grid_duration(&grid, pause->end - pause->start);
        grid_time(&grid, pause->start - c->activity->begin);
        if (pause->cycle != ACTIVITY_NONE)
            buf_uint(&grid.text, pause->cycle + 1);
        else
            buf_byte(&grid.text, '-');
        grid_end_cell(&grid);
        grid_text(&grid, c->activity->places.names.at[pause->kind]);
    }
    if (pauses.n > 0) {
        buf_str(out, STR("\nLongest stops of the world:\n\n"));
        grid_print(&grid, out);
    }
    grid_finish(&grid);
    vec_finish(&pauses, out->mem);
}

static int compare_helpers(const void *a, const void *b)
{
    const struct collector_helper *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    return x->group < y->group ? -1 : x->group > y->group;
}

static void print_helpers(const struct trace_findings *f, struct buf *out)
{
    const struct collector *c = &f->collector;
    const struct activity *a = c->activity;
    size_t n = c->helpers.n;
    struct collector_helper *helpers = mem_get_array(out->mem, n, sizeof *helpers);
    if (!helpers)
        return;
    memcpy(helpers, c->helpers.at, n * sizeof *helpers);
    qsort(helpers, n, sizeof *helpers, compare_helpers);
    struct grid grid;
    grid_init(&grid, out->mem, 5);
    grid.left = 1 << 4;
    grid_text(&grid, STR("Running"));
    grid_text(&grid, STR("In all"));
    grid_text(&grid, STR("Assists"));
    grid_text(&grid, STR("Longest"));
    grid_text(&grid, STR("Goroutines that start in"));
    for (size_t i = 0; i < n; i++) {
        grid_brief(&grid, helpers[i].ran);
        grid_brief(&grid, helpers[i].time);
        grid_count(&grid, helpers[i].count);
        grid_brief(&grid, helpers[i].longest);
        uint32_t group = helpers[i].group;
        grid_short(&grid, trace_group_name(&a->places, group != ACTIVITY_NONE ? a->groups.at[group].name : 0),
                   f->width > 50 ? f->width - 40 : f->width);
    }
    buf_str(out, STR("\nWho had to help the collector before it could allocate (mark assists):\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
    mem_put(out->mem, helpers, n * sizeof *helpers);
}

void trace_gc_print(const struct trace_findings *f, struct buf *out)
{
    const struct collector *c = &f->collector;
    print_head(c, out);
    if (c->cycles.n > 0)
        print_cycles(c, out);
    print_distribution("Stops of the world for the collector", &c->gc_pauses, out);
    print_distribution("Stops for other reasons", &c->other_pauses, out);
    print_pauses(c, out);
    print_helpers(f, out);
}
