/* The little boxes at a node of a picture that show its labels. */
#ifndef SONDE_REPORT_DOT_NODELETS_H
#define SONDE_REPORT_DOT_NODELETS_H

#include "report/picture.h"

/* Appends the boxes of a node, which is number `id` of the picture, and the edges to them. False on exhaustion. */
bool dot_put_nodelets(struct job *job, struct picture *picture, uint32_t node, uint32_t id);

#endif
