/* Every answer is computed in one pass over the trace. */
#include "cli/trace_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/duration.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tool_mem.h"
#include "cli/trace_findings.h"
#include "cli/trace_goroutines.h"
#include "cli/trace_mmu.h"
#include "cli/trace_task.h"
#include "cli/trace_tasks.h"
#include "cli/trace_usertask.h"
#include "trace/pass.h"
#include "trace/range.h"
#include "trace/reader.h"
#include "trace/summary.h"

/* An answer while it is made. */
struct job {
    const struct trace_question *question;
    struct str bytes;
    struct trace_range range; /* from the trace's begin */
    int64_t window;
    struct trace_mmu_view mmu;
    struct trace_delay_filter filter;
    struct trace_task_filter tasks;
    struct trace_extent extent;
    struct trace_fault fault;
    struct buf text; /* the answer */
};

static bool asks_usertasks(const struct trace_question *q)
{
    return q->usertask || q->complete || q->logtext;
}

static bool asks_findings(const struct trace_question *q)
{
    return q->summary || q->gc || q->latency || q->procs || q->wakeups || q->leaks;
}

bool trace_asks(const struct trace_question *q)
{
    return q->goroutines || q->goroutine || q->tasks || q->regions || q->mmu || q->task || q->region ||
           asks_usertasks(q) || asks_findings(q);
}

void trace_complain(const char *file, const struct trace_fault *fault)
{
    struct buf why;
    buf_init(&why, tool_mem());
    if (fault->offset > 0 || fault->has_generation)
        trace_fault_print(fault, &why);
    else /* nothing is broken: what was asked for is not there */
        buf_str(&why, str_of(fault->rule));
    fprintf(stderr, "sonde trace: %s: %.*s\n", file, STR_ARG(buf_text(&why)));
    buf_finish(&why);
}

void trace_tell_loss(const char *file, const struct trace_share *share, const struct trace_fault *fault)
{
    uint64_t lost = share->size - share->valid;
    trace_complain(file, fault);
    if (lost == 0)
        fprintf(stderr, "sonde trace: %s: what comes before is used\n", file);
    else
        fprintf(stderr, "sonde trace: %s: the last %.2f%% (%llu of %llu bytes) are lost; what comes before is used\n",
                file, 100.0 * (double)lost / (double)share->size, (unsigned long long)lost,
                (unsigned long long)share->size);
}

/* Reads the trace; says what is wrong with it. False where nothing is good. */
static bool read_trace(struct job *job, uint64_t most, trace_take *take, void *state)
{
    const char *file = job->question->file;
    bool good = trace_pass(job->bytes, tool_mem(), most, take, state, &job->extent, &job->fault);
    if (!good)
        trace_complain(file, &job->fault);
    else if (job->fault.set)
        trace_tell_loss(file, &job->extent.share, &job->fault);
    return good;
}

/* Whether events behind the last mark were taken, which are not whole: then all is to be read again without them. */
static bool has_tail(const struct job *job)
{
    return job->fault.set && job->extent.marked < job->extent.events;
}

static bool take_for_summary(void *state, const struct trace_event *event)
{
    return summary_add(state, event);
}

static bool answer_by_summary(struct job *job)
{
    const struct trace_question *q = job->question;
    struct summary summary;
    bool found = true;
    summary_init(&summary, tool_mem());
    summary.wanted = job->range;
    summary.wants_region_times = q->region != NULL;
    summary.region_type = str_of(q->region);
    summary.wants_logs = asks_usertasks(q);
    bool good = read_trace(job, UINT64_MAX, take_for_summary, &summary) && summary_end(&summary);
    if (good && q->goroutine)
        found = trace_goroutine_print(&summary, str_of(q->goroutine), &job->text);
    else if (good && q->region)
        found = trace_region_print(&summary, &job->filter, &job->text);
    else if (good && asks_usertasks(q))
        found = trace_usertask_print(&summary, &job->tasks, &job->text);
    else if (good && q->tasks)
        trace_tasks_print(&summary, &job->text);
    else if (good && q->regions)
        trace_regions_print(&summary, &job->text);
    else if (good)
        trace_goroutines_print(&summary, &job->text);
    if (!found && !q->goroutine)
        fprintf(stderr, "sonde trace: %s: there is no such %s\n", q->file, q->region ? "region" : "task");
    else if (!found)
        fprintf(stderr, "sonde trace: %s: no goroutine starts in %s or has that number\n", q->file, q->goroutine);
    summary_finish(&summary);
    return good && found;
}

