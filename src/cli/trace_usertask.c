/* Times and events are those of the page /usertask of `go tool trace`. A task's events are collected from the lists of
 * the summary, sorted by task and time. */
#include "cli/trace_usertask.h"

#include <stdlib.h>

#include "base/quote.h"
#include "cli/grid.h"

enum kind { kind_begin, kind_end, kind_log, kind_region_begin, kind_region_end };

/* Something that happened in a task. */
struct entry {
    uint32_t task; /* index */
    enum kind kind;
    int64_t time, goroutine;
    uint32_t index; /* of the region or log */
};

struct pages {
    const struct summary *summary;
    const struct trace_task_filter *filter;
    struct mem *mem;
    VEC(struct entry) entries;
    VEC(uint32_t) wanted; /* tasks */
    VEC(bool) mentions;   /* by task: the text that is looked for */
};

static bool contains(const struct pages *p, uint32_t name)
{
    struct str text = p->summary->names.at[name];
    return p->filter->text.n > 0 && str_find(text, p->filter->text, 0) < text.n;
}

static void add(struct pages *p, uint32_t task, enum kind kind, int64_t time, int64_t goroutine, size_t index)
{
    (void)vec_push(&p->entries, p->mem, (struct entry){task, kind, time, goroutine, (uint32_t)index});
}

/* Notes whether a task has the text in one of its names. */
static void mention(struct pages *p, uint32_t task, bool mentions)
{
    if (task < p->mentions.n)
        p->mentions.at[task] |= mentions;
}

static void add_regions(struct pages *p)
{
    const struct summary *s = p->summary;
    for (size_t i = 0; i < s->regions.n; i++) {
        const struct summary_region *region = &s->regions.at[i];
        uint32_t *task = region->inherited ? NULL : map_find(&s->task_of_id, region->task);
        int64_t goroutine = s->goroutines.at[region->goroutine].id;
        if (!task)
            continue;
        mention(p, *task, contains(p, region->name));
        if (region->has_start)
            add(p, *task, kind_region_begin, region->start, goroutine, i);
        if (region->has_end)
            add(p, *task, kind_region_end, region->end, goroutine, i);
    }
}

