/* -raw: the tables of the profile as text, with the ids that the file gave them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "report/gotime.h"
#include "report/job.h"

enum { id_width = 24 }; /* of the longest number and a space, and rounded up */

static struct str text(const struct job *job, uint32_t string)
{
    return job->profile->strings[string];
}

static void put_comments(struct job *job)
{
    for (uint32_t i = 0; i < job->profile->ncomments; i++) {
        buf_str(job->out, STR("Comment: "));
        buf_str(job->out, text(job, job->profile->comments[i]));
        buf_byte(job->out, '\n');
    }
    if (job->profile->doc_url != 0) {
        buf_str(job->out, STR("Doc: "));
        buf_str(job->out, text(job, job->profile->doc_url));
        buf_byte(job->out, '\n');
    }
}

/* Go's "%.4v" of a duration: the first four characters of its text. */
static void put_duration(struct buf *out, int64_t nanos)
{
    size_t start = out->n;
    gotime_put_duration(out, nanos);
    size_t end = start;
    for (int characters = 0; characters < 4 && end < out->n; characters++) {
        end++;
        while (end < out->n && ((unsigned char)out->p[end] & 0xc0) == 0x80)
            end++;
    }
    out->n = end;
}

static void put_period(struct job *job)
{
    const struct profile *profile = job->profile;
    struct buf *out = job->out;
    if (profile->has_period_type) {
        buf_str(out, STR("PeriodType: "));
        buf_str(out, text(job, profile->period_type.type));
        buf_byte(out, ' ');
        buf_str(out, text(job, profile->period_type.unit));
        buf_byte(out, '\n');
    }
    buf_printf(out, "Period: %" PRId64 "\n", profile->period);
    if (profile->time_nanos != 0) {
        buf_str(out, STR("Time: "));
        gotime_put_moment_exactly(out, profile->time_nanos);
        buf_byte(out, '\n');
    }
    if (profile->duration_nanos != 0) {
        buf_str(out, STR("Duration: "));
        put_duration(out, profile->duration_nanos);
        buf_byte(out, '\n');
    }
}

static void put_sample_types(struct job *job)
{
    for (uint32_t i = 0; i < job->profile->nsample_types; i++) {
        const struct profile_value_type *type = &job->profile->sample_types[i];
        buf_str(job->out, i == 0 ? STR("") : STR(" "));
        buf_str(job->out, text(job, type->type));
        buf_byte(job->out, '/');
        buf_str(job->out, text(job, type->unit));
        if (type->type == job->profile->default_sample_type)
            buf_str(job->out, STR("[dflt]"));
    }
    buf_byte(job->out, '\n');
}

/* Numbers right-aligned to ten places. */
static void put_wide_number(struct buf *out, int64_t value)
{
    size_t start = out->n;
    buf_int(out, value);
    figure_widen(out, start, 10);
}

static void put_value(struct job *job, const struct profile_label *label)
{
    if (!label->is_num) {
        buf_str(job->out, text(job, label->str));
        return;
    }
    buf_int(job->out, label->num);
}

static bool same_key(const struct profile_label *a, const struct profile_label *b)
{
    return a->key == b->key && a->is_num == b->is_num;
}

/* A key with its values in brackets; numbers with their units, where any of them has one. */
static void put_label(struct job *job, const struct profile_label *labels, uint64_t n)
{
    bool units = false;
    for (uint64_t i = 0; i < n; i++)
        units |= labels[i].is_num && labels[i].unit != 0;
    buf_str(job->out, text(job, labels->key));
    buf_str(job->out, STR(":["));
    for (uint64_t i = 0; i < n; i++) {
        if (i > 0)
            buf_byte(job->out, ' ');
        put_value(job, &labels[i]);
        if (units) {
            buf_byte(job->out, ' ');
            buf_str(job->out, text(job, labels[i].unit));
        }
    }
    buf_byte(job->out, ']');
}

/* A piece of the output: one printed label. */
struct piece {
    size_t start, n;
};

static int by_text(const void *left, const void *right, void *context)
{
    const struct piece *a = left, *b = right;
    const char *bytes = context;
    return str_compare((struct str){bytes + a->start, a->n}, (struct str){bytes + b->start, b->n});
}

/* Brings the labels printed from `start` on into the order of their text. */
static void sort_labels(struct job *job, size_t start, struct piece *pieces, size_t n)
{
    struct buf sorted;
    buf_init(&sorted, job->mem);
    qsort_r(pieces, n, sizeof *pieces, by_text, job->out->p);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_byte(&sorted, ' ');
        buf_bytes(&sorted, job->out->p + pieces[i].start, pieces[i].n);
    }
    job->out->failed |= sorted.failed;
    if (!sorted.failed) {
        job->out->n = start;
        buf_str(job->out, buf_text(&sorted));
    }
    buf_finish(&sorted);
}

/* Prints one kind of labels (texts or numbers) as a line. */
static void put_labels(struct job *job, const struct profile_label *labels, uint64_t n)
{
    VEC(struct piece) pieces = {0};
    buf_fill(job->out, ' ', 16);
    size_t start = job->out->n;
    for (uint64_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && same_key(&labels[i], &labels[i + same]);)
            same++;
        if (i > 0)
            buf_byte(job->out, ' ');
        struct piece piece = {.start = job->out->n};
        put_label(job, labels + i, same);
        piece.n = job->out->n - piece.start;
        if (!vec_push(&pieces, job->mem, piece))
            job->out->failed = true;
    }
    if (pieces.n > 1 && !job->out->failed)
        sort_labels(job, start, pieces.at, pieces.n);
    buf_byte(job->out, '\n');
    vec_finish(&pieces, job->mem);
}

