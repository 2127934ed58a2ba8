/* From the table that handlers fill to the snapshot that writers read. */
#ifndef SONDE_RUNTIME_STACK_SNAPSHOT_H
#define SONDE_RUNTIME_STACK_SNAPSHOT_H

#include "runtime/signal/stack_table.h"
#include "runtime/snapshot.h"

/* Appends every entry of the table, its count in values[0], and adds what the table lost. A stack may come more than
 * once (stack_table.h). On exhaustion the snapshot says so, and the rest is missing. */
void stack_snapshot(const struct stack_table *table, struct snapshot *snapshot);

#endif
