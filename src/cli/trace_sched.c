/* `sonde trace -latency`, -procs, -wakeups and -leaks. */
#include <stdlib.h>

#include "base/duration.h"
#include "cli/trace_findings.h"
#include "cli/trace_text.h"

enum { most_rows = 40 };

static struct str name_of_group(const struct activity *a, uint32_t group)
{
    return trace_group_name(&a->places, group != ACTIVITY_NONE ? a->groups.at[group].name : 0);
}

/* How wide a last column may be behind others of so many columns. */
static size_t room(const struct trace_findings *f, size_t others)
{
    return f->width == 0 ? 0 : f->width > others + 20 ? f->width - others : 20;
}

/* What is left out of a long table. */
static void print_rest(size_t n, const char *what, struct buf *out)
{
    if (n > most_rows)
        buf_printf(out, "... and %zu more %s\n", n - most_rows, what);
}

static int compare_latencies(const void *a, const void *b)
{
    const struct activity_group *x = *(const struct activity_group *const *)a,
                                *y = *(const struct activity_group *const *)b;
    if (x->latency->sum != y->latency->sum)
        return x->latency->sum < y->latency->sum ? 1 : -1;
    return x < y ? -1 : x > y;
}

static void print_latency_row(struct grid *grid, const struct trace_findings *f, const struct quantiles *q,
                              struct str name)
{
    grid_brief(grid, (int64_t)q->sum);
    grid_count(grid, q->count);
    grid_brief(grid, quantiles_at(q, 0.5));
    grid_brief(grid, quantiles_at(q, 0.9));
    grid_brief(grid, quantiles_at(q, 0.99));
    grid_brief(grid, q->most);
    grid_short(grid, name, room(f, 56));
}

static void print_worst(const struct activity *a, struct buf *out)
{
    struct grid grid;
    grid_init(&grid, out->mem, 4);
    grid.left = 1 << 3;
    grid_text(&grid, STR("Waited"));
    grid_text(&grid, STR("Until"));
    grid_text(&grid, STR("Goroutine"));
    grid_text(&grid, STR("Starts in"));
    for (unsigned i = 0; i < a->nworst; i++) {
        grid_duration(&grid, a->worst[i].length);
        grid_time(&grid, a->worst[i].time - a->begin);
        grid_int(&grid, a->worst[i].goroutine);
        grid_text(&grid, name_of_group(a, a->worst[i].group));
    }
    buf_str(out, STR("\nLongest waits for a processor:\n\n"));
    grid_print(&grid, out);
    grid_finish(&grid);
}

void trace_latency_print(const struct trace_findings *f, struct buf *out)
{
    const struct activity *a = &f->activity;
    VEC(const struct activity_group *) groups = {0};
    for (size_t i = 0; i < a->groups.n; i++) {
        if (a->groups.at[i].latency && !vec_push(&groups, out->mem, &a->groups.at[i]))
            break;
    }
    if (groups.n > 0)
        qsort(groups.at, groups.n, sizeof *groups.at, compare_latencies);
    buf_str(out, STR("Scheduling latency: from when a goroutine can run to when it does; "));
    trace_put_count(out, a->latency.count);
    buf_str(out, STR(" times.\n\n"));
    trace_put_decades(out, &a->latency);
    struct grid grid;
    grid_init(&grid, out->mem, 7);
    grid.left = 1 << 6;
    static const char *const heads[] = {"Total", "Count", "p50", "p90", "p99", "Longest", "Goroutines that start in"};
    for (size_t i = 0; i < 7; i++)
        grid_text(&grid, str_of(heads[i]));
    print_latency_row(&grid, f, &a->latency, STR("(all)"));
    for (size_t i = 0; i < groups.n && i < most_rows; i++)
        print_latency_row(&grid, f, groups.at[i]->latency, trace_group_name(&a->places, groups.at[i]->name));
    buf_byte(out, '\n');
    grid_print(&grid, out);
    print_rest(groups.n, "functions", out);
    grid_finish(&grid);
    vec_finish(&groups, out->mem);
    if (a->nworst > 0)
        print_worst(a, out);
}

