/* -speedscope: the file format of https://www.speedscope.app (file-format-schema.json there). Every sample type is a
 * profile of it; the chosen one is shown first. Frames and stacks are those of -folded.
 */
#include "base/quote.h"
#include "report/entry_stacks.h"
#include "report/number.h"
#include "report/path.h"

/* The name that speedscope has for a unit. */
static struct str unit_name(struct str unit)
{
    static const char *const known[] = {"bytes", "nanoseconds", "microseconds", "milliseconds", "seconds"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (str_equal(unit, str_of(known[i])))
            return unit;
    }
    return STR("none");
}

static bool put_frame(struct job *job, struct entry_stacks *stacks, uint32_t entry)
{
    const struct entry *facts = &stacks->entries.at[entry];
    struct str name = entry_stacks_name(stacks, entry);
    if (!name.p)
        return false;
    buf_str(job->out, entry == 0 ? STR("{\"name\":") : STR(",\n{\"name\":"));
    buf_quote_json(job->out, name);
    if (facts->file != 0) {
        buf_str(job->out, STR(",\"file\":"));
        buf_quote_json(job->out, stacks->entries.files[facts->file]);
    }
    if (facts->line > 0)
        buf_printf(job->out, ",\"line\":%lld", (long long)facts->line);
    if (facts->column > 0)
        buf_printf(job->out, ",\"col\":%lld", (long long)facts->column);
    buf_byte(job->out, '}');
    return job_drain(job);
}

static bool is_shown(const struct job *job, int64_t value)
{
    return value > 0 || (value < 0 && !job->rules.drop_negative);
}

static bool put_stacks(struct job *job, const struct entry_stacks *stacks, const int64_t *values)
{
    bool first = true;
    buf_str(job->out, STR(",\"samples\":["));
    for (uint32_t stack = 0; stack < stacks->n; stack++) {
        if (!is_shown(job, values[stack]))
            continue;
        buf_str(job->out, first ? STR("\n") : STR(",\n"));
        first = false;
        for (uint64_t i = stacks->start[stack]; i < stacks->start[stack + 1]; i++) {
            buf_byte(job->out, i == stacks->start[stack] ? '[' : ',');
            buf_uint(job->out, stacks->frames[i]);
        }
        buf_byte(job->out, ']');
        if (!job_drain(job))
            return false;
    }
    buf_byte(job->out, ']');
    return true;
}

/* Appends the weights and what they add up to. */
static bool put_weights(struct job *job, const struct entry_stacks *stacks, const int64_t *values)
{
    bool first = true;
    int64_t sum = 0;
    buf_str(job->out, STR(",\"weights\":["));
    for (uint32_t stack = 0; stack < stacks->n; stack++) {
        if (!is_shown(job, values[stack]))
            continue;
        if (!first)
            buf_byte(job->out, ',');
        first = false;
        buf_int(job->out, values[stack]);
        sum = number_add(sum, values[stack]);
        if (!job_drain(job))
            return false;
    }
    buf_printf(job->out, "],\"startValue\":0,\"endValue\":%lld}", (long long)sum);
    return true;
}

/* Speedscope draws widths, of which there are no negative ones. */
static bool refuse_negative(struct job *job, const struct entry_stacks *stacks, const int64_t *values)
{
    for (uint32_t i = 0; i < stacks->n && !job->rules.drop_negative; i++) {
        if (values[i] < 0) {
            buf_str(job->error, STR("speedscope shows no negative differences: leave them out with -drop_negative"));
            return false;
        }
    }
    return true;
}

static bool put_profile(struct job *job, const struct entry_stacks *stacks, uint32_t type, int64_t *values)
{
    const struct profile *profile = job->profile;
    const struct profile_value_type *names = &profile->sample_types[type];
    if (!entry_stacks_weigh(stacks, type, values) || !refuse_negative(job, stacks, values))
        return false;
    buf_str(job->out, type == 0 ? STR("\n{\"type\":\"sampled\",\"name\":") : STR(",\n{\"type\":\"sampled\",\"name\":"));
    buf_quote_json(job->out, profile->strings[names->type]);
    buf_str(job->out, STR(",\"unit\":"));
    buf_quote_json(job->out, unit_name(profile->strings[names->unit]));
    return put_stacks(job, stacks, values) && put_weights(job, stacks, values);
}

static void put_name(struct job *job)
{
    const struct profile *profile = job->profile;
    struct str file = profile->nmappings > 0 ? profile->strings[profile->mappings[0].file] : STR("");
    buf_quote_json(job->out, file.n > 0 ? path_base(file) : STR("profile"));
}

bool speedscope_write(struct job *job)
{
    struct entry_stacks stacks;
    if (!entry_stacks_init(&stacks, job))
        return false;
    int64_t *values = arena_new(&job->arena, int64_t, stacks.n);
    bool good = values != NULL;
    buf_str(
        job->out,
        STR("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"sonde " SONDE_VERSION
            "\",\n\"name\":"));
    put_name(job);
    buf_printf(job->out, ",\"activeProfileIndex\":%u,\n\"shared\":{\"frames\":[", job->options->sample_index);
    for (uint32_t i = 0; good && i < stacks.entries.n; i++)
        good = put_frame(job, &stacks, i);
    buf_str(job->out, STR("]},\n\"profiles\":["));
    for (uint32_t i = 0; good && i < job->profile->nsample_types; i++)
        good = put_profile(job, &stacks, i, values);
    buf_str(job->out, STR("]}\n"));
    entry_stacks_finish(&stacks);
    return good;
}
