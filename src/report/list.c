/* -list: the source of the functions that match, with what each line makes up. */
#include <stdlib.h>

#include "base/vec.h"
#include "profile/pattern.h"
#include "report/job.h"
#include "report/number.h"
#include "report/source.h"

/* An entry that matches; those of one function, and within it of one file, stand together. */
struct match {
    struct str name, file;
    const struct entry *entry;
    const struct weight *weight;
};

struct lister {
    struct job *job;
    struct graph graph;
    struct source_reader reader;
    VEC(struct match) matches;
};

/* What the entries of one function and file sum up to, and where their source lines are. */
struct extent {
    int64_t flat, cum;
    int64_t start, end; /* first and last line to show */
};

/* Lines shown before and behind those with samples. */
enum { margin = 5 };

static int by_place(const void *left, const void *right)
{
    const struct match *a = left, *b = right;
    int order = str_compare(a->name, b->name);
    if (order == 0)
        order = str_compare(a->file, b->file);
    return order ? order : (a->entry->line > b->entry->line) - (a->entry->line < b->entry->line);
}

static bool find_matches(struct lister *lister)
{
    const struct graph *graph = &lister->graph;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        const struct entry *entry = &graph->entries.at[graph->list[i]];
        struct match match = {graph->profile->strings[entry->name], graph->entries.files[entry->file], entry,
                              &graph->weights[graph->list[i]]};
        if (pattern_matches(lister->job->options->symbol, match.name) &&
            !vec_push(&lister->matches, lister->job->mem, match))
            return false;
    }
    if (lister->matches.n == 0) {
        buf_str(lister->job->error, STR("no matches found for regexp: "));
        buf_str(lister->job->error, lister->job->options->symbol_text);
        return false;
    }
    qsort(lister->matches.at, lister->matches.n, sizeof *lister->matches.at, by_place);
    return true;
}

/* Source begins where the function does, if that is known, else a few lines before the first with samples. */
static struct extent extent_of(const struct match *matches, size_t n)
{
    struct extent extent = {.start = INT64_MAX, .end = INT64_MIN};
    for (size_t i = 0; i < n; i++) {
        const struct entry *entry = matches[i].entry;
        int64_t start = entry->start_line != 0 ? entry->start_line : number_add(entry->line, -margin);
        int64_t end = number_add(entry->line, margin);
        extent.start = start < extent.start ? start : extent.start;
        extent.end = end > extent.end ? end : extent.end;
        extent.flat = number_add(extent.flat, matches[i].weight->flat);
        extent.cum = number_add(extent.cum, matches[i].weight->cum);
    }
    if (extent.start < 1)
        extent.start = 1;
    return extent;
}

static void put_routine(struct job *job, const struct match *match, const struct extent *extent)
{
    struct buf *out = job->out;
    buf_str(out, STR("ROUTINE ======================== "));
    buf_str(out, match->name);
    buf_str(out, STR(" in "));
    buf_str(out, match->file);
    buf_byte(out, '\n');
    figure_put_wide(out, &job->figures, extent->flat, 10);
    buf_byte(out, ' ');
    figure_put_wide(out, &job->figures, extent->cum, 10);
    buf_str(out, STR(" (flat, cum) "));
    figure_put_percentage(out, &job->figures, extent->cum, job->figures.total);
    buf_str(out, STR(" of Total\n"));
}

static void put_line(struct job *job, int64_t flat, int64_t cum, int64_t number, struct str text)
{
    struct buf *out = job->out;
    figure_put_dotted(out, &job->figures, flat, 10);
    buf_byte(out, ' ');
    figure_put_dotted(out, &job->figures, cum, 10);
    buf_byte(out, ' ');
    size_t start = out->n;
    buf_int(out, number);
    figure_widen(out, start, 6);
    buf_byte(out, ':');
    buf_str(out, text);
    buf_byte(out, '\n');
}

/* The lines of an extent; the matches are in the order of their lines. */
static void put_lines(struct job *job, const struct source_file *file, const struct extent *extent,
                      const struct match *matches, size_t n)
{
    size_t next = 0;
    for (int64_t line = extent->start; line <= extent->end && (uint64_t)line <= file->lines.n; line++) {
        int64_t flat = 0, cum = 0;
        while (next < n && matches[next].entry->line < line)
            next++;
        for (; next < n && matches[next].entry->line == line; next++) {
            flat = number_add(flat, matches[next].weight->flat);
            cum = number_add(cum, matches[next].weight->cum);
        }
        put_line(job, flat, cum, line, file->lines.at[line - 1]);
    }
}

/* The part of a function that is in one file. */
static bool put_file(struct lister *lister, const struct match *matches, size_t n)
{
    struct extent extent = extent_of(matches, n);
    put_routine(lister->job, matches, &extent);
    const struct source_file *file = source_known(&lister->reader, matches->file);
    if (!file && extent.start > extent.end) /* a function that begins behind its samples has no lines to look for */
        return true;
    if (!file)
        file = source_read(&lister->reader, matches->file);
    if (!file)
        return false;
    if (file->error.n > 0) {
        buf_str(lister->job->out, STR(" Error: "));
        buf_str(lister->job->out, file->error);
        buf_byte(lister->job->out, '\n');
    } else {
        put_lines(lister->job, file, &extent, matches, n);
    }
    return true;
}

/* How many matches at the front have the name (and the file) of the first. */
static size_t run_of(const struct match *matches, size_t n, bool file)
{
    size_t run = 1;
    while (run < n && str_equal(matches[run].name, matches->name) &&
           (!file || str_equal(matches[run].file, matches->file)))
        run++;
    return run;
}

static bool put_function(struct lister *lister, const struct match *matches, size_t n)
{
    size_t nameless = 0;
    while (nameless < n && matches[nameless].file.n == 0)
        nameless++;
    if (nameless == n) {
        buf_str(lister->job->out, STR("No source information for "));
        buf_str(lister->job->out, matches->name);
        buf_byte(lister->job->out, '\n');
    }
    for (size_t i = nameless, run; i < n; i += run) {
        run = run_of(matches + i, n - i, true);
        if (!put_file(lister, matches + i, run))
            return false;
    }
    return true;
}

static bool put_all(struct lister *lister)
{
    struct job *job = lister->job;
    buf_str(job->out, STR("Total: "));
    figure_put(job->out, &job->figures, job->figures.total);
    buf_byte(job->out, '\n');
    for (size_t i = 0, run; i < lister->matches.n; i += run) {
        run = run_of(lister->matches.at + i, lister->matches.n - i, false);
        if (!put_function(lister, lister->matches.at + i, run))
            return false;
    }
    return true;
}

bool list_write(struct job *job)
{
    struct lister lister = {.job = job};
    if (!graph_init(&lister.graph, job->profile, &job->rules, job->mem))
        return false;
    bool good = find_matches(&lister) &&
                source_reader_init(&lister.reader, job->profile, job->options->source_path, job->options->trim_path,
                                   &job->arena, job->mem) &&
                put_all(&lister);
    source_reader_finish(&lister.reader);
    vec_finish(&lister.matches, job->mem);
    graph_finish(&lister.graph);
    return good;
}
