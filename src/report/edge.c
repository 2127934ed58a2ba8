/* Edges: which node calls which, and how much of the weight goes that way. An edge counts once a stack, at its
 * outermost occurrence, and that occurrence says whether it goes over nodes left out and whether it was inlined.
 *
 * Between few nodes edges are added up in a matrix. Between many there may be as many edges as there are frames, and a
 * hash map of them misses the cache at every frame. So every place in a stack where an edge is taken is first sorted to
 * the node that it comes from, by counting; then what comes from one node is added up in an array with one element a
 * node, which stays in the cache. Two walks over the stacks, and each step can be done in parts. */
#include <string.h>

#include "base/parallel.h"
#include "report/call_stream.h"
#include "report/call_tree.h"
#include "report/graph.h"
#include "report/number.h"
#include "report/order.h"
#include "report/share.h"

/* A place in a stack where an edge is taken; kept with the others from the same node, in the order of the stacks. */
struct crossing {
    uint32_t to : 30; /* entries are fewer: entry_table_init sees to that */
    uint32_t residual : 1, inlined : 1;
    uint32_t stack;
};

struct finder {
    struct graph *graph;
    enum edge_need need;
    const bool *marked;
    bool *dull;       /* location: none of its entries matters */
    uint32_t *rank;   /* entry: its row and column in the matrix; NULL where there is no matrix */
    uint32_t *matrix; /* edge + 1 */
    bool exhausted;

    /* Where there is no matrix. */
    unsigned nparts;
    bool counting;                 /* only counts crossings so far */
    uint64_t *next[parallel_most]; /* entry: how many crossings of a part come from it, then where the next is to go */
    uint64_t *start;               /* nentries + 1: where the crossings from an entry begin */
    struct crossing *crossings;
    uint64_t *edge_start;              /* nentries + 1: where the edges from an entry begin */
    uint32_t *edge_of[parallel_most];  /* entry: the edge to it + 1, for each part; all 0 between two entries */
    uint32_t *stack_of[parallel_most]; /* entry: the last stack whose edge to it was counted, + 1 */
};

