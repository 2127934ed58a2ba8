/* Walking the calling thread's stack. Leaf first; every program counter but an interrupted one at the leaf is a return
 * address: subtract 1 to get into the call. (A frame further up that was interrupted by a signal is given as its pc
 * + 1, so that this holds for it too.) Nothing here allocates, locks or faults, whatever the stack looks like. */
#ifndef SONDE_RUNTIME_SIGNAL_WALK_H
#define SONDE_RUNTIME_SIGNAL_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* For signal handlers: the stack of the context that was interrupted, at most `max` program counters; pcs[0] is the
 * interrupted one itself. *truncated says that the stack goes on, because of max or because the walk was lost. Returns
 * how many were stored. */
uint32_t walk_context(const ucontext_t *context, uint64_t *pcs, uint32_t max, bool *truncated);

/* For normal context: pcs[0] is where this call returns to in its caller. */
uint32_t walk_here(uint64_t *pcs, uint32_t max, bool *truncated);

/* For normal context: as if walk_here had been called by the caller of the function that owns the frame
 * `frame_address`, which is __builtin_frame_address(0) of a function still active; pcs[0] is where that function
 * returns to. What an interposed function uses so that neither itself nor its helpers appear. */
uint32_t walk_caller(const void *frame_address, uint64_t *pcs, uint32_t max, bool *truncated);

#endif
