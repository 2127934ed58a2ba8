/* The steps' lengths add up to the task's. Where there are many, the longest are shown, and each run of others as one
 * row, so that the sum stays. */
#include "cli/trace_task.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/quote.h"
#include "cli/trace_text.h"

enum { most_steps = 60 };

static const char *word_of(uint8_t state)
{
    static const char *const words[] = {[go_undetermined] = "(not known)",
                                        [go_not_exist] = "(not there)",
                                        [go_runnable] = "waits for a processor",
                                        [go_running] = "runs",
                                        [go_waiting] = "waits",
                                        [go_syscall] = "is in a system call"};
    return words[state];
}

/* What a step is: "waits: chan receive in main.get get.go:12". */
static void put_what(const struct chain *c, const struct chain_step *step, struct buf *out)
{
    buf_str(out, str_of(word_of(step->state)));
    if (step->reason) {
        buf_str(out, STR(": "));
        buf_str(out, c->places.names.at[step->reason]);
    }
    if (step->stack) {
        buf_str(out, STR(" in "));
        trace_put_place(out, &c->places, step->stack, 0);
    }
    if (step->waiter == TRACE_NO_GOROUTINE)
        return;
    buf_printf(out, ", then wakes %lld", (long long)step->waiter);
    if (step->waiter_reason) {
        buf_str(out, STR(" ("));
        buf_str(out, c->places.names.at[step->waiter_reason]);
        buf_byte(out, ')');
    }
}

static void put_goroutine(const struct chain *c, const struct chain_step *step, struct grid *grid, size_t width)
{
    if (step->goroutine == TRACE_NO_GOROUTINE) {
        grid_text(grid, STR("-"));
        grid_text(grid, STR("-"));
        return;
    }
    grid_int(grid, step->goroutine);
    grid_short(grid, trace_group_name(&c->places, step->name), width > 90 ? width / 3 : width ? 24 : 0);
}

static int compare_lengths(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The length from which steps are shown. */
static int64_t shortest_shown(const struct chain *c, struct mem *mem)
{
    size_t n = c->steps.n;
    if (n <= most_steps)
        return 0;
    int64_t *lengths = mem_get_array(mem, n, sizeof *lengths);
    if (!lengths)
        return 0;
    for (size_t i = 0; i < n; i++)
        lengths[i] = c->steps.at[i].end - c->steps.at[i].start;
    qsort(lengths, n, sizeof *lengths, compare_lengths);
    int64_t shortest = lengths[most_steps - 1];
    mem_put(mem, lengths, n * sizeof *lengths);
    return shortest;
}

static void print_step(const struct chain *c, const struct chain_step *step, int64_t begin, size_t width,
                       struct grid *grid)
{
    grid_time(grid, step->start - begin);
    grid_duration(grid, step->end - step->start);
    put_goroutine(c, step, grid, width);
    struct buf what;
    buf_init(&what, grid->mem);
    put_what(c, step, &what);
    grid_text(grid, buf_text(&what));
    buf_finish(&what);
}

static void print_steps(const struct chain *c, int64_t begin, size_t width, struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 5);
    grid.left = 1 << 3 | 1 << 4;
    static const char *const heads[] = {"From", "Length", "Goroutine", "Starts in", "What it does"};
    for (size_t i = 0; i < 5; i++)
        grid_text(&grid, str_of(heads[i]));
    int64_t shortest = shortest_shown(c, out->mem);
    for (size_t i = 0; i < c->steps.n;) {
        const struct chain_step *step = &c->steps.at[i];
        size_t end = i;
        while (end < c->steps.n && c->steps.at[end].end - c->steps.at[end].start < shortest)
            end++;
        if (end <= i + 1) {
            print_step(c, step, begin, width, &grid);
            i++;
            continue;
        }
        grid_time(&grid, step->start - begin);
        grid_duration(&grid, c->steps.at[end - 1].end - step->start);
        grid_text(&grid, STR("..."));
        grid_text(&grid, STR(""));
        buf_printf(&grid.text, "%zu shorter steps", end - i);
        grid_end_cell(&grid);
        i = end;
    }
    grid_print(&grid, out);
    grid_finish(&grid);
}

