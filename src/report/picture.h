/* The graph of a picture: trimmed to what can be looked at, with the nodes first that tell most. */
#ifndef SONDE_REPORT_PICTURE_H
#define SONDE_REPORT_PICTURE_H

#include "report/graph.h"
#include "report/job.h"
#include "report/nodelet.h"

enum { picture_most_nodelets = 4 }; /* of each kind at a node */

struct picture {
    struct graph graph; /* its edges are indexed */
    struct nodelets nodelets;
};

/* Builds the graph, trims it and chooses the unit. False on exhaustion; nothing is owned then. */
bool picture_init(struct picture *picture, struct job *job);
void picture_finish(struct picture *picture);

#endif
