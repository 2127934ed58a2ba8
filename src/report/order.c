/* Where google's tool leaves an order open (entries with one name but different facts come out of a hash table in any
 * order), more facts decide here, so that the same profile always gives the same bytes. */
#include "report/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/go_sort.h"
#include "report/number.h"

struct node_item {
    int64_t weight; /* magnitude; heaviest first */
    int64_t flat, cum;
    uint64_t address;
    struct str name;
    uint32_t node;
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
    struct str left = entry_facts(&graph->entries, graph->profile, graph_entry(graph, a), &arena);
    struct str right = entry_facts(&graph->entries, graph->profile, graph_entry(graph, b), &arena);
    int order = str_compare(left, right);
    arena_finish(&arena);
    return order ? order : by_number(a, b);
}

static int compare_nodes(const void *left, const void *right, void *context)
{
    const struct node_item *a = left, *b = right;
    int order = by_weight(a->weight, b->weight);
    if (order == 0 && a->address != 0 && b->address != 0)
        order = by_number(a->address, b->address);
    if (order == 0)
        order = str_compare(a->name, b->name);
    if (order == 0)
        order = by_weight(a->flat, b->flat);
    if (order == 0)
        order = by_weight(a->cum, b->cum);
    return order ? order : by_facts(context, a->node, b->node);
}

/* Go's comparison, which leaves nodes of one name and weight as they are. */
static bool node_before(const void *context, const void *left, const void *right)
{
    const struct graph *graph = context;
    const struct node_item *a = left, *b = right;
    int order = by_weight(a->weight, b->weight);
    if (order == 0 && a->address != 0 && b->address != 0)
        order = by_number(a->address, b->address);
    if (order == 0)
        order = str_compare(a->name, b->name);
    if (order == 0 && graph_entry(graph, a->node) == graph_entry(graph, b->node))
        order = by_weight(a->flat, b->flat);
    return order < 0;
}

_Static_assert(sizeof(struct node_item) <= go_sort_largest, "can be sorted");

/* Sorts items that are in the order of an earlier sort, which decides between equal ones. */
static void sort_again(const struct graph *graph, struct node_item *items)
{
    go_sort(&(struct go_sort){items, sizeof *items, node_before, graph}, graph->nlist);
}

/* Sorts the list by a weight of its nodes; `again` where equal ones are to come out as they do in Go from an order that
 * is Go's too. */
static bool order_by(struct graph *graph, int64_t (*weight_of)(const struct graph *, uint32_t), bool again)
{
    struct node_item *items = mem_get_array(graph->mem, graph->nlist, sizeof *items);
    if (!items)
        return graph->nlist == 0;
    bool good = true;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t node = graph->list[i];
        items[i] = (struct node_item){
            .weight = number_abs(weight_of(graph, node)),
            .flat = number_abs(graph->weights[node].flat),
            .cum = number_abs(graph->weights[node].cum),
            .address = graph->entries.at[graph_entry(graph, node)].address,
            .name = graph_name(graph, node),
            .node = node,
        };
        good &= items[i].name.p != NULL;
    }
    if (good && again)
        sort_again(graph, items);
    else if (good)
        qsort_r(items, graph->nlist, sizeof *items, compare_nodes, graph);
    for (uint32_t i = 0; good && i < graph->nlist; i++)
        graph->list[i] = items[i].node;
    mem_put(graph->mem, items, graph->nlist * sizeof *items);
    return good;
}

static int64_t flat_of(const struct graph *graph, uint32_t node)
{
    return graph->weights[node].flat;
}

static int64_t cum_of(const struct graph *graph, uint32_t node)
{
    return graph->weights[node].cum;
}

bool order_nodes(struct graph *graph, bool cum)
{
    return order_by(graph, cum ? cum_of : flat_of, false);
}

/* Base-2 logarithm in the steps in which Go computes it, so that no last bit decides otherwise. */
static double log_2(double x)
{
    int exponent;
    double fraction = frexp(x, &exponent);
    return fraction == 0.5 ? exponent - 1 : log(fraction) * (1 / M_LN2) + exponent;
}

/* The information in how a node's weight is spread over its edges in one direction (and, as `self`, over itself). */
static double edge_entropy(const struct graph *graph, const uint32_t *edges, uint32_t n, int64_t self)
{
    double entropy = 0;
    int64_t total = self;
    for (uint32_t i = 0; i < n; i++) {
        int64_t weight = graph->edges.at[edges[i]].weight;
        total = weight > 0 ? number_add(total, weight) : total;
    }
    if (total == 0)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        double share = (double)number_abs(graph->edges.at[edges[i]].weight) / (double)total;
        entropy += -share * log_2(share);
    }
    if (self > 0) {
        double share = (double)self / (double)total;
        entropy += -share * log_2(share);
    }
    return entropy;
}

