/* The stacks of all threads at one moment: Go's goroutine profile.
 *
 * A thread that runs, or sleeps in a call that starts again by itself, is sent a signal and walks its own stack. Others
 * are left in peace and read from outside, from where /proc/self/task says that they sleep: those in a call that a
 * signal would end early (sleep, poll, epoll_wait, ...: task_files.h), those that block SIGPROF, those that are
 * stopped. From outside the frame pointer is not known: asleep.h.
 *
 * What is left: a thread that begins such a call in the microseconds between the look at it and the signal has its call
 * end early. */
#ifndef SONDE_RUNTIME_THREAD_STACKS_H
#define SONDE_RUNTIME_THREAD_STACKS_H

#include "base/vec.h"
#include "runtime/snapshot.h"
#include "runtime/task_files.h"

/* What a thread was doing, beside the snapshot's sample of the same number. */
struct thread_state {
    int32_t tid;
    char name[task_name_size];
    const char *activity; /* task_activity's word; lives for ever */
    int64_t wait_seconds; /* asleep without a break for at least so long: since a snapshot that long ago. 0 at first */
};

struct thread_states {
    struct mem *mem;
    VEC(struct thread_state) of;
};

/* Adds one sample for each of the program's threads, values[0] 1, to an initialized snapshot; and, unless it is NULL,
 * what it is doing to `states` (zero-initialized but for its mem; to be finished with thread_states_finish also after
 * an error). A thread of which not even a program counter could be had is a sample without a stack, and counted as
 * lost. One snapshot at a time, others wait; takes some milliseconds, and at most two seconds or so when threads do not
 * answer. 0, or ENOMEM. */
int threads_snapshot(struct snapshot *snapshot, struct thread_states *states);

void thread_states_finish(struct thread_states *states);

/* In a forked child: no snapshot is being taken. */
void thread_stacks_fork_child(void);

#endif