/* Numbers of locations, each with a space behind it, made once: most of -raw is these. */
struct location_ids {
    char (*text)[id_width];
    uint8_t *size;
};

static bool print_ids(struct job *job, struct location_ids *ids)
{
    uint32_t n = job->profile->nlocations;
    ids->text = arena_alloc(&job->arena, n, id_width, 8);
    ids->size = arena_new(&job->arena, uint8_t, n);
    for (uint32_t i = 0; ids->text && ids->size && i < n; i++) {
        struct buf text;
        buf_init(&text, job->mem);
        buf_uint(&text, job->profile->locations[i].id);
        buf_byte(&text, ' ');
        if (text.failed)
            return false;
        memcpy(ids->text[i], text.p, text.n);
        ids->size[i] = (uint8_t)text.n;
        buf_finish(&text);
    }
    return ids->text && ids->size;
}

static void put_stack(struct job *job, const struct location_ids *ids, uint32_t stack)
{
    const struct profile *profile = job->profile;
    const uint32_t *at = profile->frames + profile->stack_start[stack];
    const uint32_t *end = profile->frames + profile->stack_start[stack + 1];
    char *to = buf_reserve(job->out, (size_t)(end - at) * id_width);
    for (; to && at < end; at++) {
        memcpy(to, ids->text[*at], id_width); /* more than there is: the rest is overwritten */
        to += ids->size[*at];
    }
    if (to)
        job->out->n = (size_t)(to - job->out->p);
}

static void put_sample(struct job *job, const struct location_ids *ids, uint32_t sample)
{
    const struct profile *profile = job->profile;
    const int64_t *values = profile->values + (size_t)sample * profile->nsample_types;
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        buf_byte(job->out, ' ');
        put_wide_number(job->out, values[i]);
    }
    buf_str(job->out, STR(": "));
    put_stack(job, ids, profile->stack[sample]);
    buf_byte(job->out, '\n');
    uint64_t start = profile->label_start[sample], end = profile->label_start[sample + 1], numbers = start;
    while (numbers < end && !profile->labels[numbers].is_num)
        numbers++;
    if (numbers > start)
        put_labels(job, profile->labels + start, numbers - start);
    if (numbers < end)
        put_labels(job, profile->labels + numbers, end - numbers);
}

static void put_line(struct job *job, const struct profile_line *line)
{
    const struct profile_function *function = &job->profile->functions[line->function];
    struct buf *out = job->out;
    buf_str(out, text(job, function->name));
    buf_byte(out, ' ');
    buf_str(out, text(job, function->filename));
    buf_printf(out, ":%" PRId64 ":%" PRId64 " s=%" PRId64, line->line, job->rules.entry.column ? line->column : 0,
               function->start_line);
    if (function->name != function->system_name) {
        buf_byte(out, '(');
        buf_str(out, text(job, function->system_name));
        buf_byte(out, ')');
    }
    buf_byte(out, '\n');
}

static void put_location(struct job *job, uint32_t index)
{
    const struct profile *profile = job->profile;
    const struct profile_location *location = &profile->locations[index];
    struct buf *out = job->out;
    buf_printf(out, "%6" PRIu64 ": 0x%" PRIx64 " ", location->id, location->address);
    if (location->mapping != PROFILE_NONE)
        buf_printf(out, "M=%" PRIu64 " ", profile->mappings[location->mapping].id);
    if (location->is_folded)
        buf_str(out, STR("[F] "));
    uint32_t begin = profile->line_start[index], end = profile->line_start[index + 1];
    if (job->options->no_inlines && end - begin > 1)
        begin = end - 1;
    if (begin == end)
        buf_byte(out, '\n');
    for (uint32_t i = begin; i < end; i++) {
        if (i > begin)
            buf_fill(out, ' ', 13);
        put_line(job, &profile->lines[i]);
    }
}

static void put_mapping(struct job *job, const struct profile_mapping *mapping)
{
    struct buf *out = job->out;
    buf_printf(out, "%" PRIu64 ": 0x%" PRIx64 "/0x%" PRIx64 "/0x%" PRIx64 " ", mapping->id, mapping->start,
               mapping->limit, mapping->offset);
    buf_str(out, text(job, mapping->file));
    buf_byte(out, ' ');
    buf_str(out, text(job, mapping->build_id));
    buf_printf(out, " %s%s%s%s\n", mapping->has_functions ? "[FN]" : "", mapping->has_filenames ? "[FL]" : "",
               mapping->has_line_numbers ? "[LN]" : "",
               mapping->has_inline_frames && !job->options->no_inlines ? "[IN]" : "");
}

bool raw_write(struct job *job)
{
    const struct profile *profile = job->profile;
    struct location_ids ids;
    if (!print_ids(job, &ids))
        return false;
    put_comments(job);
    put_period(job);
    buf_str(job->out, STR("Samples:\n"));
    put_sample_types(job);
    bool good = true;
    for (uint32_t i = 0; good && i < profile->nsamples; i++) {
        put_sample(job, &ids, i);
        good = job_drain(job);
    }
    buf_str(job->out, STR("Locations\n"));
    for (uint32_t i = 0; good && i < profile->nlocations; i++) {
        put_location(job, i);
        good = job_drain(job);
    }
    buf_str(job->out, STR("Mappings\n"));
    for (uint32_t i = 0; i < profile->nmappings; i++)
        put_mapping(job, &profile->mappings[i]);
    return good;
}
