/* As text, the curve is drawn by a quarter of its points; as JSON, it has all of them. */
#include "cli/trace_mmu.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "cli/trace_text.h"

static const struct {
    struct str word, text;
    unsigned flag; /* 0 for percentiles */
} words[] = {
    {STR("stw"), STR("stop-the-world"), utilization_stw},
    {STR("background"), STR("background workers"), utilization_background},
    {STR("assist"), STR("mark assists"), utilization_assist},
    {STR("sweep"), STR("sweeping"), utilization_sweep},
    {STR("perProc"), STR(""), utilization_per_proc},
    {STR("mut"), STR(""), 0},
};

enum { nwords = sizeof words / sizeof *words, longest_bar = 50, every = 4, shown_windows = 3 };

static bool take_word(struct str word, struct trace_mmu_view *view)
{
    for (size_t i = 0; i < nwords; i++) {
        if (!str_equal(word, words[i].word))
            continue;
        view->flags |= words[i].flag;
        view->percentiles |= words[i].flag == 0;
        return true;
    }
    return word.n == 0;
}

bool trace_mmu_parse(struct str text, struct trace_mmu_view *view, struct str *word)
{
    for (;;) {
        size_t n = 0;
        while (n < text.n && text.p[n] != '|' && text.p[n] != ',')
            n++;
        *word = str_first(text, n);
        if (!take_word(*word, view))
            return false;
        if (n == text.n)
            return true;
        text = str_skip(text, n + 1);
    }
}

/* The shortest text that reads as the same number, as JSON has it. */
static void put_double(struct buf *out, double value)
{
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    buf_str(out, str_of(text));
}

static void put_plot(const struct mmu_plot *plot, bool percentiles, struct buf *out)
{
    buf_str(out, STR("{\"curve\":["));
    for (int i = 0; i < mmu_points; i++) {
        buf_printf(out, "%s[%lld,", i > 0 ? "," : "", (long long)plot->points[i].window);
        put_double(out, plot->points[i].util);
        for (int k = 0; k < mmu_percentiles && percentiles; k++) {
            buf_byte(out, ',');
            put_double(out, plot->points[i].percentiles[k]);
        }
        buf_byte(out, ']');
    }
    buf_str(out, percentiles ? STR("],\"quantiles\":[0") : STR("],\"quantiles\":null"));
    for (int k = 0; k < mmu_percentiles && percentiles; k++) {
        buf_byte(out, ',');
        put_double(out, mmu_percentile[k]);
    }
    buf_printf(out, "%s,\"xMax\":%lld,\"xMin\":%lld}\n", percentiles ? "]" : "", (long long)plot->most,
               (long long)plot->least);
}

static void put_windows(const struct mmu_window *windows, size_t n, struct buf *out)
{
    buf_byte(out, '[');
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s{\"Time\":%lld,\"MutatorUtil\":", i > 0 ? "," : "", (long long)windows[i].time);
        put_double(out, windows[i].util);
        buf_byte(out, '}');
    }
    buf_str(out, STR("]\n"));
}

/* What is counted, in a sentence. */
static void print_head(const struct utilization *u, const struct trace_mmu_view *view, struct buf *out)
{
    buf_str(out, STR("Minimum mutator utilization: what share of the processors was left to the program in the worst\n"
                     "window of each length. Counted as taken by the collector: "));
    bool any = false;
    for (size_t i = 0; i < nwords; i++) {
        if (words[i].text.n == 0 || !(view->flags & words[i].flag))
            continue;
        buf_str(out, any ? STR(", ") : STR(""));
        buf_str(out, words[i].text);
        any = true;
    }
    buf_str(out, any ? STR("") : STR("nothing"));
    size_t n = u->procs.n;
    if (view->flags & utilization_per_proc)
        buf_printf(out, "; the worst of %zu single processors.\n\n", n);
    else
        buf_printf(out, "; of %zu processor%s.\n\n", n, n == 1 ? "" : "s");
}

