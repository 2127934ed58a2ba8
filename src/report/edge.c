/* Edges: which node calls which, and how much of the weight goes that way. An edge counts once a stack, at its
 * outermost occurrence, and that occurrence says whether it goes over nodes left out and whether it was inlined. */
#include <string.h>

#include "base/map.h"
#include "report/call_tree.h"
#include "report/graph.h"
#include "report/number.h"

/* Finds the edge between two entries: in a matrix where the listed entries are few, else in a hash map. */
struct finder {
    struct graph *graph;
    enum edge_need need;
    const bool *marked;
    uint32_t *rank;   /* entry: its row and column in the matrix; NULL where there is no matrix */
    uint32_t *matrix; /* edge + 1 */
    struct map map;
    bool *dull; /* location: none of its entries matters */
    bool exhausted;
};

enum { largest_matrix = 1024 };

static bool wanted(const struct finder *finder, uint32_t from, uint32_t to)
{
    switch (finder->need) {
    case edges_all:
        return true;
    case edges_into_marked:
        return finder->marked[to];
    case edges_at_marked:
        return finder->marked[to] || finder->marked[from];
    }
    return true;
}

/* Where the number of the edge (plus one, 0 for a new one) is kept; NULL on exhaustion. */
static uint32_t *slot_of(struct finder *finder, uint32_t from, uint32_t to)
{
    if (finder->matrix)
        return &finder->matrix[(size_t)finder->rank[from] * finder->graph->nlist + finder->rank[to]];
    return map_add(&finder->map, (uint64_t)from << 32 | to, 0);
}

/* Adds a stack's weight to the edge, unless it did so before. */
static void add(struct finder *finder, uint32_t stack, struct edge occurrence)
{
    struct graph *graph = finder->graph;
    uint32_t *slot = slot_of(finder, occurrence.from, occurrence.to);
    if (!slot || (*slot == 0 && !vec_push(&graph->edges, graph->mem, occurrence))) {
        finder->exhausted = true;
        return;
    }
    if (*slot == 0)
        *slot = (uint32_t)graph->edges.n;
    struct edge *edge = &graph->edges.at[*slot - 1];
    if (edge->stamp == stack + 1)
        return;
    edge->stamp = stack + 1;
    edge->weight = number_add(edge->weight, graph->stacks[stack].value);
    edge->div = number_add(edge->div, graph->stacks[stack].div);
    edge->residual |= occurrence.residual;
    edge->inlined &= occurrence.inlined;
}

/* Where a walk over a stack is. */
struct place {
    uint32_t stack;
    uint32_t parent; /* the last entry that is left, or PROFILE_NONE */
    bool residual;   /* entries were passed over since */
};

/* Walks the frames of one location, from the outermost in. */
static void walk_location(struct finder *finder, struct place *place, uint32_t location)
{
    const struct graph *graph = finder->graph;
    uint32_t end = graph->entries.first[location + 1];
    for (uint32_t i = end; i-- > graph->entries.first[location];) {
        uint32_t entry = graph->entries.frames[i], parent = place->parent;
        if (graph->trimmed && !graph->listed[entry]) {
            place->residual = true;
            continue;
        }
        if (parent != PROFILE_NONE && parent != entry && wanted(finder, parent, entry))
            add(finder, place->stack,
                (struct edge){.from = parent, .to = entry, .residual = place->residual, .inlined = i + 1 != end});
        place->parent = entry;
        place->residual = false;
    }
}

/* Walks one stack from its root to its leaf, past what was left out. */
static void walk_trimmed(struct finder *finder, uint32_t stack)
{
    const struct profile *profile = finder->graph->profile;
    const uint32_t *begin = profile->frames + profile->stack_start[stack];
    const uint32_t *at = profile->frames + profile->stack_start[stack + 1];
    struct place place = {.stack = stack, .parent = PROFILE_NONE};
    while (at-- > begin) {
        if (finder->dull[*at])
            place.residual = true;
        else
            walk_location(finder, &place, *at);
    }
}

/* Walks one stack where nothing was left out: edges that count are at locations with entries that do. */
static void walk_whole(struct finder *finder, uint32_t stack)
{
    const struct graph *graph = finder->graph;
    const uint32_t *begin = graph->profile->frames + graph->profile->stack_start[stack];
    const uint32_t *end = graph->profile->frames + graph->profile->stack_start[stack + 1];
    for (const uint32_t *at = end; at > begin; at--) {
        bool root = at == end;
        uint32_t location = at[-1], caller = root ? PROFILE_NONE : at[0];
        if (finder->dull[location] && (root || finder->dull[caller]))
            continue;
        struct place place = {.stack = stack, .parent = PROFILE_NONE};
        if (!root)
            place.parent = graph->entries.frames[graph->entries.first[caller]];
        walk_location(finder, &place, location);
    }
}

