#include "report/graph.h"

#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/parallel.h"
#include "report/call_tree.h"
#include "report/number.h"
#include "report/order.h"
#include "report/path.h"
#include "report/share.h"

/* What the walk over all stacks touches for every frame, apart from the rest so that it stays in the cache. */
struct visit {
    int64_t sum;
    uint32_t stamp; /* of the last stack that was counted: an entry counts once a stack */
};

/* Strips prefixes off the functions' files; true where that changed any. Google's tool does this anew each time that it
 * builds a graph, which matters where a prefix occurs twice in a path. */
static bool trim_files(struct graph *graph, const struct graph_rules *rules)
{
    bool changed = false;
    for (uint32_t i = 0; i < graph->profile->nfunctions; i++) {
        struct str trimmed = path_trim(graph->files[i], rules->trim_path, rules->source_path);
        changed |= trimmed.n != graph->files[i].n;
        graph->files[i] = trimmed;
    }
    return changed;
}

static void weigh_stacks(struct graph *graph, const struct graph_rules *rules)
{
    const struct profile *profile = graph->profile;
    for (uint32_t i = 0; i < profile->nsamples; i++) {
        const int64_t *values = profile->values + (size_t)i * profile->nsample_types;
        int64_t value = values[rules->sample_index], div = rules->mean ? values[0] : 0;
        if (value == 0 && div == 0)
            continue;
        struct stack_weight *stack = &graph->stacks[profile->stack[i]];
        stack->value = number_add(stack->value, value);
        stack->div = number_add(stack->div, div);
        stack->used = true;
    }
}

static inline void visit(struct visit *visits, uint32_t entry, uint32_t stamp, int64_t value)
{
    struct visit *visit = &visits[entry];
    if (visit->stamp != stamp) {
        visit->stamp = stamp;
        visit->sum = number_add(visit->sum, value);
    }
}

/* Adds a stack's value to each entry on it once. */
static void visit_stack(const struct graph *graph, uint32_t stack, int64_t value, struct visit *visits)
{
    const struct entry_table *entries = &graph->entries;
    const uint32_t *at = graph->profile->frames + graph->profile->stack_start[stack];
    const uint32_t *end = graph->profile->frames + graph->profile->stack_start[stack + 1];
    for (; at < end; at++) {
        uint32_t only = entries->only[*at];
        if (only != PROFILE_NONE) {
            visit(visits, only, stack + 1, value);
            continue;
        }
        for (uint32_t i = entries->first[*at]; i < entries->first[*at + 1]; i++)
            visit(visits, entries->frames[i], stack + 1, value);
    }
}

/* The walk over all stacks, in parts that have their own sums. */
struct walk {
    const struct graph *graph;
    bool div; /* sum up what values are divided by, not values */
    unsigned nparts;
    struct visit *visits; /* nparts times one an entry */
};

static void visit_part(void *context, unsigned index)
{
    const struct walk *walk = context;
    const struct graph *graph = walk->graph;
    struct visit *visits = walk->visits + (size_t)index * graph->entries.n;
    uint32_t end = share_end(graph->profile, index, walk->nparts);
    memset(visits, 0, graph->entries.n * sizeof *visits);
    for (uint32_t i = index == 0 ? 0 : share_end(graph->profile, index - 1, walk->nparts); i < end; i++) {
        const struct stack_weight *stack = &graph->stacks[i];
        if (stack->used)
            visit_stack(graph, i, walk->div ? stack->div : stack->value, visits);
    }
}

/* Sums up values (or what they are divided by) below each entry. */
static void visit_all(struct walk *walk)
{
    const struct graph *graph = walk->graph;
    uint32_t n = graph->entries.n;
    parallel_run(walk->nparts, visit_part, walk);
    for (uint32_t i = 0; i < n; i++) {
        int64_t sum = 0;
        for (unsigned part = 0; part < walk->nparts; part++)
            sum = number_add(sum, walk->visits[(size_t)part * n + i].sum);
        *(walk->div ? &graph->weights[i].cum_div : &graph->weights[i].cum) = sum;
    }
}

/* A stack's own value goes to the innermost frame of its leaf. */
static void weigh_leaves(struct graph *graph)
{
    const struct profile *profile = graph->profile;
    for (uint32_t i = 0; i < profile->nstacks; i++) {
        if (!graph->stacks[i].used || profile->stack_start[i] == profile->stack_start[i + 1])
            continue;
        uint32_t leaf = profile->frames[profile->stack_start[i]];
        struct weight *weight = &graph->weights[graph->entries.frames[graph->entries.first[leaf]]];
        weight->flat = number_add(weight->flat, graph->stacks[i].value);
        weight->flat_div = number_add(weight->flat_div, graph->stacks[i].div);
    }
}

