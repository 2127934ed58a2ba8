/* Names that tell functions apart where callgrind would take them for one: it knows them by file and name alone. */
#ifndef SONDE_REPORT_CALLEE_NAMES_H
#define SONDE_REPORT_CALLEE_NAMES_H

#include "report/graph.h"

/* Names every listed node as a callee, with " [2/3]" behind the name where several functions have it; *names is indexed
 * by node, in the graph's arena. False on exhaustion. */
bool callee_names(struct graph *graph, struct str **names);

#endif
