/* Call trees: instead of one node an entry, one for every way from a root to an entry. For pictures and callgrind. */
#ifndef SONDE_REPORT_CALL_TREE_H
#define SONDE_REPORT_CALL_TREE_H

#include "report/graph.h"

/* Makes the nodes of graph->tree from the stacks, and their weights. False on exhaustion. */
bool call_tree_make(struct graph *graph);
void call_tree_destroy(struct graph *graph);

/* Takes nodes out and hangs their children onto the nearest node above that is left. */
void call_tree_remove(struct graph *graph, const uint32_t *removed, uint32_t n);

/* Makes graph->edges: one to each node that has a parent. */
bool call_tree_connect(struct graph *graph);

/* Takes the edges that were dropped out of the tree: the nodes below become roots. */
void call_tree_cut(struct graph *graph);

uint32_t call_tree_entry(const struct call_tree *tree, uint32_t node);

/* The node that a node was made below; PROFILE_NONE for a root. Trimming does not change it. */
uint32_t call_tree_origin(const struct call_tree *tree, uint32_t node);

/* The node where a stack ends; PROFILE_NONE where it has no frames or no value. */
uint32_t call_tree_leaf(const struct call_tree *tree, uint32_t stack);

#endif
