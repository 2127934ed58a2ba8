/* -json: what -top and -tree show as one JSON object for other programs: what was profiled, the entries with exact
 * values, and the calls between them. The man page lists the members.
 */
#include "base/quote.h"
#include "report/exact.h"
#include "report/gotime.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"
#include "report/path.h"

static void put_member(struct job *job, const char *key, struct str text)
{
    if (text.n == 0)
        return;
    buf_printf(job->out, "  \"%s\": ", key);
    buf_quote_json(job->out, text);
    buf_str(job->out, STR(",\n"));
}

static void put_number(struct job *job, const char *key, int64_t value)
{
    if (value != 0)
        buf_printf(job->out, "  \"%s\": %lld,\n", key, (long long)value);
}

static void put_texts(struct job *job, const char *key, const struct str *texts, uint32_t n)
{
    if (n == 0)
        return;
    buf_printf(job->out, "  \"%s\": [", key);
    for (uint32_t i = 0; i < n; i++) {
        if (i > 0)
            buf_str(job->out, STR(", "));
        buf_quote_json(job->out, texts[i]);
    }
    buf_str(job->out, STR("],\n"));
}

static void put_types(struct job *job)
{
    const struct profile *profile = job->profile;
    buf_str(job->out, STR("  \"sample_types\": ["));
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        buf_str(job->out, i > 0 ? STR(", {\"type\": ") : STR("{\"type\": "));
        buf_quote_json(job->out, profile->strings[profile->sample_types[i].type]);
        buf_str(job->out, STR(", \"unit\": "));
        buf_quote_json(job->out, profile->strings[profile->sample_types[i].unit]);
        buf_byte(job->out, '}');
    }
    buf_str(job->out, STR("],\n"));
}

static bool put_comments(struct job *job)
{
    const struct profile *profile = job->profile;
    struct str *comments = arena_new(&job->arena, struct str, profile->ncomments);
    for (uint32_t i = 0; comments && i < profile->ncomments; i++)
        comments[i] = profile->strings[profile->comments[i]];
    if (comments)
        put_texts(job, "comments", comments, profile->ncomments);
    return comments != NULL;
}

static bool put_header(struct job *job, const struct graph *graph)
{
    const struct profile *profile = job->profile;
    const struct profile_value_type *type = &profile->sample_types[job->options->sample_index];
    if (profile->nmappings > 0) {
        struct str file = profile->strings[profile->mappings[0].file];
        put_member(job, "file", file.n > 0 ? path_base(file) : file);
        put_member(job, "build_id", profile->strings[profile->mappings[0].build_id]);
    }
    put_member(job, "doc", profile->strings[profile->doc_url]);
    put_number(job, "time_nanoseconds", profile->time_nanos);
    put_number(job, "duration_nanoseconds", profile->duration_nanos);
    put_number(job, "period", profile->period);
    put_types(job);
    put_member(job, "type", profile->strings[type->type]);
    buf_str(job->out, job->options->mean ? STR("  \"mean\": true,\n") : STR(""));
    put_texts(job, "filters", job->options->filters, job->options->nfilters);
    buf_str(job->out, STR("  \"unit\": "));
    buf_quote_json(job->out, exact_unit(&job->figures));
    buf_str(job->out, STR(",\n  \"total\": "));
    exact_put(job->out, &job->figures, job->figures.total);
    buf_printf(job->out, ",\n  \"nodes\": %u,\n  \"dropped_nodes\": %u,\n  \"dropped_edges\": %u,\n",
               graph->original_count, graph->dropped_nodes, graph->dropped_edges);
    return put_comments(job);
}

static void put_amount(struct job *job, const char *key, int64_t value)
{
    buf_printf(job->out, ", \"%s\": ", key);
    exact_put(job->out, &job->figures, value);
    buf_printf(job->out, ", \"%s_percent\": ", key);
    exact_put_percentage(job->out, value, job->figures.total);
}

static void put_facts(struct job *job, const struct graph *graph, const struct entry *entry)
{
    const struct str *strings = job->profile->strings;
    const struct str texts[] = {strings[entry->name], graph->entries.files[entry->file], strings[entry->objfile]};
    static const char *const keys[] = {"function", "file", "binary"};
    for (size_t i = 0; i < 3; i++) {
        if (texts[i].n == 0)
            continue;
        buf_printf(job->out, ", \"%s\": ", keys[i]);
        buf_quote_json(job->out, texts[i]);
    }
    if (entry->line != 0)
        buf_printf(job->out, ", \"line\": %lld", (long long)entry->line);
    if (entry->column != 0)
        buf_printf(job->out, ", \"column\": %lld", (long long)entry->column);
    if (entry->address != 0)
        buf_printf(job->out, ", \"address\": \"0x%llx\"", (unsigned long long)entry->address);
}

static bool put_entry(struct job *job, struct graph *graph, uint32_t node, uint32_t number)
{
    struct str name = graph_name(graph, node);
    buf_printf(job->out, "%s    {\"id\": %u, \"name\": ", number > 0 ? ",\n" : "", number);
    buf_quote_json(job->out, name);
    put_facts(job, graph, &graph->entries.at[graph_entry(graph, node)]);
    put_amount(job, "flat", graph_flat(graph, node));
    put_amount(job, "cum", graph_cum(graph, node));
    buf_byte(job->out, '}');
    return name.p && job_drain(job);
}

/* The calls that a node makes, heaviest first. */
static bool put_calls(struct job *job, struct graph *graph, uint32_t node, const uint32_t *numbers, bool *first)
{
    uint32_t *edges = graph->out + graph->out_start[node], n = graph->out_start[node + 1] - graph->out_start[node];
    if (!order_edges(graph, edges, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct edge *edge = &graph->edges.at[edges[i]];
        buf_printf(job->out, "%s    {\"from\": %u, \"to\": %u, \"weight\": ", *first ? "" : ",\n", numbers[edge->from],
                   numbers[edge->to]);
        exact_put(job->out, &job->figures, edge->div != 0 ? number_divide(edge->weight, edge->div) : edge->weight);
        buf_str(job->out, edge->inlined ? STR(", \"inlined\": true") : STR(""));
        buf_str(job->out, edge->residual ? STR(", \"residual\": true}") : STR("}"));
        *first = false;
    }
    return job_drain(job);
}

static bool put_graph(struct job *job, struct graph *graph)
{
    uint32_t *numbers = arena_new(&job->arena, uint32_t, graph->n);
    bool good = numbers != NULL, first = true;
    buf_str(job->out, STR("  \"entries\": [\n"));
    for (uint32_t i = 0; good && i < graph->nlist; i++) {
        numbers[graph->list[i]] = i;
        good = put_entry(job, graph, graph->list[i], i);
    }
    buf_str(job->out, STR("\n  ],\n  \"edges\": [\n"));
    for (uint32_t i = 0; good && i < graph->nlist; i++)
        good = put_calls(job, graph, graph->list[i], numbers, &first);
    buf_str(job->out, STR("\n  ]\n"));
    return good;
}

bool json_write(struct job *job)
{
    struct graph graph;
    if (!graph_init(&graph, job->profile, &job->rules, job->mem))
        return false;
    buf_str(job->out, STR("{\n"));
    bool good = graph_trim(&graph, &job->rules) && graph_connect(&graph, edges_all, NULL) &&
                graph_drop_light_edges(&graph) && put_header(job, &graph) && put_graph(job, &graph);
    buf_str(job->out, STR("}\n"));
    graph_finish(&graph);
    return good;
}