/* How much a picture gains from a node: one that only passes its weight on says little. */
static int64_t entropy_of(const struct graph *graph, uint32_t node)
{
    const struct weight *weight = &graph->weights[node];
    uint32_t in = graph->in_start[node], nin = graph->in_start[node + 1] - in;
    uint32_t out = graph->out_start[node], nout = graph->out_start[node + 1] - out;
    double score = nin == 0 ? 1 : edge_entropy(graph, graph->in + in, nin, 0);
    score += nout == 0 ? 1 : edge_entropy(graph, graph->out + out, nout, weight->flat);
    return number_add(number_of(score * (double)weight->cum), weight->flat);
}

bool order_nodes_for_picture(struct graph *graph, bool again)
{
    return order_by(graph, entropy_of, again);
}

static int by_ends(const struct graph *graph, uint32_t a, uint32_t b)
{
    const struct edge *x = &graph->edges.at[a], *y = &graph->edges.at[b];
    int order = x->from == y->from ? 0 : by_facts(graph, x->from, y->from);
    return order ? order : x->to == y->to ? 0 : by_facts(graph, x->to, y->to);
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
    return order ? order : by_ends(context, a->edge, b->edge);
}

static int compare_names(const void *left, const void *right)
{
    const struct node_item *a = left, *b = right;
    return str_compare(a->name, b->name);
}

bool order_names(struct graph *graph)
{
    struct node_item *items = mem_get_array(graph->mem, graph->n, sizeof *items);
    uint32_t *ranks = arena_new(&graph->arena, uint32_t, graph->n);
    bool good = ranks && (items || graph->n == 0);
    for (uint32_t i = 0; good && i < graph->n; i++) {
        items[i] = (struct node_item){.name = graph_name(graph, i), .node = i};
        good = items[i].name.p != NULL;
    }
    if (good && graph->n > 1)
        qsort(items, graph->n, sizeof *items, compare_names);
    for (uint32_t i = 1; good && i < graph->n; i++)
        ranks[items[i].node] = ranks[items[i - 1].node] + !str_equal(items[i - 1].name, items[i].name);
    if (good)
        graph->name_ranks = ranks;
    mem_put(graph->mem, items, items ? graph->n * sizeof *items : 0);
    return good;
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

/* --- Calls --- */

static inline bool call_before(const struct call *a, const struct call *b)
{
    if (a->weight == b->weight)
        return a->rank < b->rank;
    int64_t x = number_abs(a->weight), y = number_abs(b->weight);
    return x != y ? x > y : a->weight > b->weight;
}

static void insert_calls(struct call *calls, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        struct call call = calls[i];
        uint32_t at = i;
        for (; at > 0 && call_before(&call, &calls[at - 1]); at--)
            calls[at] = calls[at - 1];
        calls[at] = call;
    }
}

/* Merges two sorted runs that lie behind each other. */
static void merge_calls(const struct call *from, uint32_t middle, uint32_t n, struct call *to)
{
    uint32_t a = 0, b = middle;
    for (uint32_t i = 0; i < n; i++) {
        bool second = a == middle || (b < n && call_before(&from[b], &from[a]));
        to[i] = from[second ? b : a];
        a += !second;
        b += second;
    }
}

static int compare_callees(const void *left, const void *right, void *context)
{
    const struct call *a = left, *b = right;
    return by_facts(context, a->to, b->to);
}

/* Decides between calls that weigh the same and go to nodes of one name. */
static void order_equal_calls(const struct graph *graph, struct call *calls, uint32_t n)
{
    for (uint32_t first = 0, end; first < n; first = end) {
        end = first + 1;
        while (end < n && !call_before(&calls[first], &calls[end]))
            end++;
        if (end - first > 1)
            qsort_r(calls + first, end - first, sizeof *calls, compare_callees, (void *)(uintptr_t)graph);
    }
}

/* The C library's sort would call a function for each of some hundred million comparisons. */
void order_calls(const struct graph *graph, struct call *calls, uint32_t n, struct call *spare)
{
    enum { run = 8 };
    struct call *from = calls, *to = spare, *swap;
    for (uint32_t i = 0; i < n; i += run)
        insert_calls(calls + i, n - i < run ? n - i : run);
    for (uint64_t size = run; size < n; size *= 2, swap = from, from = to, to = swap) {
        for (uint64_t i = 0; i < n; i += 2 * size) {
            uint64_t rest = n - i, all = rest < 2 * size ? rest : 2 * size;
            merge_calls(from + i, (uint32_t)(size < all ? size : all), (uint32_t)all, to + i);
        }
    }
    if (from != calls)
        memcpy(calls, from, n * sizeof *calls);
    order_equal_calls(graph, calls, n);
}
