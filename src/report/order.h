/* The orders of a report: heaviest first, then by name. */
#ifndef SONDE_REPORT_ORDER_H
#define SONDE_REPORT_ORDER_H

#include <stdbool.h>

#include "report/call_stream.h"
#include "report/graph.h"

/* Sorts the list by the magnitude of flat, or cum, values; the name decides between equal ones. False on exhaustion. */
bool order_nodes(struct graph *graph, bool cum);

/* Sorts the list by what its nodes tell in a picture (edges are indexed). `again` says that the list is in such an
 * order already, but for what was left out since: then it decides what is equal, by Go's algorithm. False on
 * exhaustion. */
bool order_nodes_for_picture(struct graph *graph, bool again);

/* Ranks the names of all nodes, so that sorting many edges by them compares numbers. False on exhaustion. */
bool order_names(struct graph *graph);

/* Sorts edges (indices into graph->edges) by the magnitude of their weight; the names of their ends decide. False on
 * exhaustion. */
bool order_edges(struct graph *graph, uint32_t *edges, uint32_t n);

/* Sorts calls from one node in the same way; `spare` has room for as many. */
void order_calls(const struct graph *graph, struct call *calls, uint32_t n, struct call *spare);

#endif
