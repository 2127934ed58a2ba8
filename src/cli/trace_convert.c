/* Everything is written as it is converted, in large pieces, so that memory does not grow with the trace. Forms that
 * are no text do not go to a terminal, and never onto the file that they are made from, which is mapped. */
#include "cli/trace_convert.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tool_mem.h"
#include "cli/trace_answer.h"
#include "trace/chrome.h"
#include "trace/cut.h"
#include "trace/pass.h"
#include "trace/perfetto.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/summary.h"

enum { flush_at = 1 << 20 };

/* One conversion while it runs. */
struct job {
    const struct trace_conversion *conversion;
    struct str bytes;
    struct output output;
    struct buf text; /* not written yet */
    struct trace_range range;
    bool groups[timeline_groups]; /* of rows, that are drawn */
    struct chrome chrome;
    struct perfetto perfetto;
    struct trace_cut cut;
    struct map goroutines;    /* that are wanted, as keys; of use where the user names some */
    struct trace_fault fault; /* nothing of use was written */
};

static void flush(struct job *job)
{
    output_write(&job->output, buf_text(&job->text));
    job->text.n = 0;
}

static void flush_some(struct job *job)
{
    if (job->text.n >= flush_at)
        flush(job);
}

static void write_text(struct job *job)
{
    struct trace_raw raw;
    struct trace_raw_event event;
    if (!trace_raw_init(&raw, job->bytes, &job->fault))
        return;
    buf_printf(&job->text, "Trace Go1.%u\n", raw.version);
    while (!job->output.failed && trace_raw_next(&raw, &event, &job->fault)) {
        trace_raw_print(&event, &job->text);
        flush_some(job);
    }
}

/* Gives every event to `take`; of a trace that is broken what was lost is told. False where nothing is good. */
static bool read_events(struct job *job, trace_take *take)
{
    struct trace_extent extent;
    bool good = trace_pass(job->bytes, tool_mem(), UINT64_MAX, take, job, &extent, &job->fault);
    if (good && job->fault.set) {
        trace_tell_loss(job->conversion->file, &extent.share, &job->fault);
        job->fault.set = false;
    }
    return good;
}

static bool take_for_names(void *state, const struct trace_event *event)
{
    return timeline_survey(state, event);
}

/* A first pass for the names of goroutines, which are often known late; what is wrong will be found again. */
static bool find_names(const struct job *job, struct timeline *timeline)
{
    struct trace_extent extent;
    struct trace_fault fault = {0};
    if (job->groups[timeline_goroutines])
        trace_pass(job->bytes, tool_mem(), UINT64_MAX, take_for_names, timeline, &extent, &fault);
    return true;
}

static bool take_for_chrome(void *state, const struct trace_event *event)
{
    struct job *job = state;
    bool good = chrome_add(&job->chrome, event, &job->text);
    flush_some(job);
    return good && !job->output.failed;
}

static void write_chrome(struct job *job)
{
    if (chrome_begin(&job->chrome, tool_mem(), job->groups, job->range, &job->text) &&
        find_names(job, &job->chrome.timeline) && read_events(job, take_for_chrome))
        chrome_end(&job->chrome, &job->text);
    chrome_finish(&job->chrome);
}

static bool take_for_perfetto(void *state, const struct trace_event *event)
{
    struct job *job = state;
    bool good = perfetto_add(&job->perfetto, event, &job->text);
    flush_some(job);
    return good && !job->output.failed;
}

static void write_perfetto(struct job *job)
{
    if (perfetto_begin(&job->perfetto, tool_mem(), job->groups, job->range) &&
        find_names(job, &job->perfetto.timeline) && read_events(job, take_for_perfetto))
        perfetto_end(&job->perfetto, &job->text);
    perfetto_finish(&job->perfetto);
}

static bool take_for_survey(void *state, const struct trace_event *event)
{
    return trace_cut_survey(&((struct job *)state)->cut, event);
}

static bool take_for_cut(void *state, const struct trace_event *event)
{
    struct job *job = state;
    bool good = trace_cut_add(&job->cut, event, &job->text);
    flush_some(job);
    return good && !job->output.failed;
}