static int compare_procs(const void *a, const void *b)
{
    const struct activity_proc *x = *(const struct activity_proc *const *)a,
                               *y = *(const struct activity_proc *const *)b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void print_proc_row(struct grid *grid, const struct trace_findings *f, const struct activity_proc *p)
{
    struct trace_range span = activity_span(&f->activity);
    double length = (double)(span.end - span.start);
    unsigned columns = f->width > 50 ? (unsigned)(f->width - 36 < 100 ? f->width - 36 : 100) : 64;
    grid_int(grid, p->id);
    grid_percent(grid, (double)p->busy, length);
    grid_percent(grid, (double)p->running, length);
    trace_put_spark(&grid->text, &p->course, span.start, span.end, 1, columns);
    grid_end_cell(grid);
}

void trace_procs_print(const struct trace_findings *f, struct buf *out)
{
    const struct activity *a = &f->activity;
    struct trace_range span = activity_span(a);
    VEC(const struct activity_proc *) procs = {0};
    int64_t busy = 0;
    for (size_t i = 0; i < a->procs.n; i++) {
        busy += a->procs.at[i].busy;
        if (!vec_push(&procs, out->mem, &a->procs.at[i]))
            break;
    }
    if (procs.n > 0)
        qsort(procs.at, procs.n, sizeof *procs.at, compare_procs);
    double length = (double)(span.end - span.start), n = (double)(a->nprocs_most ? a->nprocs_most : a->procs.n);
    buf_str(out, STR("Processors: busy is running goroutines, held is by a thread that does, or looks for some.\n\n"));
    struct grid grid;
    grid_init(&grid, out->mem, 4);
    grid.left = 1 << 3;
    grid_text(&grid, STR("P"));
    grid_text(&grid, STR("Busy"));
    grid_text(&grid, STR("Held"));
    grid_text(&grid, STR("Over time"));
    for (size_t i = 0; i < procs.n && i < 2 * most_rows; i++)
        print_proc_row(&grid, f, procs.at[i]);
    grid_print(&grid, out);
    print_rest(procs.n > most_rows ? procs.n - most_rows : 0, "processors", out);
    grid_finish(&grid);
    vec_finish(&procs, out->mem);
    if (length <= 0 || n <= 0)
        return;
    buf_printf(out, "\nIn all %.2f of %.0f were busy (%.1f%%):\n  ", (double)busy / length, n,
               100 * (double)busy / length / n);
    trace_put_spark(out, &a->busy, span.start, span.end, n, 64);
    double waiting = course_sum(&a->runnable, span.start, span.end) / length, most = 0;
    for (int i = 0; i < 64; i++) {
        int64_t from = span.start + (int64_t)(length / 64 * i), to = span.start + (int64_t)(length / 64 * (i + 1));
        double here = to > from ? course_sum(&a->runnable, from, to) / (double)(to - from) : 0;
        most = here > most ? here : most;
    }
    buf_printf(out, "\nGoroutines that could run but had no processor: %.2f on average, up to %.1f:\n  ", waiting,
               most);
    trace_put_spark(out, &a->runnable, span.start, span.end, most > 0 ? most : 1, 64);
    buf_printf(out, "\nAll processors were busy while more could run for %.1f%% of the time.\n",
               100 * (double)a->saturated / length);
}

static int compare_wakeups(const void *a, const void *b)
{
    const struct activity_wakeup *x = *(const struct activity_wakeup *const *)a,
                                 *y = *(const struct activity_wakeup *const *)b;
    if (x->waited != y->waited)
        return x->waited < y->waited ? 1 : -1;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x < y ? -1 : x > y;
}

void trace_wakeups_print(const struct trace_findings *f, struct buf *out)
{
    const struct activity *a = &f->activity;
    VEC(const struct activity_wakeup *) wakeups = {0};
    for (size_t i = 0; i < a->wakeups.n; i++) {
        if (!vec_push(&wakeups, out->mem, &a->wakeups.at[i]))
            break;
    }
    if (wakeups.n > 0)
        qsort(wakeups.at, wakeups.n, sizeof *wakeups.at, compare_wakeups);
    struct grid grid;
    grid_init(&grid, out->mem, 5);
    grid.left = 1 << 2 | 1 << 3 | 1 << 4;
    static const char *const heads[] = {"Waited", "Wake-ups", "For", "Goroutines that start in", "Woken by"};
    for (size_t i = 0; i < 5; i++)
        grid_text(&grid, str_of(heads[i]));
    for (size_t i = 0; i < wakeups.n && i < most_rows; i++) {
        const struct activity_wakeup *w = wakeups.at[i];
        grid_brief(&grid, w->waited);
        grid_count(&grid, w->count);
        grid_text(&grid, a->places.names.at[w->reason]);
        grid_short(&grid, name_of_group(a, w->woken), room(f, 44) / 2);
        grid_short(&grid, w->waker == ACTIVITY_NONE ? STR("(timer, network or runtime)") : name_of_group(a, w->waker),
                   room(f, 44) / 2);
    }
    buf_str(out, STR("Who woke whom, by how long they had waited in all:\n\n"));
    grid_print(&grid, out);
    print_rest(wakeups.n, "pairs", out);
    grid_finish(&grid);
    vec_finish(&wakeups, out->mem);
}

static int compare_leaks(const void *a, const void *b)
{
    const struct activity_leak *x = *(const struct activity_leak *const *)a,
                               *y = *(const struct activity_leak *const *)b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->longest != y->longest)
        return x->longest < y->longest ? 1 : -1;
    return x < y ? -1 : x > y;
}

