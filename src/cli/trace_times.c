/* The columns are those of the pages of `go tool trace`: the times that do not overlap, and special ranges, which do.
 * Reasons to wait, and ranges, that took no time in any row have no column: most rows have few. */
#include "cli/trace_times.h"

#include "cli/grid.h"

/* The time under a name; 0 where there is none. */
static int64_t time_of(const struct summary_time *times, size_t n, uint32_t name)
{
    for (size_t i = 0; i < n; i++) {
        if (times[i].name == name)
            return times[i].time;
    }
    return 0;
}

/* Names that are among the times of any goroutine of a group, by text. */
struct columns {
    struct mem *mem;
    const struct summary *summary;
    VEC(uint32_t) names;
    bool syscall; /* of the blocks: those in system calls are one */
};

static void add_column(struct columns *columns, uint32_t name)
{
    const struct str *texts = columns->summary->names.at;
    size_t at = 0;
    while (at < columns->names.n && str_compare(texts[columns->names.at[at]], texts[name]) < 0)
        at++;
    if (at < columns->names.n && columns->names.at[at] == name)
        return;
    if (!vec_push(&columns->names, columns->mem, name))
        return;
    for (size_t i = columns->names.n - 1; i > at; i--)
        columns->names.at[i] = columns->names.at[i - 1];
    columns->names.at[at] = name;
}

/* The fixed columns stand among the blocks' by the alphabet, as on the pages: "Block time (syscall)" is one of them. */
static bool is_before_syscall(const struct columns *columns, size_t i)
{
    return str_compare(columns->summary->names.at[columns->names.at[i]], STR("syscall")) < 0;
}

static void add_block_header(struct grid *grid, struct str reason)
{
    buf_str(&grid->text, STR("Block time ("));
    buf_str(&grid->text, reason);
    buf_byte(&grid->text, ')');
    grid_end_cell(grid);
}

static void add_times_header(struct grid *grid, const struct columns *blocks)
{
    size_t i = 0;
    grid_text(grid, STR("Total"));
    grid_text(grid, STR("Execution time"));
    for (; i < blocks->names.n && is_before_syscall(blocks, i); i++)
        add_block_header(grid, blocks->summary->names.at[blocks->names.at[i]]);
    if (blocks->syscall)
        add_block_header(grid, STR("syscall"));
    for (; i < blocks->names.n; i++)
        add_block_header(grid, blocks->summary->names.at[blocks->names.at[i]]);
    grid_text(grid, STR("Sched wait time"));
    grid_text(grid, STR("Syscall execution time"));
    grid_text(grid, STR("Unknown time"));
}

/* A time; none is a dash. */
static void add_time(struct grid *grid, int64_t time)
{
    if (time == 0)
        grid_text(grid, STR("-"));
    else
        grid_duration(grid, time);
}

static void add_times(struct grid *grid, const struct summary_goroutine *g, const struct columns *blocks)
{
    size_t i = 0;
    add_time(grid, g->total);
    add_time(grid, g->execution);
    for (; i < blocks->names.n && is_before_syscall(blocks, i); i++)
        add_time(grid, time_of(g->blocks.at, g->blocks.n, blocks->names.at[i]));
    if (blocks->syscall)
        add_time(grid, g->syscall_block);
    for (; i < blocks->names.n; i++)
        add_time(grid, time_of(g->blocks.at, g->blocks.n, blocks->names.at[i]));
    add_time(grid, g->sched_wait);
    add_time(grid, g->syscall);
    add_time(grid, summary_unknown(g));
}

/* The first cells of a row. */
static void add_name(struct grid *grid, const struct trace_times_row *row, bool with_task)
{
    grid_int(grid, row->goroutine);
    if (!with_task)
        return;
    if (row->task != 0)
        buf_uint(&grid->text, row->task);
    else
        buf_byte(&grid->text, '-');
    grid_end_cell(grid);
}

static void print_times(const struct trace_times_row *rows, size_t n, bool with_task, const struct columns *blocks,
                        struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 6 + with_task + blocks->syscall + blocks->names.n);
    grid_text(&grid, STR("Goroutine"));
    if (with_task)
        grid_text(&grid, STR("Task"));
    add_times_header(&grid, blocks);
    for (size_t i = 0; i < n; i++) {
        add_name(&grid, &rows[i], with_task);
        add_times(&grid, rows[i].times, blocks);
    }
    grid_print(&grid, out);
    grid_finish(&grid);
}

static void print_ranges(const struct trace_times_row *rows, size_t n, bool with_task, const struct columns *ranges,
                         struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 2 + with_task + ranges->names.n);
    grid_text(&grid, STR("Goroutine"));
    if (with_task)
        grid_text(&grid, STR("Task"));
    grid_text(&grid, STR("Total"));
    for (size_t i = 0; i < ranges->names.n; i++)
        grid_text(&grid, ranges->summary->names.at[ranges->names.at[i]]);
    for (size_t k = 0; k < n; k++) {
        int64_t sum = 0;
        for (size_t i = 0; i < rows[k].times->ranges.n; i++)
            sum += rows[k].times->ranges.at[i].time;
        if (sum == 0)
            continue;
        add_name(&grid, &rows[k], with_task);
        add_time(&grid, rows[k].times->total);
        for (size_t i = 0; i < ranges->names.n; i++)
            add_time(&grid, time_of(rows[k].times->ranges.at, rows[k].times->ranges.n, ranges->names.at[i]));
    }
    buf_str(out, STR("\nTime in special ranges, which overlaps with the times above:\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
}

void trace_times_print(const struct summary *summary, const struct trace_times_row *rows, size_t n, bool with_task,
                       struct buf *out)
{
    struct columns blocks = {.mem = out->mem, .summary = summary}, ranges = blocks;
    for (size_t i = 0; i < n; i++) {
        const struct summary_goroutine *g = rows[i].times;
        blocks.syscall |= g->syscall_block != 0;
        for (size_t k = 0; k < g->blocks.n; k++) {
            if (g->blocks.at[k].time != 0)
                add_column(&blocks, g->blocks.at[k].name);
        }
        for (size_t k = 0; k < g->ranges.n; k++) {
            if (g->ranges.at[k].time != 0)
                add_column(&ranges, g->ranges.at[k].name);
        }
    }
    print_times(rows, n, with_task, &blocks, out);
    if (ranges.names.n > 0)
        print_ranges(rows, n, with_task, &ranges, out);
    vec_finish(&blocks.names, out->mem);
    vec_finish(&ranges.names, out->mem);
}
