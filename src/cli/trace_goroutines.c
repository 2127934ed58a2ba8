/* The columns are those of the pages of `go tool trace`: the times that do not overlap, and special ranges, which do.
 */
#include "cli/trace_goroutines.h"

#include <stdlib.h>

#include "cli/grid.h"
#include "cli/trace_times.h"

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

static void print_group(const struct summary *summary, const struct summary_goroutine *const *group, size_t n,
                        struct buf *out)
{
    int64_t all = 0, execution = 0;
    struct trace_times_row *rows = mem_get_array(out->mem, n, sizeof *rows);
    if (!rows)
        return;
    for (size_t i = 0; i < summary->goroutines.n; i++)
        all += summary->goroutines.at[i].execution;
    for (size_t i = 0; i < n; i++) {
        execution += group[i]->execution;
        rows[i] = (struct trace_times_row){.goroutine = group[i]->id, .times = group[i]};
    }
    struct str name = summary->names.at[group[0]->name];
    buf_printf(out, "%.*s: %zu goroutine%s", STR_ARG(name.n > 0 ? name : inactive), n, n == 1 ? "" : "s");
    if (all > 0)
        buf_printf(out, ", %.2f%% of the execution time", (double)execution / (double)all * 100);
    buf_str(out, STR("\n\n"));
    trace_times_print(summary, rows, n, false, out);
    mem_put(out->mem, rows, n * sizeof *rows);
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
