#include "report/call_tree.h"

#include "base/map.h"
#include "report/number.h"

struct tree_node {
    uint32_t entry;
    uint32_t origin;        /* the node that it was made below, or PROFILE_NONE */
    uint32_t parent;        /* the nearest one that is left, or PROFILE_NONE */
    bool inlined;           /* all calls on the way from the parent were inlined */
    bool residual, removed; /* nodes between it and the parent were left out; it was left out itself */
};

struct call_tree {
    VEC(struct tree_node) nodes; /* parents before their children */
    VEC(struct weight) weights;
    uint32_t *leaves; /* per stack: the node where it ends, or PROFILE_NONE */
};

/* The child of a node that stands for an entry, made where there is none yet; PROFILE_NONE on exhaustion. */
static uint32_t child_of(struct call_tree *tree, struct map *children, uint32_t parent, uint32_t entry)
{
    uint32_t *child = map_add(children, (uint64_t)parent << 32 | entry, (uint32_t)tree->nodes.n);
    if (!child || tree->nodes.n >= PROFILE_NONE)
        return PROFILE_NONE;
    if (*child == tree->nodes.n) {
        struct tree_node fresh = {.entry = entry, .origin = parent, .parent = parent, .inlined = true};
        if (!vec_push(&tree->nodes, children->mem, fresh) ||
            !vec_push(&tree->weights, children->mem, (struct weight){0}))
            return PROFILE_NONE;
    }
    return *child;
}

/* Adds a stack, from its root to its leaf. False on exhaustion. */
static bool add_stack(const struct graph *graph, struct map *children, uint32_t stack)
{
    struct call_tree *tree = graph->tree;
    const struct stack_weight *value = &graph->stacks[stack];
    const uint32_t *begin = graph->profile->frames + graph->profile->stack_start[stack];
    const uint32_t *at = graph->profile->frames + graph->profile->stack_start[stack + 1];
    uint32_t node = PROFILE_NONE;
    while (at-- > begin) {
        uint32_t end = graph->entries.first[*at + 1];
        for (uint32_t i = end; i-- > graph->entries.first[*at];) {
            node = child_of(tree, children, node, graph->entries.frames[i]);
            if (node == PROFILE_NONE)
                return false;
            tree->nodes.at[node].inlined &= i + 1 != end;
            tree->weights.at[node].cum = number_add(tree->weights.at[node].cum, value->value);
            tree->weights.at[node].cum_div = number_add(tree->weights.at[node].cum_div, value->div);
        }
    }
    tree->leaves[stack] = node;
    if (node != PROFILE_NONE) {
        tree->weights.at[node].flat = number_add(tree->weights.at[node].flat, value->value);
        tree->weights.at[node].flat_div = number_add(tree->weights.at[node].flat_div, value->div);
    }
    return true;
}

bool call_tree_make(struct graph *graph)
{
    struct map children;
    map_init(&children, graph->mem);
    graph->tree = arena_new(&graph->arena, struct call_tree, 1);
    bool good = graph->tree != NULL;
    if (good)
        graph->tree->leaves = arena_new(&graph->arena, uint32_t, graph->profile->nstacks);
    good = good && graph->tree->leaves;
    for (uint32_t i = 0; good && i < graph->profile->nstacks; i++)
        good = !graph->stacks[i].used || add_stack(graph, &children, i);
    map_finish(&children);
    if (!good)
        return false;
    graph->n = (uint32_t)graph->tree->nodes.n;
    graph->weights = graph->tree->weights.at;
    return true;
}

void call_tree_destroy(struct graph *graph)
{
    if (!graph->tree)
        return;
    vec_finish(&graph->tree->nodes, graph->mem);
    vec_finish(&graph->tree->weights, graph->mem);
}

void call_tree_remove(struct graph *graph, const uint32_t *removed, uint32_t n)
{
    struct tree_node *nodes = graph->tree->nodes.at;
    for (uint32_t i = 0; i < n; i++)
        nodes[removed[i]].removed = true;
    for (uint32_t i = 0; i < graph->n; i++) {
        struct tree_node *node = &nodes[i];
        if (node->parent == PROFILE_NONE || !nodes[node->parent].removed)
            continue;
        /* What is above the parent is in its final state: parents come before their children. */
        const struct tree_node *parent = &nodes[node->parent];
        node->residual = true;
        node->inlined &= parent->inlined;
        node->parent = parent->parent;
    }
}

bool call_tree_connect(struct graph *graph)
{
    const struct tree_node *nodes = graph->tree->nodes.at;
    graph->edges.n = 0;
    for (uint32_t i = 0; i < graph->n; i++) {
        if (nodes[i].removed || nodes[i].parent == PROFILE_NONE)
            continue;
        struct edge edge = {.from = nodes[i].parent,
                            .to = i,
                            .residual = nodes[i].residual,
                            .inlined = nodes[i].inlined,
                            .weight = graph->weights[i].cum,
                            .div = graph->weights[i].cum_div};
        if (!vec_push(&graph->edges, graph->mem, edge))
            return false;
    }
    return true;
}

void call_tree_cut(struct graph *graph)
{
    for (size_t i = 0; i < graph->edges.n; i++) {
        if (graph->edges.at[i].dropped)
            graph->tree->nodes.at[graph->edges.at[i].to].parent = PROFILE_NONE;
    }
}

uint32_t call_tree_entry(const struct call_tree *tree, uint32_t node)
{
    return tree->nodes.at[node].entry;
}

uint32_t call_tree_origin(const struct call_tree *tree, uint32_t node)
{
    return tree->nodes.at[node].origin;
}

uint32_t call_tree_leaf(const struct call_tree *tree, uint32_t stack)
{
    return tree->leaves[stack];
}