static bool take_for_utilization(void *state, const struct trace_event *event)
{
    return utilization_add(state, event);
}

static bool answer_by_mmu(struct job *job)
{
    struct utilization u;
    utilization_init(&u, job->mmu.flags, tool_mem());
    bool good = read_trace(job, UINT64_MAX, take_for_utilization, &u);
    if (good && has_tail(job)) {
        struct trace_extent extent;
        struct trace_fault fault = {0};
        utilization_finish(&u);
        utilization_init(&u, job->mmu.flags, tool_mem());
        good = trace_pass(job->bytes, tool_mem(), job->extent.marked, take_for_utilization, &u, &extent, &fault);
    }
    good = good && utilization_end(&u);
    if (good) {
        bool is_known = u.series.n > 0;
        job->mmu.begin = job->extent.begin;
        job->mmu.window = job->window;
        job->mmu.json = job->question->json;
        utilization_cut(&u, trace_range_from(job->range, job->extent.begin));
        good = trace_mmu_print(&u, &job->mmu, &job->text);
        if (!good)
            fprintf(stderr, "sonde trace: %s: %s\n", job->question->file,
                    is_known ? "there is no time in which the collector could have run"
                             : "the trace does not say how many processors there were");
    }
    utilization_finish(&u);
    return good;
}

static bool take_for_findings(void *state, const struct trace_event *event)
{
    struct trace_findings *f = state;
    return activity_add(&f->activity, event) && collector_add(&f->collector, event);
}

static bool begin_findings(struct trace_findings *f, struct trace_range range)
{
    collector_init(&f->collector, &f->activity, tool_mem());
    return activity_init(&f->activity, range, tool_mem());
}

static void finish_findings(struct trace_findings *f)
{
    collector_finish(&f->collector);
    activity_finish(&f->activity);
}

static bool find(struct job *job, struct trace_findings *f)
{
    bool good = begin_findings(f, job->range) && read_trace(job, UINT64_MAX, take_for_findings, f);
    if (good && has_tail(job)) {
        struct trace_extent extent;
        struct trace_fault fault = {0};
        finish_findings(f);
        good = begin_findings(f, job->range) &&
               trace_pass(job->bytes, tool_mem(), job->extent.marked, take_for_findings, f, &extent, &fault);
    }
    f->extent = job->extent;
    f->is_broken = job->fault.set;
    return good && collector_end(&f->collector) && activity_end(&f->activity);
}

/* How wide the terminal is that the output goes to; 0 where it goes elsewhere. */
static size_t terminal_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool answer_by_findings(struct job *job)
{
    const struct trace_question *q = job->question;
    struct trace_findings *f = mem_get(tool_mem(), sizeof *f);
    *f = (struct trace_findings){.width = terminal_width()};
    bool good = find(job, f);
    if (good && q->summary)
        trace_summary_print(f, &job->text);
    else if (good && q->gc)
        trace_gc_print(f, &job->text);
    else if (good && q->latency)
        trace_latency_print(f, &job->text);
    else if (good && q->procs)
        trace_procs_print(f, &job->text);
    else if (good && q->wakeups)
        trace_wakeups_print(f, &job->text);
    else if (good)
        trace_leaks_print(f, &job->text);
    finish_findings(f);
    mem_put(tool_mem(), f, sizeof *f);
    return good;
}

static bool answer_by_chain(struct job *job)
{
    const char *task = job->question->task;
    char *end;
    uint64_t id = strtoull(task, &end, 10);
    bool is_id = end != task && *end == 0;
    struct chain chain;
    if (!chain_find(&chain, job->bytes, id, is_id ? STR("") : str_of(task), tool_mem(), &job->extent, &job->fault)) {
        trace_complain(job->question->file, &job->fault);
        return false;
    }
    if (job->fault.set)
        trace_tell_loss(job->question->file, &job->extent.share, &job->fault);
    trace_task_print(&chain, job->extent.begin, terminal_width(), &job->text);
    chain_finish(&chain);
    return true;
}

