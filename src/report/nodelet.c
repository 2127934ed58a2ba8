#include "report/nodelet.h"

#include <stdlib.h>

#include "base/map.h"
#include "profile/measure.h"
#include "report/call_tree.h"
#include "report/number.h"

/* A number of the sample at hand, and the text that it prints as. */
struct number {
    int64_t value;
    uint32_t name;
};

/* The walk over the samples. */
struct collector {
    struct nodelets *nodelets;
    struct job *job;
    const struct graph *graph;
    struct str_map texts;  /* text: its place in nodelets->texts */
    struct map names;      /* number: the place of what it prints as */
    struct map kinds;      /* text and number: dense from 0 */
    struct map places;     /* node and kind: place in nodelets->at */
    uint32_t *stamps;      /* per node: the last sample that was counted, plus one */
    struct buf scratch;    /* texts on their way to nodelets->texts */
    VEC(struct str) parts; /* of the text of the sample at hand */
    uint32_t text;         /* of the sample at hand */
    VEC(struct number) numbers;
    int64_t value, div;
};

/* The place of the scratch text among the texts; PROFILE_NONE on exhaustion. */
static uint32_t intern_scratch(struct collector *collector)
{
    struct nodelets *nodelets = collector->nodelets;
    if (collector->scratch.failed)
        return PROFILE_NONE;
    uint32_t *known = str_map_find(&collector->texts, buf_text(&collector->scratch));
    if (known)
        return *known;
    struct str kept = arena_str(&nodelets->arena, buf_text(&collector->scratch));
    uint32_t place = (uint32_t)nodelets->texts.n;
    bool good =
        kept.p && str_map_add(&collector->texts, kept, place) && vec_push(&nodelets->texts, nodelets->mem, kept);
    return good ? place : PROFILE_NONE;
}

/* The place of what a number prints as; PROFILE_NONE on exhaustion. */
static uint32_t name_of(struct collector *collector, int64_t value)
{
    uint32_t *known = map_find(&collector->names, (uint64_t)value);
    if (known)
        return *known;
    collector->scratch.n = 0;
    measure_put_scaled(&collector->scratch, value, collector->nodelets->unit, collector->job->options->unit);
    uint32_t name = intern_scratch(collector);
    return name != PROFILE_NONE && map_add(&collector->names, (uint64_t)value, name) ? name : PROFILE_NONE;
}

static bool find_numbers(struct collector *collector, const struct profile_label *labels, uint64_t n)
{
    collector->numbers.n = 0;
    for (uint64_t i = 0; i < n; i++) {
        if (!labels[i].is_num || !str_equal(collector->job->profile->strings[labels[i].key], STR("bytes")))
            continue;
        uint32_t name = name_of(collector, labels[i].num);
        if (name == PROFILE_NONE ||
            !vec_push(&collector->numbers, collector->job->mem, (struct number){labels[i].num, name}))
            return false;
    }
    return true;
}

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* "key:value" as the next part of the sample's text. */
static bool add_part(struct collector *collector, const struct profile_label *label)
{
    const struct profile *profile = collector->job->profile;
    collector->scratch.n = 0;
    buf_str(&collector->scratch, profile->strings[label->key]);
    buf_byte(&collector->scratch, ':');
    buf_str(&collector->scratch, profile->strings[label->str]);
    uint32_t place = intern_scratch(collector);
    return place != PROFILE_NONE &&
           vec_push(&collector->parts, collector->job->mem, collector->nodelets->texts.at[place]);
}

/* Joins the text labels, sorted, with what stands for a line break in a picture. Those that mark the samples of a
 * diff's base do not count. */
