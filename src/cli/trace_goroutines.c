/* The columns are those of the pages of `go tool trace`: the times that do not overlap, and special ranges, which do.
 */
#include "cli/trace_goroutines.h"

#include <stdlib.h>

#include "cli/grid.h"

static const struct str inactive = STR("(Inactive, no stack trace sampled)");

/* Whether a goroutine has anything to do with the range of time that is shown. */
static bool is_in_range(const struct summary *summary, const struct summary_goroutine *g)
{
    return trace_range_is_all(summary->range) || g->total > 0;
}

struct group {
    struct str name;
    int64_t execution;
    uint64_t count;
};

static int compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    return x->execution != y->execution ? (x->execution < y->execution ? 1 : -1) : str_compare(x->name, y->name);
}

void trace_goroutines_print(const struct summary *summary, struct buf *out)
{
    size_t n = summary->names.n, used = 0;
    struct group *groups = mem_get_array(out->mem, n, sizeof *groups);
    if (!groups)
        return;
    for (size_t i = 0; i < n; i++)
        groups[i] = (struct group){.name = summary->names.at[i]};
    for (size_t i = 0; i < summary->goroutines.n; i++) {
        if (!is_in_range(summary, &summary->goroutines.at[i]))
            continue;
        struct group *group = &groups[summary->goroutines.at[i].name];
        group->execution += summary->goroutines.at[i].execution;
        group->count++;
    }
    for (size_t i = 0; i < n; i++) {
        if (groups[i].count > 0)
            groups[used++] = groups[i];
    }
    qsort(groups, used, sizeof *groups, compare_groups);
    struct grid grid;
    grid_init(&grid, out->mem, 3);
    grid.left = 1 << 2;
    grid_text(&grid, STR("Total execution time"));
    grid_text(&grid, STR("Count"));
    grid_text(&grid, STR("Start location"));
    for (size_t i = 0; i < used; i++) {
        grid_duration(&grid, groups[i].execution);
        grid_int(&grid, (int64_t)groups[i].count);
        grid_text(&grid, groups[i].name.n > 0 ? groups[i].name : inactive);
    }
    grid_print(&grid, out);
    grid_finish(&grid);
    mem_put(out->mem, groups, n * sizeof *groups);
}

static int compare_goroutines(const void *a, const void *b)
{
    const struct summary_goroutine *x = *(const struct summary_goroutine *const *)a,
                                   *y = *(const struct summary_goroutine *const *)b;
    if (x->total != y->total)
        return x->total < y->total ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

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
    grid_text(grid, STR("Goroutine"));
    grid_text(grid, STR("Total"));
    grid_text(grid, STR("Execution time"));
    for (; i < blocks->names.n && is_before_syscall(blocks, i); i++)
        add_block_header(grid, blocks->summary->names.at[blocks->names.at[i]]);
    add_block_header(grid, STR("syscall"));
    for (; i < blocks->names.n; i++)
        add_block_header(grid, blocks->summary->names.at[blocks->names.at[i]]);
    grid_text(grid, STR("Sched wait time"));
    grid_text(grid, STR("Syscall execution time"));
    grid_text(grid, STR("Unknown time"));
}

static void add_times(struct grid *grid, const struct summary_goroutine *g, const struct columns *blocks)
{
    size_t i = 0;
    grid_int(grid, g->id);
    grid_duration(grid, g->total);
    grid_duration(grid, g->execution);
    for (; i < blocks->names.n && is_before_syscall(blocks, i); i++)
        grid_duration(grid, time_of(g->blocks.at, g->blocks.n, blocks->names.at[i]));
    grid_duration(grid, g->syscall_block);
    for (; i < blocks->names.n; i++)
        grid_duration(grid, time_of(g->blocks.at, g->blocks.n, blocks->names.at[i]));
    grid_duration(grid, g->sched_wait);
    grid_duration(grid, g->syscall);
    grid_duration(grid, summary_unknown(g));
}

static void print_times(const struct summary_goroutine *const *group, size_t n, const struct columns *blocks,
                        struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 7 + blocks->names.n);
    add_times_header(&grid, blocks);
    for (size_t i = 0; i < n; i++)
        add_times(&grid, group[i], blocks);
    grid_print(&grid, out);
    grid_finish(&grid);
}

static void print_ranges(const struct summary_goroutine *const *group, size_t n, const struct columns *ranges,
                         struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 2 + ranges->names.n);
    grid_text(&grid, STR("Goroutine"));
    grid_text(&grid, STR("Total"));
    for (size_t i = 0; i < ranges->names.n; i++)
        grid_text(&grid, ranges->summary->names.at[ranges->names.at[i]]);
    for (size_t k = 0; k < n; k++) {
        int64_t sum = 0;
        for (size_t i = 0; i < group[k]->ranges.n; i++)
            sum += group[k]->ranges.at[i].time;
        if (sum == 0)
            continue;
        grid_int(&grid, group[k]->id);
        grid_duration(&grid, group[k]->total);
        for (size_t i = 0; i < ranges->names.n; i++)
            grid_duration(&grid, time_of(group[k]->ranges.at, group[k]->ranges.n, ranges->names.at[i]));
    }
    buf_str(out, STR("\nTime in special ranges, which overlaps with the times above:\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
}

static void print_group(const struct summary *summary, const struct summary_goroutine *const *group, size_t n,
                        struct buf *out)
{
    struct columns blocks = {.mem = out->mem, .summary = summary}, ranges = blocks;
    int64_t all = 0, execution = 0;
    for (size_t i = 0; i < summary->goroutines.n; i++)
        all += summary->goroutines.at[i].execution;
    for (size_t i = 0; i < n; i++) {
        execution += group[i]->execution;
        for (size_t k = 0; k < group[i]->blocks.n; k++)
            add_column(&blocks, group[i]->blocks.at[k].name);
        for (size_t k = 0; k < group[i]->ranges.n; k++)
            add_column(&ranges, group[i]->ranges.at[k].name);
    }
    struct str name = summary->names.at[group[0]->name];
    buf_printf(out, "%.*s: %zu goroutine%s", STR_ARG(name.n > 0 ? name : inactive), n, n == 1 ? "" : "s");
    if (all > 0)
        buf_printf(out, ", %.2f%% of the execution time", (double)execution / (double)all * 100);
    buf_str(out, STR("\n\n"));
    print_times(group, n, &blocks, out);
    if (ranges.names.n > 0)
        print_ranges(group, n, &ranges, out);
    vec_finish(&blocks.names, out->mem);
    vec_finish(&ranges.names, out->mem);
}

/* The number that a text is; false where it is none. */
static bool parse_id(struct str text, int64_t *id)
{
    *id = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *id > (INT64_MAX - 9) / 10)
            return false;
        *id = *id * 10 + (text.p[i] - '0');
    }
    return text.n > 0;
}

bool trace_goroutine_print(const struct summary *summary, struct str name, struct buf *out)
{
    VEC(const struct summary_goroutine *) group = {0};
    int64_t id;
    bool is_id = parse_id(name, &id);
    for (size_t i = 0; i < summary->goroutines.n; i++) {
        const struct summary_goroutine *g = &summary->goroutines.at[i];
        bool matches = is_id ? g->id == id : str_equal(summary->names.at[g->name], name);
        if (matches && is_in_range(summary, g) && !vec_push(&group, out->mem, g))
            break;
    }
    size_t n = group.n;
    if (n > 0) {
        qsort(group.at, n, sizeof *group.at, compare_goroutines);
        print_group(summary, group.at, n, out);
    }
    vec_finish(&group, out->mem);
    return n > 0;
}
