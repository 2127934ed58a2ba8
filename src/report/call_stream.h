/* The edges of a graph as calls, of one node after the other: for reports that write them all, of which there may be as
 * many as frames. What is held at a time is those of a few nodes. */
#ifndef SONDE_REPORT_CALL_STREAM_H
#define SONDE_REPORT_CALL_STREAM_H

#include "report/graph.h"

struct call {
    int64_t weight;
    uint32_t to;   /* node */
    uint32_t rank; /* of its name */
};

struct call_stream;

/* Begins at the first node of the list, the graph being trimmed and without edges. NULL on exhaustion. */
struct call_stream *call_stream_create(struct graph *graph);
void call_stream_destroy(struct call_stream *stream);

/* The calls from the next node of the list that are not too light, in the order of order_edges; valid until the next
 * time. False on exhaustion. */
bool call_stream_next(struct call_stream *stream, const struct call **calls, uint32_t *n);

#endif