static void print_leak(const struct activity *a, const struct activity_leak *l, struct buf *out)
{
    buf_byte(out, '\n');
    trace_put_count(out, l->count);
    buf_printf(out, " goroutine%s of ", l->count == 1 ? "" : "s");
    buf_str(out, name_of_group(a, l->group));
    struct str reason = a->places.names.at[l->reason];
    buf_str(out, STR(": "));
    buf_str(out, reason.n > 0 ? reason : STR("waiting"));
    buf_str(out, l->since_before ? STR(", since before the trace\n") : STR(", the longest for "));
    if (!l->since_before) {
        buf_brief(out, l->longest);
        buf_printf(out, " (goroutine %lld)\n", (long long)l->goroutine);
    }
    if (l->stack) {
        buf_str(out, STR("    waits in   "));
        trace_put_place(out, &a->places, l->stack, 3);
        buf_byte(out, '\n');
    }
    if (l->creation_stack) {
        buf_str(out, STR("    created by "));
        trace_put_place(out, &a->places, l->creation_stack, 3);
        buf_byte(out, '\n');
    }
}

static void put_leak_counts(uint64_t all, uint64_t created, uint64_t own, struct buf *out)
{
    if (all == 0)
        buf_str(out, STR("No goroutine waits at the end ("));
    else
        trace_put_count(out, all);
    if (all > 0) {
        buf_printf(out, " goroutine%s at the end, of which ", all == 1 ? " waits" : "s wait");
        trace_put_count(out, created);
        buf_printf(out, " %s created in this time (", created == 1 ? "was" : "were");
    }
    trace_put_count(out, own);
    buf_printf(out, " of Go's runtime %s left out).\n", own == 1 ? "is" : "are");
}

void trace_leaks_print(const struct trace_findings *f, struct buf *out)
{
    const struct activity *a = &f->activity;
    VEC(const struct activity_leak *) leaks = {0};
    uint64_t all = 0, created = 0, own = 0;
    for (size_t i = 0; i < a->leaks.n; i++) {
        if (trace_is_runtime_start(name_of_group(a, a->leaks.at[i].group))) {
            own += a->leaks.at[i].count;
            continue;
        }
        all += a->leaks.at[i].count;
        created += a->leaks.at[i].created;
        if (!vec_push(&leaks, out->mem, &a->leaks.at[i]))
            break;
    }
    if (leaks.n > 0)
        qsort(leaks.at, leaks.n, sizeof *leaks.at, compare_leaks);
    put_leak_counts(all, created, own, out);
    for (size_t i = 0; i < leaks.n && i < most_rows; i++)
        print_leak(a, leaks.at[i], out);
    if (leaks.n > most_rows)
        buf_byte(out, '\n');
    print_rest(leaks.n, "places", out);
    vec_finish(&leaks, out->mem);
}
