/* The call graph of a report: nodes with their values, the edges between them, and what is left out of it. The rules
 * are those of google/pprof internal/graph and report.newTrimmedGraph; the work is done on arrays over dense numbers,
 * once a distinct stack and not once a sample. A node is an entry; in a call tree it is an entry below a certain node.
 */
#ifndef SONDE_REPORT_GRAPH_H
#define SONDE_REPORT_GRAPH_H

#include "base/arena.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "report/entry.h"

/* What a node weighs. Sums wrap around, as Go's do. */
struct weight {
    int64_t flat, cum;         /* alone; with all that it called */
    int64_t flat_div, cum_div; /* what to divide by for means; else 0 */
};

struct edge {
    uint32_t from, to; /* nodes */
    uint32_t stamp;    /* of the last stack that added to it */
    bool residual;     /* goes over nodes that are left out */
    bool inlined;      /* every such call was inlined */
    bool dropped;
    int64_t weight, div;
};

/* The weight of every stack: that of its samples. */
struct stack_weight {
    int64_t value, div;
    bool used; /* some sample of it has a value */
};

/* Which edges are worth following; what a report doesn't show isn't counted. */
enum edge_need { edges_all, edges_into_marked, edges_at_marked };

struct graph {
    const struct profile *profile;
    struct mem *mem;
    struct arena arena;
    struct str *files; /* one a function: its file without the prefixes to trim */
    struct entry_table entries;
    struct stack_weight *stacks; /* one a stack of the profile */

    uint32_t n;             /* nodes */
    uint32_t made;          /* how often they were numbered: at a change, numbers from before mean nothing */
    struct weight *weights; /* per node, as all that follow */
    bool *listed;           /* whether it is in the list */
    struct str *names;      /* p NULL where not made yet */
    uint32_t *name_ranks;   /* equal names have equal ranks; NULL where order_names made none */
    bool trimmed;           /* what is not in the list was left out: edges go over it */
    struct call_tree *tree; /* NULL for a graph, where nodes are entries */

    uint32_t *list; /* the nodes of the report, in its order */
    uint32_t nlist;
    int64_t node_cutoff, edge_cutoff;
    uint32_t original_count, dropped_nodes, dropped_edges;

    VEC(struct edge) edges;
    uint32_t *out_start, *out; /* per node: the edges from it, out[out_start[i]] .. out[out_start[i + 1]] */
    uint32_t *in_start, *in;   /* and those to it */
};

struct graph_rules {
    struct entry_rules entry;
    uint32_t sample_index;
    bool mean, drop_negative, cum_sort;
    bool call_tree;     /* a node for every way to an entry */
    int64_t node_count; /* 0 for all */
    double node_fraction, edge_fraction;
    struct str source_path, trim_path;
};

/* Weighs all nodes and lists those that have a weight, in no order. False on exhaustion; nothing is owned then. */
bool graph_init(struct graph *graph, const struct profile *profile, const struct graph_rules *rules, struct mem *mem);
void graph_finish(struct graph *graph);

/* The first step of trimming: leaves out what weighs too little. No edges yet. */
bool graph_leave_out_light(struct graph *graph, const struct graph_rules *rules);

/* Leaves out all nodes but the first `count` of the list. */
bool graph_keep_first(struct graph *graph, const struct graph_rules *rules, uint32_t count);

/* Leaves out what is too light, sorts the rest and leaves out what is too much: for reports whose order doesn't depend
 * on edges. No edges yet. */
bool graph_trim(struct graph *graph, const struct graph_rules *rules);

/* Follows the edges between the nodes that are left (those marked, one flag a node, where need says so). */
bool graph_connect(struct graph *graph, enum edge_need need, const bool *marked);

/* Drops the edges to listed nodes that are too light, and counts them. */
bool graph_drop_light_edges(struct graph *graph);

/* Sorts the edges that are not dropped by their ends: in and out. */
bool graph_index_edges(struct graph *graph);

/* The entry that a node stands for, and what it is called. */
uint32_t graph_entry(const struct graph *graph, uint32_t node);
struct str graph_name(struct graph *graph, uint32_t node);

/* Means, where there is something to divide by. */
int64_t graph_flat(const struct graph *graph, uint32_t node);
int64_t graph_cum(const struct graph *graph, uint32_t node);

#endif
