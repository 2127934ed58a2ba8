/* Lengths are shown as on the pages of `go tool trace`: a histogram with five classes to each power of ten. */
#include "cli/trace_tasks.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/quote.h"
#include "cli/trace_times.h"
#include "trace/histogram.h"

enum { longest_bar = 40, label_width = 14 };

/* Tasks or regions that are shown as one. */
struct group {
    struct str type;
    const struct summary_region *region; /* one of them, where they are regions */
    const struct summary_task *longest;  /* that is complete, where they are tasks */
    uint64_t count;
    struct histogram lengths;
};

static int64_t length_of(const struct summary_task *task)
{
    return task->end - task->start;
}

static void print_bar(int64_t start, uint64_t count, uint64_t most, struct buf *out)
{
    struct buf label;
    buf_init(&label, out->mem);
    buf_duration(&label, start);
    /* The letter of microseconds is two bytes and one column. */
    size_t width = label.n - (str_find(buf_text(&label), STR("µ"), 0) < label.n);
    buf_fill(out, ' ', width < label_width ? label_width - width : 1);
    buf_str(out, buf_text(&label));
    buf_printf(out, count > 0 ? "  %8llu  " : "  %8llu", (unsigned long long)count);
    buf_fill(out, '#', (size_t)(count * longest_bar / most) + (count > 0 && count * longest_bar < most));
    buf_byte(out, '\n');
    buf_finish(&label);
}

static void print_lengths(const struct histogram *lengths, const char *what, struct buf *out)
{
    unsigned first = histogram_classes, last = 0;
    uint64_t most = 0;
    for (unsigned i = 0; i < histogram_classes; i++) {
        if (lengths->in_class[i] == 0)
            continue;
        first = first < i ? first : i;
        last = i;
        most = lengths->in_class[i] > most ? lengths->in_class[i] : most;
    }
    if (most > 0)
        buf_printf(out, "%*s  %8s\n", label_width, "from", what);
    for (unsigned i = first; i <= last && most > 0; i++)
        print_bar(histogram_start[i], lengths->in_class[i], most, out);
}

static int compare_types(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    int order = str_compare(x->type, y->type);
    if (order == 0 && x->region && x->region->pc != y->region->pc)
        return x->region->pc < y->region->pc ? -1 : 1;
    return order;
}

void trace_tasks_print(const struct summary *summary, struct buf *out)
{
    size_t n = summary->names.n, used = 0;
    struct group *groups = mem_get_array(out->mem, n, sizeof *groups);
    if (!groups)
        return;
    memset(groups, 0, n * sizeof *groups);
    for (size_t i = 0; i < summary->tasks.n; i++) {
        const struct summary_task *task = &summary->tasks.at[i];
        if (!summary_overlaps(summary, task->has_start, task->start, task->has_end, task->end))
            continue;
        groups[task->name].count++;
        if (!task->has_start || !task->has_end)
            continue;
        struct group *group = &groups[task->name];
        histogram_add(&group->lengths, length_of(task));
        if (!group->longest || length_of(task) > length_of(group->longest))
            group->longest = task;
    }
    for (size_t i = 0; i < n; i++) {
        groups[i].type = summary->names.at[i];
        if (groups[i].count > 0)
            groups[used++] = groups[i];
    }
    qsort(groups, used, sizeof *groups, compare_types);
    for (size_t i = 0; i < used; i++) {
        buf_quote(out, groups[i].type);
        buf_printf(out, ": %llu task%s, %llu complete", (unsigned long long)groups[i].count,
                   groups[i].count == 1 ? "" : "s", (unsigned long long)groups[i].lengths.count);
        if (groups[i].longest) {
            buf_str(out, STR(", the longest "));
            buf_duration(out, length_of(groups[i].longest));
            buf_printf(out, " (-task=%llu)", (unsigned long long)groups[i].longest->id);
        }
        buf_byte(out, '\n');
        print_lengths(&groups[i].lengths, "tasks", out);
        buf_byte(out, '\n');
    }
    if (used == 0)
        buf_str(out, STR("no tasks\n"));
    mem_put(out->mem, groups, n * sizeof *groups);
}

/* Whether two regions have the same type and begin at the same frame. */
static bool is_same(const struct summary_region *a, const struct summary_region *b)
{
    return a->name == b->name && a->pc == b->pc && a->line == b->line && a->func == b->func && a->file == b->file;
}