static void write_cut(struct job *job, unsigned version)
{
    struct trace_extent extent;
    struct trace_fault fault = {0};
    const struct map *goroutines = job->conversion->goroutine ? &job->goroutines : NULL;
    if (trace_cut_init(&job->cut, tool_mem(), version, job->range, goroutines) &&
        trace_pass(job->bytes, tool_mem(), UINT64_MAX, take_for_survey, job, &extent, &fault) &&
        read_events(job, take_for_cut))
        trace_cut_end(&job->cut, &job->text);
    if (!job->fault.set && !fault.set && !job->cut.active)
        trace_fault_at(&job->fault, job->bytes.n, "the range %s begins behind the end of the trace",
                       job->conversion->range);
    else if (!job->fault.set)
        job->fault = fault;
    if (!job->fault.set && job->cut.v1.dropped > 0)
        fprintf(stderr, "sonde trace: %s: %llu events have no place in traces of Go 1.22: left out\n",
                job->conversion->file, (unsigned long long)job->cut.v1.dropped);
    trace_cut_finish(&job->cut);
}

/* The trace itself, or a part of it; traces of Go 1.21 and before become ones of Go 1.22. */
static void write_binary(struct job *job)
{
    unsigned version = trace_header_version(job->bytes, &job->fault);
    if (version == 0)
        return;
    bool is_v1 = trace_type_count(version) == 0;
    if (!job->conversion->range && !job->conversion->goroutine && !is_v1)
        output_write(&job->output, job->bytes);
    else
        write_cut(job, version);
}

struct form {
    const char *name;
    bool is_binary, takes_range, takes_view;
    void (*write)(struct job *job);
};

static const struct form forms[] = {
    {"go", true, true, false, write_binary},
    {"text", false, false, false, write_text},
    {"chrome", false, true, true, write_chrome},
    {"perfetto", true, true, true, write_perfetto},
};

static const struct form *find_form(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (str_equal(str_of(forms[i].name), str_of(name)))
            return &forms[i];
    }
    return NULL;
}

/* Whether two paths lead to one file. */
static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino && S_ISREG(first.st_mode);
}

static bool open_output(struct job *job, const struct form *form, struct buf *why)
{
    const struct trace_conversion *c = job->conversion;
    if (!c->out) {
        job->output = output_stdout();
        if (form->is_binary && isatty(STDOUT_FILENO)) {
            buf_printf(why, "-format=%s is not text for a terminal: name a file by -o", form->name);
            return false;
        }
        return true;
    }
    if (is_same_file(c->out, c->file)) {
        buf_printf(why, "%s is what is being read: name another file by -o", c->out);
        return false;
    }
    return output_create(&job->output, c->out, why);
}

/* Reads the names of groups of rows. */
static bool parse_view(struct job *job, struct buf *why)
{
    static const struct {
        const char *name;
        enum timeline_group group;
    } views[] = {{"proc", timeline_procs},
                 {"thread", timeline_threads},
                 {"goroutine", timeline_goroutines},
                 {"task", timeline_tasks},
                 {"stats", timeline_stats}};
    struct str left = str_of(job->conversion->view);
    for (int i = 0; i < timeline_groups; i++)
        job->groups[i] = left.p == NULL;
    while (left.n > 0) {
        size_t n = str_find(left, STR(","), 0), i = 0;
        struct str name = str_first(left, n);
        while (i < sizeof views / sizeof *views && !str_equal(str_of(views[i].name), name))
            i++;
        if (i == sizeof views / sizeof *views) {
            buf_printf(why, "-view is made of proc, thread, goroutine, task and stats, not %.*s", STR_ARG(name));
            return false;
        }
        job->groups[views[i].group] = true;
        left = str_skip(left, n + 1);
    }
    return true;
}

static bool take_for_summary(void *state, const struct trace_event *event)
{
    return summary_add(state, event);
}

