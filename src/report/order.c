/* Where google's tool leaves an order open (entries with one name but different facts come out of a hash table in any
 * order), more facts decide here, so that the same profile always gives the same bytes. */
#include "report/order.h"

#include <stdlib.h>

#include "report/number.h"

struct entry_item {
    int64_t weight; /* magnitude; heaviest first */
    int64_t cum;
    uint64_t address;
    struct str name;
    uint32_t entry;
};

struct edge_item {
    int64_t weight;
    struct str from, to;
    uint32_t edge;
};

/* Heavier first. */
static int by_weight(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_facts(const struct graph *graph, uint32_t a, uint32_t b)
{
    struct arena arena;
    arena_init(&arena, graph->mem);
    struct str left = entry_facts(&graph->entries, graph->profile, a, &arena);
    struct str right = entry_facts(&graph->entries, graph->profile, b, &arena);
    int order = str_compare(left, right);
    arena_finish(&arena);
    return order ? order : by_number(a, b);
}

static int compare_entries(const void *left, const void *right, void *context)
{
    const struct entry_item *a = left, *b = right;
    int order = by_weight(a->weight, b->weight);
    if (order == 0 && a->address != 0 && b->address != 0)
        order = by_number(a->address, b->address);
    if (order == 0)
        order = str_compare(a->name, b->name);
    if (order == 0)
        order = by_weight(a->cum, b->cum);
    return order ? order : by_facts(context, a->entry, b->entry);
}

bool order_entries(struct graph *graph, bool cum)
{
    size_t size = graph->nlist * sizeof(struct entry_item);
    struct entry_item *items = mem_get_array(graph->mem, graph->nlist, sizeof *items);
    if (!items)
        return graph->nlist == 0;
    bool good = true;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t entry = graph->list[i];
        const struct weight *weight = &graph->weights[entry];
        items[i] = (struct entry_item){number_abs(cum ? weight->cum : weight->flat), number_abs(weight->cum),
                                       graph->entries.at[entry].address, graph_name(graph, entry), entry};
        good &= items[i].name.p != NULL;
    }
    if (good)
        qsort_r(items, graph->nlist, sizeof *items, compare_entries, graph);
    for (uint32_t i = 0; good && i < graph->nlist; i++)
        graph->list[i] = items[i].entry;
    mem_put(graph->mem, items, size);
    return good;
}

static int compare_edges(const void *left, const void *right, void *context)
{
    const struct edge_item *a = left, *b = right;
    int order = by_weight(number_abs(a->weight), number_abs(b->weight));
    if (order == 0)
        order = by_weight(a->weight, b->weight);
    if (order == 0)
        order = str_compare(a->from, b->from);
    if (order == 0)
        order = str_compare(a->to, b->to);
    if (order != 0)
        return order;
    const struct graph *graph = context;
    const struct edge *x = &graph->edges.at[a->edge], *y = &graph->edges.at[b->edge];
    order = x->from == y->from ? 0 : by_facts(graph, x->from, y->from);
    return order ? order : x->to == y->to ? 0 : by_facts(graph, x->to, y->to);
}

bool order_edges(struct graph *graph, uint32_t *edges, uint32_t n)
{
    struct edge_item *items = mem_get_array(graph->mem, n, sizeof *items);
    if (!items)
        return n == 0;
    bool good = true;
    for (uint32_t i = 0; i < n; i++) {
        const struct edge *edge = &graph->edges.at[edges[i]];
        items[i] =
            (struct edge_item){edge->weight, graph_name(graph, edge->from), graph_name(graph, edge->to), edges[i]};
        good &= items[i].from.p != NULL && items[i].to.p != NULL;
    }
    if (good)
        qsort_r(items, n, sizeof *items, compare_edges, graph);
    for (uint32_t i = 0; good && i < n; i++)
        edges[i] = items[i].edge;
    mem_put(graph->mem, items, n * sizeof *items);
    return good;
}
