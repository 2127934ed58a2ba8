/* Every thread's own stack, in the form in which a Go program prints its goroutines when it dies (and answers
 * goroutine?debug=2). */
#ifndef SONDE_RUNTIME_THREAD_DUMP_H
#define SONDE_RUNTIME_THREAD_DUMP_H

#include <stdbool.h>

#include "base/buf.h"
#include "runtime/code.h"
#include "runtime/snapshot.h"
#include "runtime/thread_stacks.h"

/* Appends a snapshot of threads with what they were doing, in its order:
 *
 *     goroutine 4711 [IO wait, 2 minutes labels:{"thread": "worker"}]:
 *     read_block(...)
 *             /usr/bin/app +0x1d
 *
 * False on exhaustion. */
bool thread_dump_write(struct buf *out, const struct snapshot *snapshot, const struct thread_states *states,
                       const struct code *code);

#endif