/* Whether an entry has to do with the edges looked for. */
static bool matters(const struct finder *finder, uint32_t entry)
{
    if (finder->graph->trimmed)
        return finder->graph->listed[entry];
    return finder->need == edges_all || finder->marked[entry];
}

/* Finds the locations without entries that matter. */
static bool find_dull(struct finder *finder)
{
    struct graph *graph = finder->graph;
    const struct entry_table *entries = &graph->entries;
    finder->dull = arena_new(&graph->arena, bool, entries->nlocations);
    for (uint32_t l = 0; finder->dull && l < entries->nlocations; l++) {
        finder->dull[l] = true;
        for (uint32_t i = entries->first[l]; i < entries->first[l + 1]; i++)
            finder->dull[l] &= !matters(finder, entries->frames[i]);
    }
    return finder->dull != NULL;
}

/* Gives the listed entries rows of a matrix, where they are few and all others are passed over. */
static bool prepare(struct finder *finder)
{
    struct graph *graph = finder->graph;
    map_init(&finder->map, graph->mem);
    if (!find_dull(finder))
        return false;
    if (!graph->trimmed || graph->nlist > largest_matrix)
        return true;
    finder->rank = arena_new(&graph->arena, uint32_t, graph->entries.n);
    finder->matrix = arena_new(&graph->arena, uint32_t, (size_t)graph->nlist * graph->nlist);
    for (uint32_t i = 0; finder->rank && i < graph->nlist; i++)
        finder->rank[graph->list[i]] = i;
    return finder->rank && finder->matrix;
}

/* Whether there can be edges at all: two entries that are left, and where only those with a mark count, one with it. */
static bool any_edges(const struct finder *finder)
{
    const struct graph *graph = finder->graph;
    if (!graph->trimmed || finder->need == edges_all)
        return !graph->trimmed || graph->nlist > 1;
    bool any = false;
    for (uint32_t i = 0; i < graph->nlist; i++)
        any |= finder->marked[graph->list[i]];
    return any && graph->nlist > 1;
}

bool graph_drop_light_edges(struct graph *graph)
{
    graph->dropped_edges = 0;
    for (size_t i = 0; i < graph->edges.n; i++) {
        struct edge *edge = &graph->edges.at[i];
        if (edge->dropped || !graph->listed[edge->to] || number_abs(edge->weight) >= graph->edge_cutoff)
            continue;
        edge->dropped = true;
        graph->dropped_edges++;
    }
    return graph_index_edges(graph);
}

/* Sorts the edges that are left by one of their ends, by counting. */
static bool index_by(struct graph *graph, bool from, uint32_t **start, uint32_t **index)
{
    uint32_t n = graph->n;
    *start = arena_new(&graph->arena, uint32_t, n + (size_t)2);
    *index = arena_new(&graph->arena, uint32_t, graph->edges.n);
    if (!*start || !*index)
        return false;
    for (size_t i = 0; i < graph->edges.n; i++) {
        const struct edge *edge = &graph->edges.at[i];
        (*start)[(from ? edge->from : edge->to) + 2] += !edge->dropped;
    }
    for (uint32_t i = 2; i < n + 2; i++)
        (*start)[i] += (*start)[i - 1];
    for (size_t i = 0; i < graph->edges.n; i++) {
        const struct edge *edge = &graph->edges.at[i];
        if (!edge->dropped)
            (*index)[(*start)[(from ? edge->from : edge->to) + 1]++] = (uint32_t)i;
    }
    return true;
}

bool graph_index_edges(struct graph *graph)
{
    return index_by(graph, true, &graph->out_start, &graph->out) &&
           index_by(graph, false, &graph->in_start, &graph->in);
}

bool graph_connect(struct graph *graph, enum edge_need need, const bool *marked)
{
    struct finder finder = {.graph = graph, .need = need, .marked = marked};
    if (graph->tree)
        return call_tree_connect(graph);
    graph->edges.n = 0;
    bool good = prepare(&finder);
    uint32_t nstacks = any_edges(&finder) ? graph->profile->nstacks : 0;
    for (uint32_t i = 0; good && i < nstacks; i++) {
        if (graph->stacks[i].used)
            (graph->trimmed ? walk_trimmed : walk_whole)(&finder, i);
        good = !finder.exhausted;
    }
    map_finish(&finder.map);
    return good;
}
