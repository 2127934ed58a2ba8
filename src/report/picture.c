#include "report/picture.h"

#include "report/call_tree.h"
#include "report/order.h"

/* Google's tool rebuilds graphs when it leaves out nodes, in no order, but trims call trees in place, in the order in
 * which they are. */
static bool connect_and_sort(struct graph *graph, bool again)
{
    return graph_connect(graph, edges_all, NULL) && graph_index_edges(graph) &&
           order_nodes_for_picture(graph, again && graph->tree);
}

/* How many nodes to keep so that these and their nodelets are at most `most`. */
static uint32_t with_nodelets(const struct picture *picture, int64_t most)
{
    const struct graph *graph = &picture->graph;
    int64_t count = 0;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t nodelets = nodelets_count(&picture->nodelets, graph->list[i], graph->node_cutoff);
        count += 1 + (nodelets < picture_most_nodelets ? nodelets : picture_most_nodelets);
        if (count >= most)
            return i + 1;
    }
    return most < graph->nlist ? (uint32_t)most : graph->nlist;
}

/* Keeps the nodes that tell most. Light edges go first: what is below them has no parent then in a call tree. */
static bool keep_best(struct picture *picture, struct job *job)
{
    struct graph *graph = &picture->graph;
    if (!graph_drop_light_edges(graph))
        return false;
    if (graph->tree)
        call_tree_cut(graph);
    uint32_t kept = with_nodelets(picture, job->rules.node_count), made = graph->made;
    if (kept == graph->nlist)
        return true;
    if (!graph_keep_first(graph, &job->rules, kept) || !connect_and_sort(graph, true))
        return false;
    if (graph->made == made)
        return true;
    nodelets_finish(&picture->nodelets);
    return nodelets_init(&picture->nodelets, job, graph);
}

/* Whether the end of an edge can be reached from its start another way: searches backwards. */
static bool is_redundant(const struct graph *graph, uint32_t edge, uint32_t *queue, uint32_t *stamps)
{
    uint32_t target = graph->edges.at[edge].from, next = 0, n = 0;
    queue[n++] = graph->edges.at[edge].to;
    stamps[queue[0]] = edge + 1;
    while (next < n) {
        uint32_t node = queue[next++];
        for (uint32_t i = graph->in_start[node]; i < graph->in_start[node + 1]; i++) {
            const struct edge *in = &graph->edges.at[graph->in[i]];
            if (in->dropped || graph->in[i] == edge || stamps[in->from] == edge + 1)
                continue;
            if (in->from == target)
                return true;
            stamps[in->from] = edge + 1;
            queue[n++] = in->from;
        }
    }
    return false;
}

/* Drops edges that bridge what was left out and add no way that isn't there, lightest first. */
static bool drop_redundant(struct graph *graph)
{
    uint32_t *queue = arena_new(&graph->arena, uint32_t, graph->n);
    uint32_t *stamps = arena_new(&graph->arena, uint32_t, graph->n);
    if (!queue || !stamps)
        return false;
    for (uint32_t i = graph->nlist; i-- > 0;) {
        uint32_t node = graph->list[i], start = graph->in_start[node], n = graph->in_start[node + 1] - start;
        if (!order_edges(graph, graph->in + start, n))
            return false;
        while (n-- > 0) {
            struct edge *edge = &graph->edges.at[graph->in[start + n]];
            if (!edge->residual)
                break;
            edge->dropped = is_redundant(graph, graph->in[start + n], queue, stamps);
        }
    }
    return graph_index_edges(graph);
}

bool picture_init(struct picture *picture, struct job *job)
{
    struct graph *graph = &picture->graph;
    *picture = (struct picture){0};
    if (!graph_init(graph, job->profile, &job->rules, job->mem))
        return false;
    bool good = graph_leave_out_light(graph, &job->rules) && connect_and_sort(graph, false) &&
                nodelets_init(&picture->nodelets, job, graph) &&
                (job->rules.node_count <= 0 || keep_best(picture, job)) && graph_drop_light_edges(graph) &&
                drop_redundant(graph);
    if (!good) {
        picture_finish(picture);
        return false;
    }
    job_choose_unit(job, graph);
    return true;
}

void picture_finish(struct picture *picture)
{
    nodelets_finish(&picture->nodelets);
    graph_finish(&picture->graph);
}