/* Orders regions so that those which are the same stand together. */
static int compare_regions(const void *a, const void *b)
{
    const struct summary_region *x = *(const struct summary_region *const *)a,
                                *y = *(const struct summary_region *const *)b;
    const uint64_t keys[][2] = {
        {x->name, y->name}, {x->pc, y->pc}, {x->func, y->func}, {x->file, y->file}, {x->line, y->line}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    }
    return 0;
}

static void print_region_group(const struct summary *summary, const struct group *group, struct buf *out)
{
    const struct summary_region *region = group->region;
    buf_quote(out, group->type);
    buf_printf(out, ": %llu region%s\n    ", (unsigned long long)group->count, group->count == 1 ? "" : "s");
    buf_str(out, summary->names.at[region->func]);
    buf_str(out, STR(" @ 0x"));
    buf_hex(out, region->pc);
    buf_str(out, STR("\n    "));
    buf_str(out, summary->names.at[region->file]);
    buf_byte(out, ':');
    buf_uint(out, region->line);
    buf_byte(out, '\n');
    print_lengths(&group->lengths, "regions", out);
    buf_byte(out, '\n');
}

void trace_regions_print(const struct summary *summary, struct buf *out)
{
    VEC(const struct summary_region *) regions = {0};
    VEC(struct group) groups = {0};
    for (size_t i = 0; i < summary->regions.n; i++) {
        const struct summary_region *region = &summary->regions.at[i];
        bool is_in = summary_overlaps(summary, region->has_start, region->start, region->has_end, region->end);
        if (is_in && summary_region_counts(summary, region) && !vec_push(&regions, out->mem, region))
            break;
    }
    if (regions.n > 0)
        qsort(regions.at, regions.n, sizeof *regions.at, compare_regions);
    for (size_t i = 0; i < regions.n; i++) {
        const struct summary_region *region = regions.at[i];
        struct group fresh = {.type = summary->names.at[region->name], .region = region};
        if ((i == 0 || !is_same(regions.at[i - 1], region)) && !vec_push(&groups, out->mem, fresh))
            break;
        groups.at[groups.n - 1].count++;
        histogram_add(&groups.at[groups.n - 1].lengths, summary_region_length(summary, region));
    }
    if (groups.n > 0)
        qsort(groups.at, groups.n, sizeof *groups.at, compare_types);
    for (size_t i = 0; i < groups.n; i++)
        print_region_group(summary, &groups.at[i], out);
    if (groups.n == 0)
        buf_str(out, STR("no regions\n"));
    vec_finish(&regions, out->mem);
    vec_finish(&groups, out->mem);
}

static bool region_is_wanted(const struct summary *summary, const struct summary_region *region,
                             const struct trace_delay_filter *f)
{
    int64_t length = summary_region_length(summary, region);
    return summary_region_counts(summary, region) && region->times > 0 &&
           summary_overlaps(summary, region->has_start, region->start, region->has_end, region->end) &&
           (!f->of_type || str_equal(summary->names.at[region->name], f->type)) && (!f->at_pc || region->pc == f->pc) &&
           length >= f->least && length <= f->most;
}

static int compare_rows(const void *a, const void *b)
{
    const struct trace_times_row *x = a, *y = b;
    if (x->times->total != y->times->total)
        return x->times->total < y->times->total ? 1 : -1;
    if (x->goroutine != y->goroutine)
        return x->goroutine < y->goroutine ? -1 : 1;
    return x->times < y->times ? -1 : x->times > y->times;
}

bool trace_region_print(const struct summary *summary, const struct trace_delay_filter *filter, struct buf *out)
{
    VEC(struct trace_times_row) rows = {0};
    for (size_t i = 0; i < summary->regions.n; i++) {
        const struct summary_region *region = &summary->regions.at[i];
        if (!region_is_wanted(summary, region, filter))
            continue;
        struct trace_times_row row = {.goroutine = summary->goroutines.at[region->goroutine].id,
                                      .task = region->task,
                                      .times = &summary->region_times.at[region->times - 1]};
        if (!vec_push(&rows, out->mem, row))
            break;
    }
    size_t n = rows.n;
    if (n > 0) {
        qsort(rows.at, n, sizeof *rows.at, compare_rows);
        buf_quote(out, filter->type);
        buf_printf(out, ": %zu region%s\n\n", n, n == 1 ? "" : "s");
        trace_times_print(summary, rows.at, n, true, out);
    }
    vec_finish(&rows, out->mem);
    return n > 0;
}
