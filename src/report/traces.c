/* -traces: every sample with its labels and its stack. What a frame prints is made once and copied from then on. */
#include <stdlib.h>

#include "base/vec.h"
#include "profile/measure.h"
#include "report/job.h"
#include "report/number.h"

static const char separator[] = "-----------+-------------------------------------------------------\n";

enum { value_width = 10 };

/* A printed line of a sample's labels: where it stands in the scratch buffer. */
struct label_line {
    size_t start, n;
};

struct traces {
    struct job *job;
    struct entry_table entries;
    struct str *texts; /* per location: a line for each of its frames, with room for a value before it */
    struct buf scratch;
    VEC(struct label_line) lines;
};

/* The lines of a location; p is NULL on exhaustion. */
static struct str location_text(struct traces *traces, uint32_t location)
{
    struct job *job = traces->job;
    uint32_t end = traces->entries.first[location + 1];
    traces->scratch.n = 0;
    for (uint32_t frame = traces->entries.first[location]; frame < end; frame++) {
        struct str name = entry_name(&traces->entries, job->profile, traces->entries.frames[frame], &job->arena);
        buf_fill(&traces->scratch, ' ', value_width + 3);
        buf_str(&traces->scratch, name);
        buf_str(&traces->scratch, frame + 1 != end ? STR(" (inline)\n") : STR("\n"));
    }
    return traces->scratch.failed ? (struct str){0} : arena_str(&job->arena, buf_text(&traces->scratch));
}

static bool prepare(struct traces *traces)
{
    struct job *job = traces->job;
    struct str *files = arena_new(&job->arena, struct str, job->profile->nfunctions);
    for (uint32_t i = 0; files && i < job->profile->nfunctions; i++)
        files[i] = job->profile->strings[job->profile->functions[i].filename];
    if (!files || !entry_table_init(&traces->entries, job->profile, &job->rules.entry, files, job->mem))
        return false;
    traces->texts = arena_new(&job->arena, struct str, traces->entries.nlocations);
    for (uint32_t i = 0; traces->texts && i < traces->entries.nlocations; i++) {
        traces->texts[i] = location_text(traces, i);
        if (!traces->texts[i].p)
            return false;
    }
    return traces->texts != NULL;
}

static void put_label_value(struct traces *traces, const struct profile_label *label)
{
    const struct profile *profile = traces->job->profile;
    if (label->is_num)
        measure_put(&traces->scratch, label->num, job_label_unit(traces->job, profile->strings[label->key]));
    else
        buf_str(&traces->scratch, profile->strings[label->str]);
}

/* Prints the values of one key, which stand together, as a line of the scratch buffer; returns how many they are. */
static uint64_t add_label_line(struct traces *traces, const struct profile_label *labels, uint64_t n)
{
    struct buf *scratch = &traces->scratch;
    struct label_line line = {.start = scratch->n};
    buf_str(scratch, traces->job->profile->strings[labels->key]);
    figure_widen(scratch, line.start, 10);
    buf_byte(scratch, ':');
    buf_byte(scratch, ' ');
    uint64_t taken = 0;
    for (; taken < n && labels[taken].key == labels->key && labels[taken].is_num == labels->is_num; taken++) {
        buf_byte(scratch, ' ');
        put_label_value(traces, &labels[taken]);
    }
    buf_byte(scratch, '\n');
    line.n = scratch->n - line.start;
    if (!vec_push(&traces->lines, traces->job->mem, line))
        scratch->failed = true;
    return taken;
}

static int by_text(const void *left, const void *right, void *context)
{
    const struct label_line *a = left, *b = right;
    const char *text = context;
    return str_compare((struct str){text + a->start, a->n}, (struct str){text + b->start, b->n});
}

/* Prints one kind of labels (texts or numbers), in the order of the printed lines. */
static void put_labels(struct traces *traces, const struct profile_label *labels, uint64_t n)
{
    traces->scratch.n = traces->lines.n = 0;
    for (uint64_t i = 0; i < n;)
        i += add_label_line(traces, labels + i, n - i);
    if (traces->lines.n > 1)
        qsort_r(traces->lines.at, traces->lines.n, sizeof *traces->lines.at, by_text, traces->scratch.p);
    for (size_t i = 0; i < traces->lines.n && !traces->scratch.failed; i++)
        buf_bytes(traces->job->out, traces->scratch.p + traces->lines.at[i].start, traces->lines.at[i].n);
    traces->job->out->failed |= traces->scratch.failed;
}

static void put_all_labels(struct traces *traces, uint32_t sample)
{
    const struct profile *profile = traces->job->profile;
    uint64_t start = profile->label_start[sample], end = profile->label_start[sample + 1], numbers = start;
    while (numbers < end && !profile->labels[numbers].is_num)
        numbers++;
    if (numbers > start)
        put_labels(traces, profile->labels + start, numbers - start);
    if (numbers < end)
        put_labels(traces, profile->labels + numbers, end - numbers);
}

/* The value stands in the first line, where the others have spaces. */
static void put_stack(struct traces *traces, uint32_t stack, int64_t value)
{
    const struct profile *profile = traces->job->profile;
    struct buf *out = traces->job->out;
    const uint32_t *at = profile->frames + profile->stack_start[stack];
    const uint32_t *end = profile->frames + profile->stack_start[stack + 1];
    figure_put_wide(out, &traces->job->figures, value, value_width);
    buf_str(out, str_skip(traces->texts[*at], value_width));
    while (++at < end)
        buf_str(out, traces->texts[*at]);
}

static bool put_sample(struct traces *traces, uint32_t sample)
{
    const struct profile *profile = traces->job->profile;
    uint32_t stack = profile->stack[sample];
    if (profile->stack_start[stack] == profile->stack_start[stack + 1])
        return true;
    const int64_t *values = profile->values + (size_t)sample * profile->nsample_types;
    int64_t value = values[traces->job->options->sample_index], div = traces->job->options->mean ? values[0] : 0;
    buf_str(traces->job->out, str_of(separator));
    put_all_labels(traces, sample);
    put_stack(traces, stack, div != 0 ? number_divide(value, div) : value);
    return job_drain(traces->job);
}

bool traces_write(struct job *job)
{
    struct traces traces = {.job = job};
    buf_init(&traces.scratch, job->mem);
    size_t before = job->out->n;
    header_put_profile(job);
    if (job->out->n == before)
        buf_byte(job->out, '\n');
    bool good = prepare(&traces);
    for (uint32_t i = 0; good && i < job->profile->nsamples; i++)
        good = put_sample(&traces, i);
    if (good)
        buf_str(job->out, str_of(separator));
    entry_table_finish(&traces.entries);
    vec_finish(&traces.lines, job->mem);
    buf_finish(&traces.scratch);
    return good;
}