static bool complain_of_flag(const char *flag, const char *value, const char *why)
{
    fprintf(stderr, "sonde trace: -%s=%s: %s\n", flag, value, why);
    return false;
}

static bool read_length(const char *flag, const char *value, int64_t *ns)
{
    return !value || duration_parse(str_of(value), ns) ||
           complain_of_flag(flag, value, "that is no length of time, as for example 10ms is");
}

static bool read_pc(const char *value, uint64_t *pc)
{
    char *end;
    *pc = strtoull(value, &end, 16);
    return (end != value && *end == 0) || complain_of_flag("pc", value, "an address is a hexadecimal number");
}

bool trace_question_filter(const struct trace_question *q, struct trace_delay_filter *filter, bool *any)
{
    const char *why;
    *filter = TRACE_DELAY_ANY;
    filter->by_goroutine = q->goroutine != NULL;
    filter->goroutine = str_of(q->goroutine);
    filter->of_type = q->region != NULL;
    filter->type = str_of(q->region);
    filter->at_pc = q->pc != NULL;
    filter->by_region = q->region || q->pc || q->latmin || q->latmax;
    *any = filter->by_goroutine || filter->by_region || q->range;
    if (q->range && !trace_range_parse(str_of(q->range), &filter->range, &why))
        return complain_of_flag("range", q->range, why);
    return (!q->pc || read_pc(q->pc, &filter->pc)) && read_length("latmin", q->latmin, &filter->least) &&
           read_length("latmax", q->latmax, &filter->most);
}

/* What of the tasks is asked for. */
static bool filter_tasks(const struct trace_question *q, const struct trace_delay_filter *lengths,
                         struct trace_task_filter *filter)
{
    struct str complete = str_of(q->complete);
    *filter = (struct trace_task_filter){.by_type = q->usertask != NULL,
                                         .type = str_of(q->usertask),
                                         .by_length = q->latmin || q->latmax,
                                         .least = lengths->least,
                                         .most = lengths->most,
                                         .text = str_of(q->logtext)};
    if (!q->complete)
        return true;
    if (str_equal(complete, STR("1")))
        filter->completeness = only_complete;
    else if (str_equal(complete, STR("0")))
        filter->completeness = only_incomplete;
    else
        return complain_of_flag("complete", q->complete, "1 is for complete tasks, 0 for others");
    return true;
}

/* Reads the values of flags. */
static bool understand(struct job *job)
{
    const struct trace_question *q = job->question;
    struct str word;
    bool any;
    if (!trace_question_filter(q, &job->filter, &any) || !filter_tasks(q, &job->filter, &job->tasks))
        return false;
    job->range = job->filter.range;
    if (q->window && (!duration_parse(str_of(q->window), &job->window) || job->window == 0))
        return complain_of_flag("window", q->window, "a window is a length of time, for example 10ms");
    if (!trace_mmu_parse(str_of(q->mmu_flags ? q->mmu_flags : "stw|background|assist"), &job->mmu, &word)) {
        fprintf(stderr, "sonde trace: -mmu is made of stw, background, assist, sweep, perProc and mut, not %.*s\n",
                STR_ARG(word));
        return false;
    }
    return true;
}

static bool answer(struct job *job)
{
    if (job->question->task)
        return answer_by_chain(job);
    if (asks_findings(job->question))
        return answer_by_findings(job);
    return job->question->mmu ? answer_by_mmu(job) : answer_by_summary(job);
}

bool trace_question_check(const struct trace_question *question)
{
    struct job job = {.question = question};
    return understand(&job);
}

int trace_answer(const struct trace_question *question, struct str bytes)
{
    struct job job = {.question = question, .bytes = bytes};
    struct output output = output_stdout();
    struct buf why;
    buf_init(&job.text, tool_mem());
    buf_init(&why, tool_mem());
    bool good = understand(&job) && answer(&job);
    if (good)
        output_write(&output, buf_text(&job.text));
    if (!output_close(&output, &why)) {
        fprintf(stderr, "sonde trace: %.*s\n", STR_ARG(buf_text(&why)));
        good = false;
    }
    buf_finish(&why);
    buf_finish(&job.text);
    return good ? exit_fine : exit_failure;
}
