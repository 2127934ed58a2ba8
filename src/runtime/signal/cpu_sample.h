/* One CPU sample: what the handler does when a thread's CPU timer has expired. */
#ifndef SONDE_RUNTIME_SIGNAL_CPU_SAMPLE_H
#define SONDE_RUNTIME_SIGNAL_CPU_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/signal/stack_table.h"

/* From now on samples go to the table. `generation` tells this profile's signals from those of one before. */
void cpu_sample_open(struct stack_table *table, uint16_t generation);

/* From now on samples are dropped. Waits until no handler is adding any more; false if one still is after a second (its
 * thread was stopped there): then the table must stay for ever. */
bool cpu_sample_close(void);

/* Adds the interrupted thread's stack, with a weight of the expiry and those that it overran. `index` is the thread's
 * own (threads.h). Signal-safe. */
void cpu_sample_take(uint32_t index, uint16_t generation, int overrun, void *context);

/* Adds a stack that was not interrupted: of a thread that ended between ticks. Signal-safe. */
void cpu_sample_add(uint16_t generation, const uint64_t *pcs, uint32_t npcs, bool truncated, int64_t weight);

/* Counts a sample that can't be taken. Signal-safe. */
void cpu_sample_lose(uint16_t generation, int overrun);

/* In a forked child: no handler runs, nothing is open. */
void cpu_sample_fork_child(void);

#endif
