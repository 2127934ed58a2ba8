/* Nodelets: what samples' labels add to the nodes of a picture. The texts of a sample are joined into one; of its
 * numbers only those under the key "bytes" count, each below the text of its sample. */
#ifndef SONDE_REPORT_NODELET_H
#define SONDE_REPORT_NODELET_H

#include "report/job.h"

struct nodelet {
    uint32_t node;
    uint32_t text;   /* of nodelets.texts: the sample's joined labels; 0 for none */
    uint32_t number; /* of nodelets.texts: how a number prints; PROFILE_NONE for the text's own */
    int64_t value;   /* of a number: the first of those that print alike */
    struct weight weight;
};

struct nodelets {
    struct mem *mem;
    struct arena arena;
    struct str unit;       /* of the numbers */
    VEC(struct str) texts; /* texts.at[0] is "" */
    VEC(struct nodelet) at;
    uint32_t *start, *index; /* per node of the graph: its nodelets, index[start[i]] .. index[start[i + 1]] */
};

/* Collects the nodelets of the listed nodes. False on exhaustion; nothing is owned then. */
bool nodelets_init(struct nodelets *nodelets, struct job *job, const struct graph *graph);
void nodelets_finish(struct nodelets *nodelets);

/* Whether one is heavy enough to be shown. */
bool nodelet_counts(const struct nodelet *nodelet, int64_t cutoff);

/* How many of a node's nodelets are heavy enough and have a value of their own. */
uint32_t nodelets_count(const struct nodelets *nodelets, uint32_t node, int64_t cutoff);

#endif
