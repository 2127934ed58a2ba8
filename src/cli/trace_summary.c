/* The page begins with a line for each subject; then what is suspicious, so that it is on the first screen; then the
 * tables that answer the next questions, short, with the flag that gives them in full. */
#include <stdlib.h>

#include "base/duration.h"
#include "cli/trace_findings.h"
#include "cli/trace_text.h"

enum { most_rows = 10, spark_columns = 48 };

/* What the whole page is about. */
struct page {
    const struct trace_findings *f;
    const struct activity *a;
    const struct collector *c;
    struct trace_range span;
    double length; /* ns */
    double nprocs;
    int64_t busy, executed; /* processors' and goroutines' */
    int64_t assisted;
    struct buf *out;
};

static struct page page_of(const struct trace_findings *f, struct buf *out)
{
    struct page p = {.f = f, .a = &f->activity, .c = &f->collector, .span = activity_span(&f->activity), .out = out};
    p.length = (double)(p.span.end - p.span.start);
    p.nprocs = (double)(p.a->nprocs_most ? p.a->nprocs_most : p.a->procs.n);
    for (size_t i = 0; i < p.a->procs.n; i++)
        p.busy += p.a->procs.at[i].busy;
    for (size_t i = 0; i < p.a->groups.n; i++)
        p.executed += p.a->groups.at[i].time[go_running];
    for (size_t i = 0; i < p.c->helpers.n; i++)
        p.assisted += p.c->helpers.at[i].ran;
    return p;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void head(const struct page *p, const char *subject)
{
    buf_printf(p->out, "%-12s", subject);
}

static void print_span(const struct page *p)
{
    const struct trace_extent *x = &p->f->extent;
    head(p, "Trace");
    buf_printf(p->out, "Go 1.%u format, ", x->version);
    buf_size(p->out, x->share.size);
    buf_str(p->out, STR(", "));
    buf_brief(p->out, x->last - x->begin);
    buf_str(p->out, STR(", "));
    trace_put_count(p->out, x->events);
    buf_str(p->out, x->events == 1 ? STR(" event\n") : STR(" events\n"));
    if (p->span.start > p->a->begin || p->a->over) {
        head(p, "Range");
        buf_duration(p->out, p->span.start - p->a->begin);
        buf_str(p->out, STR(" to "));
        buf_duration(p->out, p->span.end - p->a->begin);
        buf_str(p->out, STR(", "));
        trace_put_count(p->out, p->a->events);
        buf_str(p->out, STR(" events: all that follows is of it alone\n"));
    }
    if (p->f->is_broken) {
        head(p, "Lost");
        buf_printf(p->out, "the last %.2f%% of the file can't be read\n",
                   percent((double)(x->share.size - x->share.valid), (double)x->share.size));
    }
}

static void print_goroutines(const struct page *p)
{
    const struct activity *a = p->a;
    head(p, "Goroutines");
    trace_put_count(p->out, a->created);
    buf_str(p->out, STR(" created, "));
    trace_put_count(p->out, a->ended);
    buf_str(p->out, STR(" ended; "));
    trace_put_count(p->out, a->alive_at_begin);
    buf_str(p->out, STR(" alive at the begin, "));
    trace_put_count(p->out, a->alive);
    buf_str(p->out, STR(" at the end, at most "));
    trace_put_count(p->out, a->most_alive);
    buf_byte(p->out, '\n');
}

static void print_processors(const struct page *p)
{
    head(p, "Processors");
    buf_printf(p->out, "%.0f, of which %.2f were busy (%.1f%%)  ", p->nprocs,
               p->length > 0 ? (double)p->busy / p->length : 0, percent((double)p->busy, p->length * p->nprocs));
    trace_put_spark(p->out, &p->a->busy, p->span.start, p->span.end, p->nprocs > 0 ? p->nprocs : 1, spark_columns);
    buf_byte(p->out, '\n');
    head(p, "Threads");
    trace_put_count(p->out, p->a->threads.n);
    buf_byte(p->out, '\n');
}

static void print_latency(const struct page *p)
{
    head(p, "Scheduling");
    if (p->a->latency.count == 0) {
        buf_str(p->out, STR("no goroutine waited for a processor\n"));
        return;
    }
    trace_put_quantiles(p->out, &p->a->latency);
    buf_str(p->out, STR(" from runnable to running ("));
    trace_put_count(p->out, p->a->latency.count);
    buf_str(p->out, STR(" times)\n"));
}

static void print_collector(const struct page *p)
{
    const struct collector *c = p->c;
    size_t n = 0;
    for (size_t i = 0; i < c->cycles.n; i++)
        n += c->cycles.at[i].end > p->span.start;
    head(p, "Collector");
    if (n == 0) {
        buf_str(p->out, STR("did not run\n"));
    } else {
        buf_printf(p->out, "%zu cycle%s, marking %.1f%% of the time, assists %.1f%% of the execution\n", n,
                   n == 1 ? "" : "s", percent((double)c->marking, p->length),
                   percent((double)p->assisted, (double)p->executed));
    }
    if (c->gc_pauses.count + c->other_pauses.count == 0)
        return;
    head(p, "Stops");
    trace_put_count(p->out, c->gc_pauses.count);
    buf_str(p->out, STR(" of the world for the collector"));
    if (c->gc_pauses.count > 0) {
        buf_str(p->out, STR(": "));
        trace_put_quantiles(p->out, &c->gc_pauses);
        buf_printf(p->out, ", %.2f%% of the time", percent((double)c->paused, p->length));
    }
    buf_byte(p->out, '\n');
    if (c->other_pauses.count == 0)
        return;
    head(p, "");
    trace_put_count(p->out, c->other_pauses.count);
    buf_str(p->out, STR(" for other reasons, longest "));
    buf_brief(p->out, c->other_pauses.most);
    buf_byte(p->out, '\n');
}

static void print_heap(const struct page *p)
{
    const struct collector *c = p->c;
    if (c->first_heap == 0)
        return;
    head(p, "Heap");
    buf_size(p->out, c->first_heap);
    buf_str(p->out, STR(" at first, "));
    buf_size(p->out, c->most_heap);
    buf_str(p->out, STR(" at most (after "));
    buf_brief(p->out, c->most_heap_time - p->a->begin);
    buf_str(p->out, STR("), "));
    buf_size(p->out, c->heap);
    buf_str(p->out, STR(" at last"));
    if (c->goal > 0) {
        buf_str(p->out, STR("; goal "));
        buf_size(p->out, c->goal);
    }
    buf_byte(p->out, '\n');
}

/* Totals of waits that have a kind in common. */
static void sum_waits(const struct activity *a, bool syscalls, uint64_t *count, int64_t *total, int64_t *most)
{
    *count = 0;
    *total = *most = 0;
    for (size_t i = 0; i < a->waits.n; i++) {
        const struct activity_wait *w = &a->waits.at[i];
        if (w->is_syscall != syscalls)
            continue;
        *count += w->count;
        *total += w->total;
        *most = w->most > *most ? w->most : *most;
    }
}

static void print_syscalls(const struct page *p)
{
    uint64_t count;
    int64_t total, most;
    sum_waits(p->a, true, &count, &total, &most);
    head(p, "Syscalls");
    trace_put_count(p->out, count);
    if (count > 0) {
        buf_str(p->out, STR(", "));
        buf_brief(p->out, total);
        buf_str(p->out, STR(" in all, longest "));
        buf_brief(p->out, most);
    }
    buf_byte(p->out, '\n');
}

/* Begins a line of what is suspicious; the first has a heading before it. */
static void suspect(const struct page *p, unsigned *n)
{
    buf_str(p->out, (*n)++ == 0 ? STR("\nSuspicious\n  ! ") : STR("  ! "));
}

static void suspect_leaks(const struct page *p, unsigned *n)
{
    enum { many = 100, shown = 3 };
    unsigned told = 0;
    for (size_t i = 0; i < p->a->leaks.n && told < shown; i++) {
        const struct activity_leak *l = &p->a->leaks.at[i];
        if (l->created < many)
            continue;
        told++;
        suspect(p, n);
        trace_put_count(p->out, l->created);
        buf_str(p->out, STR(" goroutines that were created in this time still wait at its end (-leaks): "));
        trace_put_place(p->out, &p->a->places, l->stack ? l->stack : l->creation_stack, 1);
        buf_byte(p->out, '\n');
    }
}

static void suspect_scheduler(const struct page *p, unsigned *n)
{
    int64_t p99 = quantiles_at(&p->a->latency, 0.99);
    double saturated = percent((double)p->a->saturated, p->length);
    double share = p->length > 0 ? (double)p->busy / p->length : 0;
    if (p99 >= 1000000) {
        suspect(p, n);
        buf_str(p->out, STR("1% of the runnable goroutines wait "));
        buf_brief(p->out, p99);
        buf_str(p->out, STR(" or more for a processor (-latency)\n"));
    } else if (p->a->latency.most >= 10000000) {
        suspect(p, n);
        buf_str(p->out, STR("a runnable goroutine waited "));
        buf_brief(p->out, p->a->latency.most);
        buf_str(p->out, STR(" for a processor (-latency)\n"));
    }
    if (p->nprocs == 1 && share > 0.9) {
        suspect(p, n);
        buf_printf(p->out, "the only processor is busy %.0f%% of the time: GOMAXPROCS is 1 (-procs)\n", 100 * share);
    } else if (saturated >= 20) {
        suspect(p, n);
        buf_printf(p->out, "all processors were busy while more goroutines could run for %.0f%% of the time (-procs)\n",
                   saturated);
    } else if (p->nprocs > 1 && share > 0.9 && share < 1.1) {
        suspect(p, n);
        buf_printf(p->out, "about one of %.0f processors is busy: the work is done one goroutine at a time (-procs)\n",
                   p->nprocs);
    }
}

static void suspect_collector(const struct page *p, unsigned *n)
{
    const struct collector *c = p->c;
    int64_t longest = c->gc_pauses.most > c->other_pauses.most ? c->gc_pauses.most : c->other_pauses.most;
    double marking = percent((double)c->marking, p->length);
    double assists = percent((double)p->assisted, (double)p->executed);
    if (longest >= 1000000) {
        suspect(p, n);
        buf_str(p->out, STR("the world was stopped for "));
        buf_brief(p->out, longest);
        buf_str(p->out, STR(" (-gc)\n"));
    }
    if (marking >= 25) {
        suspect(p, n);
        buf_printf(p->out,
                   "the collector is marking %.0f%% of the time: the heap is small for what is allocated (-gc)\n",
                   marking);
    }
    if (assists >= 5) {
        suspect(p, n);
        buf_printf(p->out, "%.0f%% of the execution is help for the collector before allocating (-gc)\n", assists);
    }
    if (c->first_heap >= 1 << 20 && c->heap / 2 > c->first_heap && c->cycles.n >= 2) {
        suspect(p, n);
        buf_printf(p->out, "the heap is %.1f times as large at the end as at the begin (-gc)\n",
                   (double)c->heap / (double)c->first_heap);
    }
}

static void print_suspicious(const struct page *p)
{
    unsigned n = 0;
    suspect_leaks(p, &n);
    suspect_scheduler(p, &n);
    suspect_collector(p, &n);
    if (p->f->is_broken) {
        suspect(p, &n);
        buf_str(p->out, STR("the trace is broken: what is behind the break is not in these figures\n"));
    }
}

static int compare_groups(const void *a, const void *b)
{
    const struct activity_group *x = *(const struct activity_group *const *)a,
                                *y = *(const struct activity_group *const *)b;
    if (x->time[go_running] != y->time[go_running])
        return x->time[go_running] < y->time[go_running] ? 1 : -1;
    return x < y ? -1 : x > y;
}

static size_t room(const struct page *p, size_t others)
{
    size_t width = p->f->width;
    return width == 0 ? 0 : width > others + 20 ? width - others : 20;
}

static void print_groups(const struct page *p)
{
    static const char *const heads[] = {"Execution", "Share",   "Runnable", "Waiting",
                                        "Syscalls",  "Created", "Alive",    "Goroutines that start in"};
    VEC(const struct activity_group *) groups = {0};
    for (size_t i = 0; i < p->a->groups.n; i++) {
        const struct activity_group *g = &p->a->groups.at[i];
        bool any = g->created > 0 || g->alive > 0 || g->time[go_running] > 0;
        if (any && !vec_push(&groups, p->out->mem, g))
            break;
    }
    if (groups.n > 0)
        qsort(groups.at, groups.n, sizeof *groups.at, compare_groups);
    struct grid grid;
    grid_init(&grid, p->out->mem, 8);
    grid.left = 1 << 7;
    for (size_t i = 0; i < 8; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < groups.n && i < most_rows; i++) {
        const struct activity_group *g = groups.at[i];
        grid_brief(&grid, g->time[go_running]);
        grid_percent(&grid, (double)g->time[go_running], (double)p->executed);
        grid_brief(&grid, g->time[go_runnable]);
        grid_brief(&grid, g->time[go_waiting]);
        grid_brief(&grid, g->time[go_syscall]);
        grid_count(&grid, g->created);
        grid_count(&grid, g->alive);
        grid_short(&grid, trace_group_name(&p->a->places, g->name), room(p, 66));
    }
    buf_str(p->out, STR("\nMost active goroutines (-goroutines)\n\n"));
    grid_print(&grid, p->out);
    grid_finish(&grid);
    vec_finish(&groups, p->out->mem);
}

/* Waits that are shown as one: they have the same reason, and their stacks look the same where they are cut off. */
struct row {
    struct str reason, place;
    uint64_t count;
    int64_t total, most;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->total != y->total)
        return x->total < y->total ? 1 : -1;
    int order = str_compare(x->reason, y->reason);
    return order ? order : str_compare(x->place, y->place);
}

