/* The call graph of a report: entries with their values, the edges between them, and what is left out of it. The rules
 * are those of google/pprof internal/graph and report.newTrimmedGraph; the work is done on arrays over dense numbers,
 * once a distinct stack and not once a sample. */
#ifndef SONDE_REPORT_GRAPH_H
#define SONDE_REPORT_GRAPH_H

#include "base/arena.h"
#include "base/vec.h"
#include "profile/profile.h"
#include "report/entry.h"

/* What an entry weighs. Sums wrap around, as Go's do. */
struct weight {
    int64_t flat, cum;         /* alone; with all that it called */
    int64_t flat_div, cum_div; /* what to divide by for means; else 0 */
};

struct edge {
    uint32_t from, to; /* entries */
    uint32_t stamp;    /* of the last stack that added to it */
    bool residual;     /* goes over entries that are left out */
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
    struct weight *weights;      /* one an entry */
    bool *listed;                /* one an entry: whether it is in the list */
    bool trimmed;                /* what is not in the list was left out: edges go over it */
    uint32_t *list;              /* the entries of the report, in its order */
    uint32_t nlist, nlisted;     /* now; when the list was made */
    struct str *names;           /* one an entry, of those in the list (p NULL where not made yet) */
    int64_t node_cutoff, edge_cutoff;
    uint32_t original_count, dropped_nodes, dropped_edges;

    VEC(struct edge) edges;
    uint32_t *out_start, *out; /* per entry: its edges, out[out_start[e]] .. out[out_start[e + 1]] */
    uint32_t *in_start, *in;
};

struct graph_rules {
    struct entry_rules entry;
    uint32_t sample_index;
    bool mean, drop_negative, cum_sort;
    int64_t node_count; /* 0 for all */
    double node_fraction, edge_fraction;
    struct str source_path, trim_path;
};

/* Weighs all entries and lists those that have a weight, in no order. False on exhaustion; nothing is owned then. */
bool graph_init(struct graph *graph, const struct profile *profile, const struct graph_rules *rules, struct mem *mem);
void graph_finish(struct graph *graph);

/* Leaves out what is too light and sorts the rest; no edges yet. */
bool graph_trim(struct graph *graph, const struct graph_rules *rules);

/* Follows the edges between the entries that are left (those marked, one flag an entry, where need says so) and drops
 * the light ones. */
bool graph_connect(struct graph *graph, enum edge_need need, const bool *marked);

/* What an entry is called. */
struct str graph_name(struct graph *graph, uint32_t entry);

/* Means, where there is something to divide by. */
int64_t graph_flat(const struct graph *graph, uint32_t entry);
int64_t graph_cum(const struct graph *graph, uint32_t entry);

#endif
