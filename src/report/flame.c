#include "report/flame.h"

#include "report/flame_module.h"
#include "report/number.h"
#include "report/path.h"
#include "report/shorten.h"

/* What every stack is worth; NULL on exhaustion. */
static struct flame_value *weigh(struct flame *flame)
{
    const struct profile *profile = flame->job->profile;
    struct flame_value *values = arena_new(&flame->job->arena, struct flame_value, flame->stacks.n);
    for (uint32_t i = 0; values && i < profile->nsamples; i++) {
        const int64_t *of_sample = profile->values + (size_t)i * profile->nsample_types;
        int64_t value = of_sample[flame->job->options->sample_index];
        uint32_t stack = flame->stacks.of[profile->stack[i]];
        if (stack == PROFILE_NONE)
            continue;
        struct flame_value *sum = &values[stack];
        flame->compared |= value < 0;
        if (value < 0)
            sum->minus = number_add(sum->minus, number_abs(value));
        else
            sum->plus = number_add(sum->plus, value);
        sum->count = number_add(sum->count, of_sample[0]);
        sum->width += value < 0 ? -(double)value : (double)value;
    }
    return values;
}

bool flame_init(struct flame *flame, struct job *job, const struct flame_limits *limits)
{
    *flame = (struct flame){.job = job, .figures = job->figures};
    if (str_equal(flame->figures.to, STR("minimum")))
        flame->figures.to = STR("auto");
    if (!entry_stacks_init(&flame->stacks, job))
        return false;
    flame->figures.signs = true;
    flame->modules = flame_modules(&flame->stacks);
    struct flame_value *values = weigh(flame);
    bool good = flame->modules && values && flame_tree_init(&flame->tree, &flame->stacks, values, limits, job->mem);
    if (!good)
        entry_stacks_finish(&flame->stacks);
    return good;
}

void flame_finish(struct flame *flame)
{
    flame_tree_finish(&flame->tree);
    entry_stacks_finish(&flame->stacks);
}

int64_t flame_worth(const struct flame *flame, const struct flame_value *value)
{
    int64_t sum = number_subtract(value->plus, value->minus);
    return flame->job->options->mean && value->count != 0 ? number_divide(sum, value->count) : sum;
}

struct str flame_name(struct flame *flame, const struct flame_box *box)
{
    if (box->entry != PROFILE_NONE)
        return entry_stacks_name(&flame->stacks, box->entry);
    if (box->merged == 0)
        return STR("all");
    return arena_printf(&flame->job->arena, "%u narrow frame%s", box->merged, box->merged > 1 ? "s" : "");
}

struct str flame_short_name(struct flame *flame, uint32_t entry)
{
    const struct profile *profile = flame->job->profile;
    const struct entry_table *entries = &flame->stacks.entries;
    struct arena *arena = &flame->job->arena;
    struct str parts[3], file = entries->files[entries->at[entry].file];
    struct str name = shorten_function(profile->strings[entries->at[entry].name], arena);
    size_t n = entry_parts(entries, profile, entry, name, file.n > 0 ? path_base(file) : file, arena, parts);
    if (n == 1 || !name.p)
        return name.p ? parts[0] : name;
    return arena_printf(arena, "%.*s %.*s%s%.*s", STR_ARG(parts[0]), STR_ARG(parts[1]), n > 2 ? " " : "",
                        n > 2 ? (int)parts[2].n : 0, n > 2 ? parts[2].p : "");
}

struct str flame_type(const struct job *job)
{
    return job->profile->strings[job->profile->sample_types[job->options->sample_index].type];
}

struct str flame_program(const struct job *job)
{
    const struct profile *profile = job->profile;
    struct str file = profile->nmappings > 0 ? profile->strings[profile->mappings[0].file] : STR("");
    return file.n > 0 ? path_base(file) : file;
}

void flame_put_header(struct job *job, struct buf *out)
{
    struct buf *before = job->out;
    struct figures figures = job->figures;
    if (str_equal(job->figures.to, STR("minimum")))
        job->figures.to = STR("auto");
    job->out = out;
    header_put_filtered(job);
    job->out = before;
    job->figures = figures;
}

void flame_put_merged(const struct flame *flame, struct buf *out)
{
    const struct flame_tree *tree = &flame->tree;
    if (tree->merged == 0)
        return;
    buf_printf(out, "%llu frame%s narrower than ", (unsigned long long)tree->merged, tree->merged > 1 ? "s" : "");
    double share = tree->at[0].value.width > 0 ? tree->largest_width / tree->at[0].value.width : 0;
    buf_printf(out, "%.2g%% merged, with what they call", 100 * share);
}