/* Adds the goroutines that a word means, by their number or the function that they start in; whether there are any. */
static bool add_goroutines(struct map *goroutines, const struct summary *summary, struct str word)
{
    bool any = false;
    for (size_t i = 0; i < summary->goroutines.n; i++) {
        const struct summary_goroutine *g = &summary->goroutines.at[i];
        char number[24];
        int n = snprintf(number, sizeof number, "%lld", (long long)g->id);
        if (!str_equal(word, summary->names.at[g->name]) && !str_equal(word, (struct str){number, (size_t)n}))
            continue;
        map_add(goroutines, (uint64_t)g->id, 1);
        any = true;
    }
    return any;
}

/* Finds the goroutines that the user names. */
static bool find_goroutines(struct job *job, struct buf *why)
{
    struct str left = str_of(job->conversion->goroutine);
    struct summary summary;
    struct trace_extent extent;
    struct trace_fault fault = {0};
    if (!left.p)
        return true;
    summary_init(&summary, tool_mem());
    bool good = trace_pass(job->bytes, tool_mem(), UINT64_MAX, take_for_summary, &summary, &extent, &fault);
    if (!good)
        trace_complain(job->conversion->file, &fault);
    for (size_t n; good && left.n > 0; left = str_skip(left, n + 1)) {
        n = str_find(left, STR(","), 0);
        good = add_goroutines(&job->goroutines, &summary, str_first(left, n));
        if (!good)
            buf_printf(why, "%s: no goroutine starts in %.*s, or has this number", job->conversion->file,
                       STR_ARG(str_first(left, n)));
    }
    summary_finish(&summary);
    return good;
}

/* Reads the values of flags. */
static bool understand(struct job *job, const struct form *form, struct buf *why)
{
    const struct trace_conversion *c = job->conversion;
    const char *wrong = NULL;
    job->range = TRACE_RANGE_ALL;
    if (c->range && !form->takes_range)
        buf_printf(why, "-format=%s takes no -range", form->name);
    else if (c->range && !trace_range_parse(str_of(c->range), &job->range, &wrong))
        buf_printf(why, "-range=%s: %s", c->range, wrong);
    else if (c->view && !form->takes_view)
        buf_printf(why, "-format=%s takes no -view", form->name);
    else if (c->goroutine && form->write != write_binary)
        buf_printf(why, "-format=%s takes no -goroutine", form->name);
    else
        return parse_view(job, why);
    return false;
}

static int run(struct job *job, const struct form *form, struct buf *why)
{
    if (!find_goroutines(job, why) || !open_output(job, form, why))
        return exit_failure;
    form->write(job);
    flush(job);
    bool written = output_close(&job->output, why);
    if (written && job->fault.set)
        trace_complain(job->conversion->file, &job->fault);
    return written && !job->fault.set ? exit_fine : exit_failure;
}

/* Says which forms there are. */
static void list_forms(const char *wanted, struct buf *why)
{
    buf_str(why, STR("-format is one of "));
    for (size_t i = 0, n = sizeof forms / sizeof *forms; i < n; i++)
        buf_printf(why, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", forms[i].name);
    buf_printf(why, ", not %s", wanted);
}

/* Finds the form and reads the values of flags; false with what is wrong said. */
static bool prepare(struct job *job, const struct form **form)
{
    struct buf why;
    buf_init(&why, tool_mem());
    *form = find_form(job->conversion->format);
    bool good = *form && understand(job, *form, &why);
    if (!*form)
        list_forms(job->conversion->format, &why);
    if (why.n > 0)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    buf_finish(&why);
    return good;
}

bool trace_convert_check(const struct trace_conversion *conversion)
{
    struct job job = {.conversion = conversion};
    const struct form *form;
    return prepare(&job, &form);
}

int trace_convert(const struct trace_conversion *conversion, struct str bytes)
{
    struct job job = {.conversion = conversion, .bytes = bytes};
    const struct form *form;
    struct buf why;
    if (!prepare(&job, &form))
        return exit_usage;
    buf_init(&why, tool_mem());
    buf_init(&job.text, tool_mem());
    map_init(&job.goroutines, tool_mem());
    int status = run(&job, form, &why);
    if (why.n > 0)
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
    buf_finish(&job.text);
    map_finish(&job.goroutines);
    buf_finish(&why);
    return status;
}