/* Whether a wait is the runtime's own business. */
static bool is_idle(const struct activity *a, const struct activity_wait *w)
{
    struct str start = a->places.names.at[places_start(&a->places, w->stack)], reason = a->places.names.at[w->reason];
    return !w->is_syscall && (str_equal(reason, STR("system goroutine wait")) || trace_is_runtime_start(start));
}

struct rows {
    struct arena arena;
    struct str_map row_of_text;
    VEC(struct row) rows;
};

static bool add_row(struct rows *rows, const struct activity *a, const struct activity_wait *w, struct mem *mem)
{
    struct buf text;
    struct str reason = a->places.names.at[w->reason];
    reason = w->is_syscall ? STR("(system call)") : reason.n > 0 ? reason : STR("(not said)");
    buf_init(&text, mem);
    buf_str(&text, reason);
    buf_byte(&text, 0);
    trace_put_place(&text, &a->places, w->stack, 2);
    struct str key = arena_str(&rows->arena, buf_text(&text));
    buf_finish(&text);
    uint32_t fresh = (uint32_t)rows->rows.n, *index = str_map_add(&rows->row_of_text, key, fresh);
    struct row row = {.reason = reason, .place = str_skip(key, reason.n + 1)};
    if (!index || (*index == fresh && !vec_push(&rows->rows, mem, row)))
        return false;
    struct row *r = &rows->rows.at[*index];
    r->count += w->count;
    r->total += w->total;
    r->most = w->most > r->most ? w->most : r->most;
    return true;
}