static bool is_negative(const struct weight *weight)
{
    return weight->flat < 0 || (weight->flat == 0 && weight->cum < 0);
}

/* Lists the nodes that weigh anything. */
static bool list_nodes(struct graph *graph, const struct graph_rules *rules)
{
    graph->listed = arena_new(&graph->arena, bool, graph->n);
    graph->list = arena_new(&graph->arena, uint32_t, graph->n);
    graph->names = arena_new(&graph->arena, struct str, graph->n);
    if (!graph->listed || !graph->list || !graph->names)
        return false;
    graph->nlist = 0;
    for (uint32_t i = 0; i < graph->n; i++) {
        const struct weight *weight = &graph->weights[i];
        graph->listed[i] = (weight->cum != 0 || weight->flat != 0) && !(rules->drop_negative && is_negative(weight));
        if (graph->listed[i])
            graph->list[graph->nlist++] = i;
    }
    return true;
}

/* Weighs entries as the nodes. */
static bool weigh_entries(struct graph *graph, const struct graph_rules *rules)
{
    size_t n = graph->entries.n;
    graph->n = graph->entries.n;
    graph->weights = arena_new(&graph->arena, struct weight, n);
    struct walk walk = {.graph = graph, .nparts = shares_of(graph->profile)};
    walk.visits = mem_get_array(graph->mem, walk.nparts * n + 1, sizeof *walk.visits);
    bool good = graph->weights && walk.visits;
    if (good) {
        visit_all(&walk);
        walk.div = true;
        if (rules->mean)
            visit_all(&walk);
        weigh_leaves(graph);
    }
    mem_put(graph->mem, walk.visits, (walk.nparts * n + 1) * sizeof *walk.visits);
    return good;
}

/* Makes the nodes from the stacks, as the files of functions are now called. */
static bool make_nodes(struct graph *graph, const struct graph_rules *rules)
{
    entry_table_finish(&graph->entries);
    if (!entry_table_init(&graph->entries, graph->profile, &rules->entry, graph->files, graph->mem))
        return false;
    graph->made++;
    bool good = rules->call_tree ? call_tree_make(graph) : weigh_entries(graph, rules);
    return good && list_nodes(graph, rules);
}

bool graph_init(struct graph *graph, const struct profile *profile, const struct graph_rules *rules, struct mem *mem)
{
    *graph = (struct graph){.profile = profile, .mem = mem};
    arena_init(&graph->arena, mem);
    graph->stacks = arena_new(&graph->arena, struct stack_weight, profile->nstacks);
    graph->files = arena_new(&graph->arena, struct str, profile->nfunctions);
    bool good = graph->stacks && graph->files;
    for (uint32_t i = 0; good && i < profile->nfunctions; i++)
        graph->files[i] = profile->strings[profile->functions[i].filename];
    if (good) {
        trim_files(graph, rules);
        weigh_stacks(graph, rules);
        good = make_nodes(graph, rules);
    }
    if (!good)
        graph_finish(graph);
    return good;
}

void graph_finish(struct graph *graph)
{
    if (!graph->mem)
        return;
    vec_finish(&graph->edges, graph->mem);
    call_tree_destroy(graph);
    entry_table_finish(&graph->entries);
    arena_finish(&graph->arena);
    *graph = (struct graph){0};
}

static bool same_entry(const struct entry_table *a, const struct entry *x, const struct entry_table *b,
                       const struct entry *y)
{
    return x->name == y->name && x->objfile == y->objfile && x->address == y->address &&
           x->start_line == y->start_line && x->line == y->line && x->column == y->column &&
           str_equal(a->files[x->file], b->files[y->file]);
}

/* A number for an entry that equal entries of other tables have too. */
static uint64_t entry_hash(const struct entry_table *table, const struct entry *entry)
{
    struct str file = table->files[entry->file];
    uint64_t hash = hash_fold(hash_bytes(file.p, file.n), entry->address);
    return hash_fold(hash_fold(hash, (uint64_t)entry->line), (uint64_t)entry->name << 32 | entry->objfile);
}

/* What was kept of an earlier numbering: its entries by their hash, those with the same hash in chains. */
struct kept {
    const struct entry_table *entries;
    const uint32_t *list;
    uint32_t *next; /* place in the list of the next with the same hash, plus one */
    struct map first;
};

