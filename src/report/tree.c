/* -tree and -peek: each entry between those that call it and those that it calls. */
#include "profile/pattern.h"
#include "report/job.h"
#include "report/number.h"
#include "report/order.h"

static const char separator[] = "----------------------------------------------------------+-------------\n";
static const char legend[] = "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n";
static const char signed_legend[] = "      flat   flat%    sum%        cum    cum%  calls calls% + context \t \t \n";

/* A caller or callee: what goes that way, as a share of what the entry in the middle makes up. */
static void put_neighbour(struct job *job, struct graph *graph, const struct edge *edge, uint32_t neighbour,
                          int64_t cum)
{
    figure_put_wide(job->out, &job->figures, edge->weight, 50);
    buf_byte(job->out, ' ');
    figure_put_percentage(job->out, &job->figures, edge->weight, cum);
    buf_str(job->out, STR(" |   "));
    buf_str(job->out, graph_name(graph, neighbour));
    buf_str(job->out, edge->inlined ? STR(" (inline)\n") : STR("\n"));
}

/* The callers, or the callees, heaviest first. */
static bool put_neighbours(struct job *job, struct graph *graph, uint32_t entry, bool callers)
{
    uint32_t *edges = callers ? graph->in + graph->in_start[entry] : graph->out + graph->out_start[entry];
    uint32_t n = callers ? graph->in_start[entry + 1] - graph->in_start[entry]
                         : graph->out_start[entry + 1] - graph->out_start[entry];
    if (!order_edges(graph, edges, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const struct edge *edge = &graph->edges.at[edges[i]];
        put_neighbour(job, graph, edge, callers ? edge->from : edge->to, graph_cum(graph, entry));
    }
    return true;
}

static void put_entry(struct job *job, struct graph *graph, uint32_t entry, int64_t flat_sum)
{
    const struct figures *figures = &job->figures;
    struct buf *out = job->out;
    int64_t flat = graph_flat(graph, entry), cum = graph_cum(graph, entry);
    figure_put_wide(out, figures, flat, 10);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, flat, figures->total);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, flat_sum, figures->total);
    buf_byte(out, ' ');
    figure_put_wide(out, figures, cum, 10);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, cum, figures->total);
    buf_fill(out, ' ', figures->signs ? 14 : 16); /* so that the bars stand below each other */
    buf_str(out, STR("| "));
    buf_str(out, graph_name(graph, entry));
    buf_byte(out, '\n');
}

/* Marks the entries to show: all, or those whose name matches. Returns how many; -1 on exhaustion. */
static int64_t mark(struct job *job, struct graph *graph, bool *marked)
{
    int64_t count = 0;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t entry = graph->list[i];
        struct str name = graph_name(graph, entry);
        if (!name.p)
            return -1;
        marked[entry] = !job->options->symbol || pattern_matches(job->options->symbol, name);
        count += marked[entry];
    }
    return count;
}

static bool put_entries(struct job *job, struct graph *graph, const bool *marked)
{
    int64_t flat_sum = 0;
    header_put(job, graph);
    buf_str(job->out, str_of(separator));
    buf_str(job->out, str_of(job->figures.signs ? signed_legend : legend));
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t entry = graph->list[i];
        if (!marked[entry])
            continue;
        flat_sum = number_add(flat_sum, graph_flat(graph, entry));
        buf_str(job->out, str_of(separator));
        if (!put_neighbours(job, graph, entry, true))
            return false;
        put_entry(job, graph, entry, flat_sum);
        if (!put_neighbours(job, graph, entry, false))
            return false;
    }
    if (graph->nlist > 0)
        buf_str(job->out, str_of(separator));
    return true;
}

bool tree_write(struct job *job)
{
    struct graph graph;
    if (!job_graph(job, &graph))
        return false;
    bool *marked = arena_new(&graph.arena, bool, graph.n);
    int64_t shown = marked ? mark(job, &graph, marked) : -1;
    bool good = shown >= 0;
    if (shown == 0 && job->options->symbol) {
        buf_str(job->error, STR("no matches found for regexp: "));
        buf_str(job->error, job->options->symbol_text);
        good = false;
    }
    good = good && graph_connect(&graph, job->options->symbol ? edges_at_marked : edges_all, marked) &&
           graph_drop_light_edges(&graph) && put_entries(job, &graph, marked);
    graph_finish(&graph);
    return good;
}