static bool find_text(struct collector *collector, const struct profile_label *labels, uint64_t n)
{
    collector->parts.n = 0;
    for (uint64_t i = 0; i < n && !labels[i].is_num; i++) {
        bool base = str_equal(collector->job->profile->strings[labels[i].key], STR("pprof::base"));
        if (!base && !add_part(collector, &labels[i]))
            return false;
    }
    if (collector->parts.n > 1)
        qsort(collector->parts.at, collector->parts.n, sizeof *collector->parts.at, by_text);
    collector->scratch.n = 0;
    for (size_t i = 0; i < collector->parts.n; i++) {
        buf_str(&collector->scratch, i > 0 ? STR("\\n") : STR(""));
        buf_str(&collector->scratch, collector->parts.at[i]);
    }
    collector->text = intern_scratch(collector);
    return collector->text != PROFILE_NONE;
}

/* The nodelet of a node for the sample's text, or for a number below it; NULL on exhaustion. */
static struct nodelet *find_nodelet(struct collector *collector, uint32_t node, struct number number)
{
    struct nodelets *nodelets = collector->nodelets;
    uint32_t *kind = map_add(&collector->kinds, (uint64_t)collector->text << 32 | number.name, collector->kinds.n);
    uint32_t *place = kind ? map_add(&collector->places, (uint64_t)node << 32 | *kind, (uint32_t)nodelets->at.n) : NULL;
    if (!place)
        return NULL;
    struct nodelet fresh = {.node = node, .text = collector->text, .number = number.name, .value = number.value};
    if (*place == nodelets->at.n && !vec_push(&nodelets->at, nodelets->mem, fresh))
        return NULL;
    return &nodelets->at.at[*place];
}

static bool add_value(struct collector *collector, uint32_t node, struct number number, bool flat)
{
    struct nodelet *nodelet = find_nodelet(collector, node, number);
    if (!nodelet)
        return false;
    int64_t *sum = flat ? &nodelet->weight.flat : &nodelet->weight.cum;
    int64_t *div = flat ? &nodelet->weight.flat_div : &nodelet->weight.cum_div;
    *sum = number_add(*sum, collector->value);
    *div = number_add(*div, collector->div);
    return true;
}

/* Adds the sample to a node, if that is in the list. */
static bool add(struct collector *collector, uint32_t node, bool flat)
{
    if (!collector->graph->listed[node])
        return true;
    bool good = collector->text == 0 || add_value(collector, node, (struct number){0, PROFILE_NONE}, flat);
    for (size_t i = 0; good && i < collector->numbers.n; i++)
        good = add_value(collector, node, collector->numbers.at[i], flat);
    return good;
}

/* Adds the sample to each entry on its stack once, and to its leaf. */
static bool add_to_entries(struct collector *collector, uint32_t sample)
{
    const struct graph *graph = collector->graph;
    uint32_t stack = graph->profile->stack[sample];
    const uint32_t *begin = graph->profile->frames + graph->profile->stack_start[stack];
    const uint32_t *end = graph->profile->frames + graph->profile->stack_start[stack + 1];
    for (const uint32_t *at = begin; at < end; at++) {
        for (uint32_t i = graph->entries.first[*at]; i < graph->entries.first[*at + 1]; i++) {
            uint32_t node = graph->entries.frames[i];
            if (collector->stamps[node] == sample + 1)
                continue;
            collector->stamps[node] = sample + 1;
            if (!add(collector, node, false))
                return false;
        }
    }
    return begin == end || add(collector, graph->entries.frames[graph->entries.first[*begin]], true);
}

/* Adds the sample to all nodes from the end of its stack up. */
static bool add_to_tree(struct collector *collector, uint32_t sample)
{
    const struct graph *graph = collector->graph;
    uint32_t leaf = call_tree_leaf(graph->tree, graph->profile->stack[sample]);
    for (uint32_t node = leaf; node != PROFILE_NONE; node = call_tree_origin(graph->tree, node)) {
        if (!add(collector, node, false))
            return false;
    }
    return leaf == PROFILE_NONE || add(collector, leaf, true);
}