static bool kept_init(struct kept *kept, struct graph *graph)
{
    *kept = (struct kept){.entries = &graph->entries, .list = graph->list};
    map_init(&kept->first, graph->mem);
    kept->next = arena_new(&graph->arena, uint32_t, graph->nlist);
    for (uint32_t i = 0; kept->next && i < graph->nlist; i++) {
        uint32_t *first = map_add(&kept->first, entry_hash(&graph->entries, &graph->entries.at[graph->list[i]]), 0);
        if (!first)
            return false;
        kept->next[i] = *first;
        *first = i + 1;
    }
    return kept->next != NULL;
}

static bool was_kept(const struct kept *kept, const struct entry_table *entries, const struct entry *entry)
{
    const uint32_t *first = map_find(&kept->first, entry_hash(entries, entry));
    for (uint32_t i = first ? *first : 0; i != 0; i = kept->next[i - 1]) {
        if (same_entry(kept->entries, &kept->entries->at[kept->list[i - 1]], entries, entry))
            return true;
    }
    return false;
}

/* Makes the nodes anew, after the files of functions changed, and keeps those that are equal to one in the list. */
static bool remake_nodes(struct graph *graph, const struct graph_rules *rules)
{
    struct entry_table before = graph->entries;
    struct kept kept;
    bool good = kept_init(&kept, graph);
    kept.entries = &before;
    graph->entries = (struct entry_table){0};
    good = good && make_nodes(graph, rules);
    graph->nlist = 0;
    for (uint32_t i = 0; good && i < graph->n; i++) {
        graph->listed[i] = graph->listed[i] && was_kept(&kept, &graph->entries, &graph->entries.at[i]);
        if (graph->listed[i])
            graph->list[graph->nlist++] = i;
    }
    map_finish(&kept.first);
    entry_table_finish(&before);
    return good;
}

bool graph_keep_first(struct graph *graph, const struct graph_rules *rules, uint32_t count)
{
    const uint32_t *removed = graph->list + count;
    uint32_t nremoved = graph->nlist - count;
    for (uint32_t i = 0; i < nremoved; i++)
        graph->listed[removed[i]] = false;
    graph->nlist = count;
    graph->trimmed = true;
    if (graph->tree) {
        call_tree_remove(graph, removed, nremoved);
        return true;
    }
    return !trim_files(graph, rules) || remake_nodes(graph, rules);
}

/* Moves the nodes that are heavy enough to the front of the list and returns how many they are. */
static uint32_t heavy_first(struct graph *graph)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < graph->nlist; i++) {
        uint32_t node = graph->list[i];
        if (number_abs(graph->weights[node].cum) < graph->node_cutoff)
            continue;
        graph->list[i] = graph->list[kept];
        graph->list[kept++] = node;
    }
    return kept;
}

bool graph_leave_out_light(struct graph *graph, const struct graph_rules *rules)
{
    int64_t total = 0;
    for (uint32_t i = 0; i < graph->nlist; i++)
        total = number_add(total, graph->weights[graph->list[i]].flat);
    graph->node_cutoff = number_part(total, rules->node_fraction);
    graph->edge_cutoff = number_part(total, rules->edge_fraction);
    uint32_t heavy = graph->node_cutoff > 0 ? heavy_first(graph) : graph->nlist;
    graph->dropped_nodes = graph->nlist - heavy;
    bool good = heavy == graph->nlist || graph_keep_first(graph, rules, heavy);
    graph->original_count = graph->nlist;
    return good;
}

bool graph_trim(struct graph *graph, const struct graph_rules *rules)
{
    if (!graph_leave_out_light(graph, rules) || !order_nodes(graph, rules->cum_sort))
        return false;
    if (rules->node_count > 0 && rules->node_count < graph->nlist)
        return graph_keep_first(graph, rules, (uint32_t)rules->node_count) && order_nodes(graph, rules->cum_sort);
    return true;
}

uint32_t graph_entry(const struct graph *graph, uint32_t node)
{
    return graph->tree ? call_tree_entry(graph->tree, node) : node;
}

struct str graph_name(struct graph *graph, uint32_t node)
{
    struct str *name = &graph->names[node];
    if (!name->p)
        *name = entry_name(&graph->entries, graph->profile, graph_entry(graph, node), &graph->arena);
    return *name;
}

int64_t graph_flat(const struct graph *graph, uint32_t node)
{
    const struct weight *weight = &graph->weights[node];
    return weight->flat_div ? number_divide(weight->flat, weight->flat_div) : weight->flat;
}

int64_t graph_cum(const struct graph *graph, uint32_t node)
{
    const struct weight *weight = &graph->weights[node];
    return weight->cum_div ? number_divide(weight->cum, weight->cum_div) : weight->cum;
}
