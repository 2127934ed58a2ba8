/* Asking threads for their stacks: a request is put into a slot, a signal names the slot, and the thread's handler
 * walks its own stack into it.
 *
 * A thread may answer when nobody waits any more (it had the signal blocked), so slots live for ever and each word of
 * state carries its request's generation: an answer to an older request changes nothing.
 *
 *     state  | generation 16 | phase 16 |      free -> asked -> (answering -> answered) or free again */
#ifndef SONDE_RUNTIME_SIGNAL_THREAD_STACK_H
#define SONDE_RUNTIME_SIGNAL_THREAD_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/signal/stack_table.h"

enum { thread_stack_slots = 64 };

struct thread_stack {
    uint32_t npcs;
    bool truncated;
    uint64_t pcs[stack_depth];
};

/* Opens a request in a slot that has none and returns the generation that the signal is to carry. One thread asks at a
 * time. False when an answerer of long ago is still at it. */
bool thread_stack_ask(uint32_t slot, uint16_t *generation);

/* The handler's part. Signal-safe, bounded. */
void thread_stack_answer(uint32_t slot, uint16_t generation, void *context);

/* How many answers there were since the process began; wakes futex waiters when it changes. */
extern _Atomic uint32_t thread_stack_answers;

/* Whether the request in the slot was answered. */
bool thread_stack_answered(uint32_t slot);

/* Ends the request. The stack when it was answered, until the slot's next request; else NULL. */
const struct thread_stack *thread_stack_close(uint32_t slot);

/* In a forked child: no requests. */
void thread_stack_fork_child(void);

#endif