static bool add_sample(struct collector *collector, uint32_t sample)
{
    const struct profile *profile = collector->job->profile;
    const struct profile_label *labels = profile->labels + profile->label_start[sample];
    uint64_t n = profile->label_start[sample + 1] - profile->label_start[sample];
    const int64_t *values = profile->values + (size_t)sample * profile->nsample_types;
    collector->value = values[collector->job->options->sample_index];
    collector->div = collector->job->options->mean ? values[0] : 0;
    if (n == 0 || (collector->value == 0 && collector->div == 0))
        return true;
    if (!find_text(collector, labels, n) || !find_numbers(collector, labels, n))
        return false;
    if (collector->text == 0 && collector->numbers.n == 0)
        return true;
    return collector->graph->tree ? add_to_tree(collector, sample) : add_to_entries(collector, sample);
}

/* Sorts the nodelets by their node, by counting. */
static bool index_nodelets(struct nodelets *nodelets, uint32_t nnodes)
{
    uint32_t *start = arena_new(&nodelets->arena, uint32_t, nnodes + (size_t)2);
    nodelets->index = arena_new(&nodelets->arena, uint32_t, nodelets->at.n);
    if (!start || !nodelets->index)
        return false;
    nodelets->start = start;
    for (size_t i = 0; i < nodelets->at.n; i++)
        start[nodelets->at.at[i].node + 2]++;
    for (size_t i = 2; i < nnodes + (size_t)2; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < nodelets->at.n; i++)
        nodelets->index[start[nodelets->at.at[i].node + 1]++] = (uint32_t)i;
    return true;
}

static bool collect(struct collector *collector)
{
    collector->scratch.n = 0;
    bool good = collector->stamps && intern_scratch(collector) == 0; /* "" comes first */
    for (uint32_t i = 0; good && i < collector->job->profile->nsamples; i++)
        good = add_sample(collector, i);
    return good && index_nodelets(collector->nodelets, collector->graph->n);
}

bool nodelets_init(struct nodelets *nodelets, struct job *job, const struct graph *graph)
{
    *nodelets = (struct nodelets){.mem = job->mem, .unit = job_label_unit(job, STR("bytes"))};
    arena_init(&nodelets->arena, job->mem);
    struct collector collector = {.nodelets = nodelets, .job = job, .graph = graph};
    str_map_init(&collector.texts, job->mem);
    map_init(&collector.names, job->mem);
    map_init(&collector.kinds, job->mem);
    map_init(&collector.places, job->mem);
    buf_init(&collector.scratch, job->mem);
    collector.stamps = arena_new(&nodelets->arena, uint32_t, graph->n);
    bool good = collect(&collector);
    str_map_finish(&collector.texts);
    map_finish(&collector.names);
    map_finish(&collector.kinds);
    map_finish(&collector.places);
    buf_finish(&collector.scratch);
    vec_finish(&collector.parts, job->mem);
    vec_finish(&collector.numbers, job->mem);
    if (!good)
        nodelets_finish(nodelets);
    return good;
}

void nodelets_finish(struct nodelets *nodelets)
{
    if (!nodelets->mem)
        return;
    vec_finish(&nodelets->texts, nodelets->mem);
    vec_finish(&nodelets->at, nodelets->mem);
    arena_finish(&nodelets->arena);
    *nodelets = (struct nodelets){0};
}

bool nodelet_counts(const struct nodelet *nodelet, int64_t cutoff)
{
    return number_abs(nodelet->weight.flat) >= cutoff || number_abs(nodelet->weight.cum) >= cutoff;
}

uint32_t nodelets_count(const struct nodelets *nodelets, uint32_t node, int64_t cutoff)
{
    uint32_t count = 0;
    for (uint32_t i = nodelets->start[node]; i < nodelets->start[node + 1]; i++) {
        const struct nodelet *nodelet = &nodelets->at.at[nodelets->index[i]];
        count += nodelet->weight.flat != 0 && nodelet_counts(nodelet, cutoff);
    }
    return count;
}
