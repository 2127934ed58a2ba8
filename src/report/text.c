/* -top and -text: a line an entry, heaviest first. */
#include "report/job.h"
#include "report/number.h"

enum inlining { never_inlined, partly_inlined, always_inlined };

/* Whether the calls of an entry that are left in the graph were inlined into their callers. */
static enum inlining inlining_of(const struct graph *graph, uint32_t entry)
{
    uint32_t inlined = 0, all = graph->in_start[entry + 1] - graph->in_start[entry];
    for (uint32_t i = graph->in_start[entry]; i < graph->in_start[entry + 1]; i++)
        inlined += graph->edges.at[graph->in[i]].inlined;
    return inlined == 0 ? never_inlined : inlined < all ? partly_inlined : always_inlined;
}

static void put_entry(struct job *job, struct graph *graph, uint32_t entry, int64_t *flat_sum)
{
    const struct figures *figures = &job->figures;
    struct buf *out = job->out;
    int64_t flat = graph_flat(graph, entry), cum = graph_cum(graph, entry);
    *flat_sum = number_add(*flat_sum, flat);
    figure_put_wide(out, figures, flat, 10);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, flat, figures->total);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, *flat_sum, figures->total);
    buf_byte(out, ' ');
    figure_put_wide(out, figures, cum, 10);
    buf_byte(out, ' ');
    figure_put_percentage(out, figures, cum, figures->total);
    buf_str(out, STR("  "));
    buf_str(out, graph_name(graph, entry));
    static const char *const remarks[] = {"\n", " (partial-inline)\n", " (inline)\n"};
    buf_str(out, str_of(remarks[inlining_of(graph, entry)]));
}

bool text_write(struct job *job)
{
    struct graph graph;
    if (!job_graph(job, &graph))
        return false;
    /* Only entries that are inlined somewhere get a remark, so only edges into those count. */
    bool good = graph_connect(&graph, edges_into_marked, graph.entries.inlined) && graph_drop_light_edges(&graph);
    if (good) {
        header_put(job, &graph);
        buf_str(job->out, job->figures.signs ? STR("      flat   flat%    sum%        cum    cum%\n")
                                             : STR("      flat  flat%   sum%        cum   cum%\n"));
        int64_t flat_sum = 0;
        for (uint32_t i = 0; i < graph.nlist; i++)
            put_entry(job, &graph, graph.list[i], &flat_sum);
    }
    graph_finish(&graph);
    return good;
}