static void print_bar(struct grid *grid, double util)
{
    buf_byte(&grid->text, '|');
    buf_fill(&grid->text, '#', (size_t)(util * longest_bar + 0.5));
    grid_end_cell(grid);
}

static void print_plot(const struct mmu_plot *plot, bool percentiles, struct buf *out)
{
    static const char *const heads[] = {"p99.9", "p99", "p95"};
    struct grid grid;
    grid_init(&grid, out->mem, percentiles ? 6 : 3);
    grid.left = percentiles ? 1 << 5 : 1 << 2;
    grid_text(&grid, STR("Window"));
    grid_text(&grid, STR("MMU"));
    for (int k = 0; k < mmu_percentiles && percentiles; k++)
        grid_text(&grid, str_of(heads[k]));
    grid_text(&grid, STR(""));
    for (int i = 0; i < mmu_points; i = i + every < mmu_points || i == mmu_points - 1 ? i + every : mmu_points - 1) {
        grid_brief(&grid, plot->points[i].window);
        buf_printf(&grid.text, "%.4f", plot->points[i].util);
        grid_end_cell(&grid);
        for (int k = 0; k < mmu_percentiles && percentiles; k++) {
            buf_printf(&grid.text, "%.4f", plot->points[i].percentiles[k]);
            grid_end_cell(&grid);
        }
        print_bar(&grid, plot->points[i].util);
    }
    grid_print(&grid, out);
    grid_finish(&grid);
}

static bool print_windows(const struct mmu *mmu, int64_t window, size_t most, int64_t begin, struct buf *out)
{
    struct mmu_window windows[mmu_most_windows];
    size_t n = most;
    if (!mmu_worst(mmu, window, windows, &n))
        return false;
    buf_str(out, STR("\nWorst windows of "));
    buf_duration(out, window);
    buf_str(out, STR(", from the trace's begin:\n\n"));
    struct grid grid;
    grid_init(&grid, out->mem, 3);
    grid_text(&grid, STR("From"));
    grid_text(&grid, STR("To"));
    grid_text(&grid, STR("Utilization"));
    for (size_t i = 0; i < n; i++) {
        grid_time(&grid, windows[i].time - begin);
        grid_time(&grid, windows[i].time - begin + window);
        buf_printf(&grid.text, "%.4f", windows[i].util);
        grid_end_cell(&grid);
    }
    grid_print(&grid, out);
    grid_finish(&grid);
    return true;
}

static bool print_curve(const struct mmu *mmu, const struct utilization *u, const struct trace_mmu_view *view,
                        struct buf *out)
{
    struct mmu_plot plot;
    bool exhausted;
    if (!mmu_plot(mmu, view->percentiles, &plot, &exhausted))
        return false;
    if (view->json) {
        put_plot(&plot, view->percentiles, out);
        return true;
    }
    print_head(u, view, out);
    print_plot(&plot, view->percentiles, out);
    bool good = true;
    for (int64_t window = 1000000; window <= 100000000 && good; window *= 10) {
        if (window <= plot.most)
            good = print_windows(mmu, window, shown_windows, view->begin, out);
    }
    return good;
}

bool trace_mmu_print(const struct utilization *u, const struct trace_mmu_view *view, struct buf *out)
{
    struct mmu mmu;
    if (!mmu_init(&mmu, u))
        return false;
    bool good = mmu.series.n > 0;
    if (good && view->window == 0) {
        good = print_curve(&mmu, u, view, out);
    } else if (good && view->json) {
        struct mmu_window windows[mmu_most_windows];
        size_t n = mmu_most_windows;
        good = mmu_worst(&mmu, view->window, windows, &n);
        put_windows(windows, good ? n : 0, out);
    } else if (good) {
        print_head(u, view, out);
        out->n -= out->n > 0; /* the windows bring their own empty line */
        good = print_windows(&mmu, view->window, mmu_most_windows, view->begin, out);
    }
    mmu_finish(&mmu);
    return good;
}
