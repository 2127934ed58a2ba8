#include "report/entry_stacks.h"

#include <string.h>

#include "profile/stacks.h"
#include "report/number.h"
#include "report/path.h"

static bool make_entries(struct entry_stacks *stacks)
{
    struct job *job = stacks->job;
    const struct profile *profile = job->profile;
    struct str *files = arena_new(&job->arena, struct str, profile->nfunctions);
    for (uint32_t i = 0; files && i < profile->nfunctions; i++)
        files[i] =
            path_trim(profile->strings[profile->functions[i].filename], job->rules.trim_path, job->rules.source_path);
    return files && entry_table_init(&stacks->entries, profile, &job->rules.entry, files, job->mem);
}

/* How many entries a stack of the profile has. */
static uint64_t depth_of(const struct entry_stacks *stacks, uint32_t stack)
{
    const struct profile *profile = stacks->job->profile;
    uint64_t depth = 0;
    for (uint64_t i = profile->stack_start[stack]; i < profile->stack_start[stack + 1]; i++) {
        uint32_t location = profile->frames[i];
        depth += stacks->entries.first[location + 1] - stacks->entries.first[location];
    }
    return depth;
}

/* Writes a stack's entries behind all others, root first, and takes them; PROFILE_NONE on exhaustion. */
static uint32_t take_stack(const struct entry_stacks *stacks, struct stacks *interned, uint32_t stack, uint64_t depth)
{
    const struct profile *profile = stacks->job->profile;
    const struct entry_table *entries = &stacks->entries;
    uint32_t *to = stacks_reserve(interned, depth);
    if (!to)
        return PROFILE_NONE;
    for (uint64_t i = profile->stack_start[stack + 1]; i-- > profile->stack_start[stack];) {
        uint32_t location = profile->frames[i];
        for (uint32_t frame = entries->first[location + 1]; frame-- > entries->first[location];)
            *to++ = entries->frames[frame];
    }
    return stacks_take(interned, depth);
}

static bool intern_all(struct entry_stacks *stacks, struct stacks *interned)
{
    const struct profile *profile = stacks->job->profile;
    stacks->of = arena_new(&stacks->job->arena, uint32_t, profile->nstacks);
    if (!stacks->of)
        return false;
    memset(stacks->of, 0xff, profile->nstacks * sizeof *stacks->of);
    for (uint32_t i = 0; i < profile->nsamples; i++) {
        uint32_t stack = profile->stack[i];
        uint64_t depth = stacks->of[stack] == PROFILE_NONE ? depth_of(stacks, stack) : 0;
        if (depth == 0)
            continue;
        stacks->of[stack] = take_stack(stacks, interned, stack, depth);
        if (stacks->of[stack] == PROFILE_NONE)
            return false;
    }
    return true;
}

static bool make_stacks(struct entry_stacks *stacks)
{
    struct stacks interned;
    if (!stacks_init(&interned, stacks->job->mem, stacks->job->profile->nstacks))
        return false;
    bool good = intern_all(stacks, &interned) && stacks_settle(&interned);
    if (good) {
        stacks->n = interned.n;
        stacks_release(&interned, &stacks->start, &stacks->frames);
        stacks->nframes = stacks->start[stacks->n];
    }
    stacks_finish(&interned);
    return good;
}

bool entry_stacks_init(struct entry_stacks *stacks, struct job *job)
{
    *stacks = (struct entry_stacks){.job = job};
    bool good = make_entries(stacks) && make_stacks(stacks);
    if (good) {
        stacks->names = arena_new(&job->arena, struct str, stacks->entries.n);
        good = stacks->names != NULL;
    }
    if (!good)
        entry_stacks_finish(stacks);
    return good;
}

void entry_stacks_finish(struct entry_stacks *stacks)
{
    struct mem *mem = stacks->job->mem;
    entry_table_finish(&stacks->entries);
    mem_put(mem, stacks->frames, stacks->nframes * sizeof *stacks->frames);
    if (stacks->start)
        mem_put(mem, stacks->start, ((size_t)stacks->n + 1) * sizeof *stacks->start);
    stacks->frames = NULL;
    stacks->start = NULL;
}

bool entry_stacks_weigh(const struct entry_stacks *stacks, uint32_t sample_index, int64_t *values)
{
    const struct job *job = stacks->job;
    const struct profile *profile = job->profile;
    int64_t *counts = job->rules.mean ? mem_get_array(job->mem, (size_t)stacks->n + 1, sizeof *counts) : NULL;
    if (job->rules.mean && !counts)
        return false;
    memset(values, 0, stacks->n * sizeof *values);
    if (counts)
        memset(counts, 0, stacks->n * sizeof *counts);
    for (uint32_t i = 0; i < profile->nsamples; i++) {
        const int64_t *of_sample = profile->values + (size_t)i * profile->nsample_types;
        uint32_t stack = stacks->of[profile->stack[i]];
        if (stack == PROFILE_NONE)
            continue;
        values[stack] = number_add(values[stack], of_sample[sample_index]);
        if (counts)
            counts[stack] = number_add(counts[stack], of_sample[0]);
    }
    for (uint32_t i = 0; i < stacks->n; i++) {
        if (counts && counts[i] != 0)
            values[i] = number_divide(values[i], counts[i]);
        if (job->figures.ratio > 0 && job->figures.ratio != 1)
            values[i] = number_of((double)values[i] * job->figures.ratio);
    }
    mem_put(job->mem, counts, ((size_t)stacks->n + 1) * sizeof *counts);
    return true;
}

struct str entry_stacks_name(struct entry_stacks *stacks, uint32_t entry)
{
    struct str *name = &stacks->names[entry];
    if (!name->p)
        *name = entry_name(&stacks->entries, stacks->job->profile, entry, &stacks->job->arena);
    return *name;
}