static void collect(struct pages *p)
{
    const struct summary *s = p->summary;
    for (uint32_t i = 0; i < s->tasks.n; i++) {
        const struct summary_task *task = &s->tasks.at[i];
        if (!vec_push(&p->mentions, p->mem, contains(p, task->name)))
            return;
        if (task->has_start)
            add(p, i, kind_begin, task->start, task->start_on, 0);
        if (task->has_end)
            add(p, i, kind_end, task->end, task->end_on, 0);
    }
    for (size_t i = 0; i < s->logs.n; i++) {
        const struct summary_log *log = &s->logs.at[i];
        mention(p, log->task, contains(p, log->category) || contains(p, log->message));
        add(p, log->task, kind_log, log->time, log->goroutine, i);
    }
    add_regions(p);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int64_t start_of(const struct summary *s, const struct summary_task *task)
{
    return task->has_start ? task->start : s->first_time;
}

static int64_t length_of(const struct summary *s, const struct summary_task *task)
{
    return (task->has_end ? task->end : s->last_time) - start_of(s, task);
}

static bool is_of_type(const struct summary *s, const struct summary_task *task, struct str type)
{
    struct buf number;
    buf_init(&number, s->mem);
    buf_uint(&number, task->id);
    bool is = str_equal(type, s->names.at[task->name]) || str_equal(type, buf_text(&number));
    buf_finish(&number);
    return is;
}

static bool is_wanted(const struct pages *p, uint32_t index)
{
    const struct summary *s = p->summary;
    const struct trace_task_filter *f = p->filter;
    const struct summary_task *task = &s->tasks.at[index];
    bool complete = task->has_start && task->has_end;
    int64_t length = length_of(s, task);
    return (!f->by_type || is_of_type(s, task, f->type)) &&
           (f->completeness == complete_or_not || (f->completeness == only_complete) == complete) &&
           (!f->by_length || (complete && length >= f->least && length <= f->most)) &&
           (f->text.n == 0 || p->mentions.at[index]) &&
           summary_overlaps(s, task->has_start, task->start, task->has_end, task->end);
}

/* The tasks whose lengths are compared: qsort takes no argument for them. */
struct ranked {
    int64_t length;
    uint32_t index;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void rank(struct pages *p)
{
    VEC(struct ranked) ranked = {0};
    for (uint32_t i = 0; i < p->summary->tasks.n; i++) {
        struct ranked one = {length_of(p->summary, &p->summary->tasks.at[i]), i};
        if (is_wanted(p, i))
            (void)vec_push(&ranked, p->mem, one);
    }
    if (ranked.n > 0)
        qsort(ranked.at, ranked.n, sizeof *ranked.at, compare_ranked);
    for (size_t i = 0; i < ranked.n; i++)
        (void)vec_push(&p->wanted, p->mem, ranked.at[i].index);
    vec_finish(&ranked, p->mem);
}

static void put_seconds(struct grid *grid, int64_t ns)
{
    buf_printf(&grid->text, "%.9fs", (double)ns / 1e9);
    grid_end_cell(grid);
}

static void put_begin(const struct summary *s, const struct summary_task *task, struct buf *out)
{
    buf_str(out, STR("task "));
    buf_quote(out, s->names.at[task->start_name]);
    buf_str(out, STR(" begin"));
    if (task->parent != TRACE_NO_TASK && task->parent != 0)
        buf_printf(out, ", of task %llu", (unsigned long long)task->parent);
}

static void put_log(const struct summary *s, const struct summary_log *log, struct buf *out)
{
    buf_str(out, STR("log "));
    if (s->names.at[log->category].n > 0) {
        buf_quote(out, s->names.at[log->category]);
        buf_str(out, STR(": "));
    }
    buf_quote(out, s->names.at[log->message]);
}

static void put_region_end(const struct summary *s, const struct summary_region *region, struct buf *out)
{
    buf_str(out, STR("region "));
    buf_quote(out, s->names.at[region->to_state ? region->name : region->end_name]);
    buf_str(out, region->to_state ? STR(" ends with its goroutine") : STR(" end"));
}

static void put_what(const struct summary *s, const struct entry *entry, struct buf *out)
{
    buf_str(out, STR("  "));
    switch (entry->kind) {
    case kind_begin:
        put_begin(s, &s->tasks.at[entry->task], out);
        break;
    case kind_end:
        buf_str(out, STR("task end"));
        break;
    case kind_log:
        put_log(s, &s->logs.at[entry->index], out);
        break;
    case kind_region_begin:
        buf_str(out, STR("region "));
        buf_quote(out, s->names.at[s->regions.at[entry->index].name]);
        buf_str(out, STR(" begin"));
        break;
    case kind_region_end:
        put_region_end(s, &s->regions.at[entry->index], out);
        break;
    }
}

/* Where a task's entries begin. */
static size_t first_entry(const struct pages *p, uint32_t task)
{
    size_t low = 0, high = p->entries.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->entries.at[middle].task < task)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_task(const struct pages *p, uint32_t index, struct grid *grid)
{
    const struct summary *s = p->summary;
    const struct summary_task *task = &s->tasks.at[index];
    int64_t last = s->first_time;
    for (size_t i = 0; i < 4; i++)
        grid_text(grid, STR(""));
    put_seconds(grid, start_of(s, task) - s->first_time);
    grid_duration(grid, length_of(s, task));
    grid_text(grid, STR(""));
    if (task->id == 0)
        buf_str(&grid->text, STR("No task"));
    else
        buf_printf(&grid->text, "Task %llu (%s)", (unsigned long long)task->id,
                   task->has_start && task->has_end ? "complete" : "incomplete");
    grid_end_cell(grid);
    for (size_t i = first_entry(p, index); i < p->entries.n && p->entries.at[i].task == index; i++) {
        const struct entry *entry = &p->entries.at[i];
        put_seconds(grid, entry->time - s->first_time);
        grid_duration(grid, entry->time - last);
        if (entry->goroutine == TRACE_NO_GOROUTINE)
            grid_text(grid, STR("-"));
        else
            grid_int(grid, entry->goroutine);
        put_what(s, entry, &grid->text);
        grid_end_cell(grid);
        last = entry->time;
    }
}

static void print(const struct pages *p, struct buf *out)
{
    static const char *const heads[] = {"When", "Elapsed", "Goroutine", "Event"};
    struct grid grid;
    grid_init(&grid, p->mem, 4);
    grid.left = 1 << 3;
    for (size_t i = 0; i < 4; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < p->wanted.n; i++)
        add_task(p, p->wanted.at[i], &grid);
    if (p->filter->by_type) {
        buf_quote(out, p->filter->type);
        buf_str(out, STR(": "));
    }
    buf_printf(out, "%zu task%s\n\n", p->wanted.n, p->wanted.n == 1 ? "" : "s");
    grid_print(&grid, out);
    grid_finish(&grid);
}

bool trace_usertask_print(const struct summary *summary, const struct trace_task_filter *filter, struct buf *out)
{
    struct pages p = {.summary = summary, .filter = filter, .mem = out->mem};
    collect(&p);
    if (p.entries.n > 0)
        qsort(p.entries.at, p.entries.n, sizeof *p.entries.at, compare_entries);
    rank(&p);
    bool any = p.wanted.n > 0;
    if (any)
        print(&p, out);
    vec_finish(&p.entries, p.mem);
    vec_finish(&p.wanted, p.mem);
    vec_finish(&p.mentions, p.mem);
    return any;
}