/* Time of steps that are alike. */
struct sum {
    int64_t goroutine;
    uint8_t state;
    uint32_t name, reason;
    int64_t time;
    uint64_t count;
};

static int compare_sums(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    if (x->goroutine != y->goroutine)
        return x->goroutine < y->goroutine ? -1 : 1;
    return x->state != y->state ? (int)x->state - (int)y->state : x->reason < y->reason ? -1 : x->reason > y->reason;
}

static int compare_kinds(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    if (x->goroutine != y->goroutine)
        return x->goroutine < y->goroutine ? -1 : 1;
    return x->state != y->state ? (int)x->state - (int)y->state : x->reason < y->reason ? -1 : x->reason > y->reason;
}

/* Adds up neighbours of the same kind; how many there are then. */
static size_t merge_sums(struct sum *sums, size_t n)
{
    size_t used = 0;
    qsort(sums, n, sizeof *sums, compare_kinds);
    for (size_t i = 0; i < n; i++) {
        if (used > 0 && compare_kinds(&sums[used - 1], &sums[i]) == 0) {
            sums[used - 1].time += sums[i].time;
            sums[used - 1].count++;
        } else {
            sums[used++] = sums[i];
        }
    }
    qsort(sums, used, sizeof *sums, compare_sums);
    return used;
}

static void print_sums(const struct chain *c, size_t width, struct buf *out)
{
    enum { most_rows = 15 };
    size_t n = c->steps.n;
    struct sum *sums = mem_get_array(out->mem, n, sizeof *sums);
    if (!sums)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct chain_step *s = &c->steps.at[i];
        sums[i] = (struct sum){s->goroutine, s->state, s->name, s->reason, s->end - s->start, 1};
    }
    size_t used = merge_sums(sums, n);
    struct grid grid;
    grid_init(&grid, out->mem, 6);
    grid.left = 1 << 4 | 1 << 5;
    static const char *const heads[] = {"Total", "Share", "Steps", "Goroutine", "Starts in", "What it does"};
    for (size_t i = 0; i < 6; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < used && i < most_rows; i++) {
        struct chain_step like = {.goroutine = sums[i].goroutine,
                                  .state = sums[i].state,
                                  .name = sums[i].name,
                                  .reason = sums[i].reason,
                                  .waiter = TRACE_NO_GOROUTINE};
        grid_duration(&grid, sums[i].time);
        grid_percent(&grid, (double)sums[i].time, (double)(c->task.end - c->task.start));
        grid_count(&grid, sums[i].count);
        put_goroutine(c, &like, &grid, width);
        put_what(c, &like, &grid.text);
        grid_end_cell(&grid);
    }
    buf_str(out, STR("\nWhere the time went:\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
    mem_put(out->mem, sums, n * sizeof *sums);
}

void trace_task_print(const struct chain *c, int64_t begin, size_t width, struct buf *out)
{
    buf_printf(out, "Task %llu ", (unsigned long long)c->task.id);
    buf_quote(out, c->places.names.at[c->task.type]);
    buf_str(out, STR(": "));
    buf_duration(out, c->task.end - c->task.start);
    buf_printf(out, ", from %.6fs to %.6fs", (double)(c->task.start - begin) / 1e9,
               (double)(c->task.end - begin) / 1e9);
    buf_str(out, c->task.has_start ? STR("") : STR("; it began before the trace"));
    buf_str(out, c->task.has_end ? STR("") : STR("; it does not end in the trace"));
    buf_printf(out,
               "\n\nIts chain: what goroutine %lld did and, while it waited, the one that woke it (%zu steps):\n\n",
               (long long)c->task.ender, c->steps.n);
    print_steps(c, begin, width, out);
    if (c->steps.n > 0)
        print_sums(c, width, out);
}