static void print_rows(const struct page *p, const struct row *rows, size_t n)
{
    static const char *const heads[] = {"Total", "Count", "Longest", "Waiting for", "In"};
    struct grid grid;
    grid_init(&grid, p->out->mem, 5);
    grid.left = 1 << 3 | 1 << 4;
    size_t reasons = 11;
    for (size_t i = 0; i < n && i < most_rows; i++)
        reasons = rows[i].reason.n > reasons ? rows[i].reason.n : reasons;
    for (size_t i = 0; i < 5; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < n && i < most_rows; i++) {
        grid_brief(&grid, rows[i].total);
        grid_count(&grid, rows[i].count);
        if (rows[i].most > 0)
            grid_brief(&grid, rows[i].most);
        else
            grid_text(&grid, STR("-"));
        grid_text(&grid, rows[i].reason);
        grid_cut(&grid, rows[i].place, room(p, 28 + reasons));
    }
    buf_str(p->out, STR("\nWhere goroutines wait longest, but for the runtime's own\n\n"));
    grid_print(&grid, p->out);
    grid_finish(&grid);
}

static void print_waits(const struct page *p)
{
    struct mem *mem = p->out->mem;
    struct rows rows = {0};
    arena_init(&rows.arena, mem);
    str_map_init(&rows.row_of_text, mem);
    for (size_t i = 0; i < p->a->waits.n; i++) {
        if (!is_idle(p->a, &p->a->waits.at[i]) && !add_row(&rows, p->a, &p->a->waits.at[i], mem))
            break;
    }
    if (rows.rows.n > 0) {
        qsort(rows.rows.at, rows.rows.n, sizeof *rows.rows.at, compare_rows);
        print_rows(p, rows.rows.at, rows.rows.n);
    }
    vec_finish(&rows.rows, mem);
    str_map_finish(&rows.row_of_text);
    arena_finish(&rows.arena);
}

void trace_summary_print(const struct trace_findings *f, struct buf *out)
{
    struct page p = page_of(f, out);
    print_span(&p);
    print_goroutines(&p);
    print_processors(&p);
    print_latency(&p);
    print_collector(&p);
    print_heap(&p);
    print_syscalls(&p);
    print_suspicious(&p);
    print_groups(&p);
    print_waits(&p);
    if (f->activity.latency.count == 0)
        return;
    buf_str(out, STR("\nScheduling latency (-latency)\n\n"));
    trace_put_decades(out, &f->activity.latency);
}