/* One part of the walk over all stacks, or of the work on all entries. */
struct part {
    struct finder *finder;
    unsigned index;
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

/* Adds a stack's weight to the edge in the matrix, unless it did so before. */
static void add_to_matrix(struct finder *finder, uint32_t stack, struct edge occurrence)
{
    struct graph *graph = finder->graph;
    size_t row = finder->rank[occurrence.from];
    uint32_t *slot = &finder->matrix[row * graph->nlist + finder->rank[occurrence.to]];
    if (*slot == 0) {
        if (!vec_push(&graph->edges, graph->mem, occurrence)) {
            finder->exhausted = true;
            return;
        }
        *slot = (uint32_t)graph->edges.n;
    }
    struct edge *edge = &graph->edges.at[*slot - 1];
    if (edge->stamp == stack + 1)
        return;
    edge->stamp = stack + 1;
    edge->weight = number_add(edge->weight, graph->stacks[stack].value);
    edge->div = number_add(edge->div, graph->stacks[stack].div);
    edge->residual |= occurrence.residual;
    edge->inlined &= occurrence.inlined;
}

static inline void add(const struct part *part, uint32_t stack, struct edge occurrence)
{
    struct finder *finder = part->finder;
    if (finder->matrix)
        add_to_matrix(finder, stack, occurrence);
    else if (finder->counting)
        finder->next[part->index][occurrence.from]++;
    else
        finder->crossings[finder->next[part->index][occurrence.from]++] = (struct crossing){
            .to = occurrence.to, .residual = occurrence.residual, .inlined = occurrence.inlined, .stack = stack};
}

/* Where a walk over a stack is. */
struct place {
    uint32_t stack;
    uint32_t parent; /* the last entry that is left, or PROFILE_NONE */
    bool residual;   /* entries were passed over since */
};

/* Walks the frames of one location, from the outermost in. */
static void walk_location(const struct part *part, struct place *place, uint32_t location)
{
    const struct finder *finder = part->finder;
    const struct graph *graph = finder->graph;
    uint32_t end = graph->entries.first[location + 1];
    for (uint32_t i = end; i-- > graph->entries.first[location];) {
        uint32_t entry = graph->entries.frames[i], parent = place->parent;
        if (graph->trimmed && !graph->listed[entry]) {
            place->residual = true;
            continue;
        }
        if (parent != PROFILE_NONE && parent != entry && wanted(finder, parent, entry))
            add(part, place->stack,
                (struct edge){.from = parent, .to = entry, .residual = place->residual, .inlined = i + 1 != end});
        place->parent = entry;
        place->residual = false;
    }
}

/* Walks one stack from its root to its leaf, past what was left out. */
static void walk_trimmed(const struct part *part, uint32_t stack)
{
    const struct finder *finder = part->finder;
    const struct profile *profile = finder->graph->profile;
    const uint32_t *begin = profile->frames + profile->stack_start[stack];
    const uint32_t *at = profile->frames + profile->stack_start[stack + 1];
    struct place place = {.stack = stack, .parent = PROFILE_NONE};
    while (at-- > begin) {
        if (finder->dull[*at])
            place.residual = true;
        else
            walk_location(part, &place, *at);
    }
}

/* Walks one stack where nothing was left out: edges that count are at locations with entries that do. */
static void walk_whole(const struct part *part, uint32_t stack)
{
    const struct finder *finder = part->finder;
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
        walk_location(part, &place, location);
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

/* Gives the listed entries rows of a matrix. */
static bool make_matrix(struct finder *finder)
{
    struct graph *graph = finder->graph;
    finder->rank = arena_new(&graph->arena, uint32_t, graph->entries.n);
    finder->matrix = arena_new(&graph->arena, uint32_t, (size_t)graph->nlist * graph->nlist + 1);
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

static void walk_part(void *context, unsigned index)
{
    struct finder *finder = context;
    const struct graph *graph = finder->graph;
    struct part part = {finder, index};
    uint32_t end = share_end(graph->profile, index, finder->nparts);
    for (uint32_t i = index == 0 ? 0 : share_end(graph->profile, index - 1, finder->nparts); i < end; i++) {
        if (graph->stacks[i].used)
            (graph->trimmed ? walk_trimmed : walk_whole)(&part, i);
    }
}

/* From how many crossings each part has at each entry to where each puts its first. */
static void place_crossings(struct finder *finder)
{
    uint64_t place = 0;
    uint32_t n = finder->graph->entries.n;
    for (uint32_t entry = 0; entry < n; entry++) {
        finder->start[entry] = place;
        for (unsigned part = 0; part < finder->nparts; part++) {
            uint64_t count = finder->next[part][entry];
            finder->next[part][entry] = place;
            place += count;
        }
    }
    finder->start[n] = place;
}

/* The first entry of a part of the entries that has as many crossings as each other. */
static uint32_t first_entry(const struct finder *finder, unsigned part)
{
    return share_begin(finder->start, finder->graph->entries.n, part, finder->nparts);
}

/* Numbers the edges that come from an entry in the order of their first crossing. Returns how many they are. */
static uint32_t count_edges(struct finder *finder, unsigned part, uint32_t entry)
{
    uint32_t *edge_of = finder->edge_of[part], n = 0;
    for (uint64_t i = finder->start[entry]; i < finder->start[entry + 1]; i++) {
        uint32_t *edge = &edge_of[finder->crossings[i].to];
        n += *edge == 0;
        *edge = 1;
    }
    for (uint64_t i = finder->start[entry]; i < finder->start[entry + 1]; i++)
        edge_of[finder->crossings[i].to] = 0;
    return n;
}

static void count_part(void *context, unsigned index)
{
    struct finder *finder = context;
    uint32_t end = first_entry(finder, index + 1);
    for (uint32_t entry = first_entry(finder, index); entry < end; entry++)
        finder->edge_start[entry + 1] = count_edges(finder, index, entry);
}

/* Adds up the edges that come from an entry, in `edges`; returns how many they are. */
static uint32_t add_edges(struct finder *finder, unsigned part, uint32_t entry, struct edge *edges)
{
    struct graph *graph = finder->graph;
    uint32_t *edge_of = finder->edge_of[part], *stack_of = finder->stack_of[part], n = 0;
    for (uint64_t i = finder->start[entry]; i < finder->start[entry + 1]; i++) {
        const struct crossing *crossing = &finder->crossings[i];
        if (edge_of[crossing->to] == 0) {
            edges[n] = (struct edge){
                .from = entry, .to = crossing->to, .residual = crossing->residual, .inlined = crossing->inlined};
            edge_of[crossing->to] = ++n;
        } else if (stack_of[crossing->to] == crossing->stack + 1) {
            continue;
        }
        stack_of[crossing->to] = crossing->stack + 1;
        struct edge *edge = &edges[edge_of[crossing->to] - 1];
        edge->weight = number_add(edge->weight, graph->stacks[crossing->stack].value);
        edge->div = number_add(edge->div, graph->stacks[crossing->stack].div);
        edge->residual |= crossing->residual;
        edge->inlined &= crossing->inlined;
    }
    for (uint32_t i = 0; i < n; i++)
        edge_of[edges[i].to] = 0;
    return n;
}

static void add_part(void *context, unsigned index)
{
    struct finder *finder = context;
    uint32_t end = first_entry(finder, index + 1);
    for (uint32_t entry = first_entry(finder, index); entry < end; entry++)
        add_edges(finder, index, entry, finder->graph->edges.at + finder->edge_start[entry]);
}

/* Arrays with an element for each entry. */
static bool make_arrays(struct finder *finder)
{
    struct arena *arena = &finder->graph->arena;
    size_t n = finder->graph->entries.n;
    bool good = true;
    finder->start = arena_new(arena, uint64_t, n + 1);
    finder->edge_start = arena_new(arena, uint64_t, n + 1);
    for (unsigned i = 0; i < finder->nparts; i++) {
        finder->next[i] = arena_new(arena, uint64_t, n);
        finder->edge_of[i] = arena_new(arena, uint32_t, n);
        finder->stack_of[i] = arena_new(arena, uint32_t, n);
        good = good && finder->next[i] && finder->edge_of[i] && finder->stack_of[i];
    }
    return good && finder->start && finder->edge_start;
}

/* Makes the edges out of the crossings, which are sorted by where they come from. */
static bool make_edges(struct finder *finder)
{
    struct graph *graph = finder->graph;
    uint32_t n = graph->entries.n;
    parallel_run(finder->nparts, count_part, finder);
    for (uint32_t entry = 0; entry < n; entry++)
        finder->edge_start[entry + 1] += finder->edge_start[entry];
    uint64_t nedges = finder->edge_start[n];
    if (nedges > UINT32_MAX - 1 || !vec_reserve(&graph->edges, graph->mem, nedges))
        return false;
    graph->edges.n = nedges;
    parallel_run(finder->nparts, add_part, finder);
    return true;
}

/* Sorts all crossings by where they come from. They are the caller's to free, with finish_crossings. */
static bool sort_crossings(struct finder *finder)
{
    struct graph *graph = finder->graph;
    finder->nparts = shares_of(graph->profile);
    if (!make_arrays(finder))
        return false;
    finder->counting = true;
    parallel_run(finder->nparts, walk_part, finder);
    place_crossings(finder);
    finder->counting = false;
    uint64_t ncrossings = finder->start[graph->entries.n];
    if (ncrossings == 0)
        return true;
    finder->crossings = mem_get_array(graph->mem, ncrossings, sizeof *finder->crossings);
    if (!finder->crossings)
        return false;
    parallel_run(finder->nparts, walk_part, finder);
    return true;
}

static void finish_crossings(struct finder *finder)
{
    if (finder->crossings)
        mem_put(finder->graph->mem, finder->crossings,
                finder->start[finder->graph->entries.n] * sizeof *finder->crossings);
}

/* Finds the edges between many nodes. */
static bool find_many(struct finder *finder)
{
    bool good = sort_crossings(finder) && (!finder->crossings || make_edges(finder));
    finish_crossings(finder);
    return good;
}

/* Finds the edges between few nodes, all others being passed over. */
static bool find_few(struct finder *finder)
{
    finder->nparts = 1;
    if (!make_matrix(finder))
        return false;
    walk_part(finder, 0);
    return !finder->exhausted;
}

/* Whether edges are added up in a matrix. */
static bool are_few(const struct graph *graph)
{
    return graph->trimmed && graph->nlist <= largest_matrix;
}

bool graph_connect(struct graph *graph, enum edge_need need, const bool *marked)
{
    struct finder finder = {.graph = graph, .need = need, .marked = marked};
    if (graph->tree)
        return call_tree_connect(graph);
    graph->edges.n = 0;
    if (!any_edges(&finder))
        return true;
    return find_dull(&finder) && (are_few(graph) ? find_few : find_many)(&finder);
}

/* --- Calls, as they are asked for --- */

/* Of a few nodes at a time the calls are found and sorted, by as many threads as there are parts. */
struct call_stream {
    struct finder finder;
    bool made;                 /* the graph's edges are made already: they are few */
    uint32_t next, first, end; /* of the list: the one asked for next; the nodes whose calls are there */
    uint64_t *start;           /* per node of the list that is there: where its calls begin */
    uint32_t *count;           /* and how many they are */
    VEC(struct call) calls;
    struct {
        VEC(struct edge) edges; /* of the node in work */
        VEC(struct call) spare;
        bool exhausted;
    } parts[parallel_most];
};

enum { crossings_at_a_time = 1 << 16 };

struct call_stream *call_stream_create(struct graph *graph)
{
    struct call_stream *stream = mem_get(graph->mem, sizeof *stream);
    if (!stream)
        return NULL;
    *stream = (struct call_stream){.finder = {.graph = graph}, .made = graph->tree || are_few(graph)};
    stream->start = arena_new(&graph->arena, uint64_t, graph->nlist);
    stream->count = arena_new(&graph->arena, uint32_t, graph->nlist);
    bool good = stream->start && stream->count && (graph->name_ranks || order_names(graph));
    if (good && stream->made)
        good = graph_connect(graph, edges_all, NULL) && graph_drop_light_edges(graph);
    else if (good && any_edges(&stream->finder))
        good = find_dull(&stream->finder) && sort_crossings(&stream->finder);
    if (good)
        return stream;
    call_stream_destroy(stream);
    return NULL;
}

void call_stream_destroy(struct call_stream *stream)
{
    if (!stream)
        return;
    struct mem *mem = stream->finder.graph->mem;
    finish_crossings(&stream->finder);
    vec_finish(&stream->calls, mem);
    for (unsigned i = 0; i < parallel_most; i++) {
        vec_finish(&stream->parts[i].edges, mem);
        vec_finish(&stream->parts[i].spare, mem);
    }
    mem_put(mem, stream, sizeof *stream);
}

static bool is_light(const struct graph *graph, const struct edge *edge)
{
    return graph->listed[edge->to] && number_abs(edge->weight) < graph->edge_cutoff;
}

static struct call call_of(const struct graph *graph, const struct edge *edge)
{
    return (struct call){.weight = edge->weight, .to = edge->to, .rank = graph->name_ranks[edge->to]};
}

/* How many crossings there are from a node of the list. */
static uint64_t crossings_from(const struct call_stream *stream, uint32_t index)
{
    uint32_t entry = stream->finder.graph->list[index];
    return stream->finder.crossings ? stream->finder.start[entry + 1] - stream->finder.start[entry] : 0;
}

/* Finds the calls from a node of the list. */
static bool find_calls(struct call_stream *stream, unsigned part, uint32_t index)
{
    struct graph *graph = stream->finder.graph;
    uint64_t most = crossings_from(stream, index);
    struct call *calls = stream->calls.at + stream->start[index];
    stream->count[index] = 0;
    if (most == 0)
        return true;
    if (!vec_reserve(&stream->parts[part].edges, graph->mem, most) ||
        !vec_reserve(&stream->parts[part].spare, graph->mem, most))
        return false;
    struct edge *edges = stream->parts[part].edges.at;
    uint32_t nedges = add_edges(&stream->finder, part, graph->list[index], edges), n = 0;
    for (uint32_t i = 0; i < nedges; i++) {
        if (!is_light(graph, &edges[i]))
            calls[n++] = call_of(graph, &edges[i]);
    }
    order_calls(graph, calls, n, stream->parts[part].spare.at);
    stream->count[index] = n;
    return true;
}

static void find_part(void *context, unsigned part)
{
    struct call_stream *stream = context;
    uint64_t all = stream->start[stream->end - 1] + 1;
    for (uint32_t i = stream->first; i < stream->end; i++) {
        if (stream->start[i] * stream->finder.nparts / all == part)
            stream->parts[part].exhausted |= !find_calls(stream, part, i);
    }
}

/* Finds the calls from the next few nodes. */
static bool find_more(struct call_stream *stream)
{
    const struct graph *graph = stream->finder.graph;
    uint64_t n = 0;
    stream->first = stream->end;
    while (stream->end < graph->nlist && n < crossings_at_a_time) {
        stream->start[stream->end] = n;
        n += crossings_from(stream, stream->end++);
    }
    stream->calls.n = 0;
    if (!vec_reserve(&stream->calls, graph->mem, n))
        return false;
    bool good = true;
    if (stream->finder.nparts < 2)
        find_part(stream, 0);
    else
        parallel_run(stream->finder.nparts, find_part, stream);
    for (unsigned i = 0; i < parallel_most; i++)
        good = good && !stream->parts[i].exhausted;
    return good;
}

/* The calls of a node whose edges are made already. */
static bool take_made(struct call_stream *stream, uint32_t node, const struct call **calls, uint32_t *n)
{
    struct graph *graph = stream->finder.graph;
    uint32_t *edges = graph->out + graph->out_start[node];
    *n = graph->out_start[node + 1] - graph->out_start[node];
    stream->calls.n = 0;
    if (!vec_reserve(&stream->calls, graph->mem, *n) || !vec_reserve(&stream->parts[0].spare, graph->mem, *n))
        return false;
    for (uint32_t i = 0; i < *n; i++)
        stream->calls.at[i] = call_of(graph, &graph->edges.at[edges[i]]);
    order_calls(graph, stream->calls.at, *n, stream->parts[0].spare.at);
    *calls = stream->calls.at;
    return true;
}

bool call_stream_next(struct call_stream *stream, const struct call **calls, uint32_t *n)
{
    uint32_t index = stream->next++;
    if (stream->made)
        return take_made(stream, stream->finder.graph->list[index], calls, n);
    if (index == stream->end && !find_more(stream))
        return false;
    *calls = stream->calls.at + stream->start[index];
    *n = stream->count[index];
    return true;
}
