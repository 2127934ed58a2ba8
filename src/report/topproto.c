/* -topproto: the entries of -top as a profile, each a sample with one location. */
#include <string.h>

#include "base/map.h"
#include "profile/encode.h"
#include "profile/measure.h"
#include "report/job.h"
#include "report/number.h"

struct topproto {
    struct job *job;
    struct graph graph;
    struct profile profile; /* the one that is made */
    uint32_t *functions;    /* per entry of the list: its function */
    uint32_t *examples;     /* per function: a node that it was made for */
    uint32_t nfunctions;
};

/* The id in the profile of a text; PROFILE_NONE on exhaustion. */
static uint32_t text(struct topproto *top, struct str text)
{
    return profile_string(&top->profile, text);
}

/* Makes an array of `n` zeroed elements. */
static bool make(struct topproto *top, void *array, uint64_t n, size_t size)
{
    void *block;
    if (!profile_resize(&top->profile, array, 0, n, size))
        return false;
    memcpy(&block, array, sizeof block);
    if (block)
        memset(block, 0, n * size);
    return true;
}

#define MAKE(top, array, n) make((top), &(top)->profile.array, (n), sizeof *(top)->profile.array)

/* Sets the counts only once the arrays are there, so that what is half made can be given back. */
static bool make_arrays(struct topproto *top)
{
    struct profile *profile = &top->profile;
    uint32_t n = top->graph.nlist;
    if (!MAKE(top, sample_types, 2))
        return false;
    profile->nsample_types = 2;
    if (!MAKE(top, line_start, n + (uint64_t)1) || !MAKE(top, locations, n))
        return false;
    profile->nlocations = n;
    for (uint32_t i = 0; i <= n; i++)
        profile->line_start[i] = i;
    if (!MAKE(top, lines, n) || !MAKE(top, stack_start, n + (uint64_t)1))
        return false;
    profile->nstacks = n;
    for (uint32_t i = 0; i <= n; i++)
        profile->stack_start[i] = i;
    if (!MAKE(top, frames, n) || !MAKE(top, label_start, n + (uint64_t)1) || !MAKE(top, stack, n))
        return false;
    profile->nsamples = n;
    if (!MAKE(top, values, n * (uint64_t)2) || !MAKE(top, functions, top->nfunctions))
        return false;
    profile->nfunctions = top->nfunctions;
    return true;
}

/* Header fields as the profile has them. */
static bool copy_header(struct topproto *top)
{
    const struct profile *from = top->job->profile;
    struct profile *profile = &top->profile;
    uint32_t unit = text(top, top->job->figures.to);
    profile->sample_types[0] = (struct profile_value_type){text(top, STR("cum")), unit};
    profile->sample_types[1] = (struct profile_value_type){text(top, STR("flat")), unit};
    profile->time_nanos = from->time_nanos;
    profile->duration_nanos = from->duration_nanos;
    profile->has_period_type = from->has_period_type;
    profile->period_type.type = text(top, from->strings[from->period_type.type]);
    profile->period_type.unit = text(top, from->strings[from->period_type.unit]);
    profile->period = from->period;
    return unit != PROFILE_NONE && profile->sample_types[0].type != PROFILE_NONE &&
           profile->sample_types[1].type != PROFILE_NONE && profile->period_type.type != PROFILE_NONE &&
           profile->period_type.unit != PROFILE_NONE;
}

/* Numbers the functions: entries with the same name, file and first line have one. */
static bool number_functions(struct topproto *top)
{
    struct job *job = top->job;
    struct map names, starts, functions;
    map_init(&names, job->mem);
    map_init(&starts, job->mem);
    map_init(&functions, job->mem);
    top->functions = arena_new(&job->arena, uint32_t, top->graph.nlist);
    top->examples = arena_new(&job->arena, uint32_t, top->graph.nlist);
    bool good = top->functions && top->examples;
    for (uint32_t i = 0; good && i < top->graph.nlist; i++) {
        const struct entry *entry = &top->graph.entries.at[top->graph.list[i]];
        uint32_t *name = map_add(&names, (uint64_t)entry->name << 32 | entry->file, names.n);
        uint32_t *start = map_add(&starts, (uint64_t)entry->start_line, starts.n);
        uint32_t *function =
            name && start ? map_add(&functions, (uint64_t)*name << 32 | *start, top->nfunctions) : NULL;
        good = function != NULL;
        if (good && *function == top->nfunctions)
            top->examples[top->nfunctions++] = top->graph.list[i];
        if (good)
            top->functions[i] = *function;
    }
    map_finish(&names);
    map_finish(&starts);
    map_finish(&functions);
    return good;
}

static bool fill_functions(struct topproto *top)
{
    for (uint32_t i = 0; i < top->nfunctions; i++) {
        const struct entry *entry = &top->graph.entries.at[top->examples[i]];
        struct profile_function *function = &top->profile.functions[i];
        function->name = text(top, top->job->profile->strings[entry->name]);
        function->filename = text(top, top->graph.entries.files[entry->file]);
        function->start_line = entry->start_line;
        function->id = i + 1;
        if (function->name == PROFILE_NONE || function->filename == PROFILE_NONE)
            return false;
    }
    return true;
}

static void fill_samples(struct topproto *top)
{
    const struct figures *figures = &top->job->figures;
    struct profile *profile = &top->profile;
    for (uint32_t i = 0; i < top->graph.nlist; i++) {
        uint32_t node = top->graph.list[i];
        const struct entry *entry = &top->graph.entries.at[node];
        profile->locations[i] =
            (struct profile_location){.address = entry->address, .mapping = PROFILE_NONE, .id = i + 1};
        profile->lines[i] = (struct profile_line){top->functions[i], entry->line, entry->column};
        profile->frames[i] = profile->stack[i] = i;
        int64_t cum = graph_cum(&top->graph, node), flat = graph_flat(&top->graph, node);
        profile->values[2 * i] = number_of(measure_scale(cum, figures->from, figures->to).value);
        profile->values[2 * i + 1] = number_of(measure_scale(flat, figures->from, figures->to).value);
    }
}

bool topproto_write(struct job *job)
{
    struct topproto top = {.job = job};
    if (!job_graph(job, &top.graph))
        return false;
    bool good = profile_init(&top.profile, job->mem) && number_functions(&top) && make_arrays(&top) &&
                copy_header(&top) && fill_functions(&top);
    if (good) {
        fill_samples(&top);
        good = profile_encode(&top.profile, job->out);
    }
    profile_finish(&top.profile);
    graph_finish(&top.graph);
    return good;
}
