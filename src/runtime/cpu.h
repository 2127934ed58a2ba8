/* CPU profiles: every thread has a timer on its own CPU clock, whose signals make it count the stack it is in.
 *
 * A timer's first expiry is anywhere in the first period, else threads shorter than a period would never be seen. The
 * kernel looks at CPU timers only at its ticks, so one signal may stand for several expiries: each sample weighs as
 * many. For the same reason a thread may end with expiries that nobody saw: those are counted for its start routine.
 *
 * What a program may notice: calls that are not started again after a handler (poll, epoll_wait, select, nanosleep,
 * semop, sockets with time outs: signal(7)) can fail with EINTR when a timer expires just as they begin; a thread
 * that sleeps uses no CPU time, so none is woken from its sleep. Threads that block SIGPROF are sampled when they
 * unblock it, and counted as lost if they do not. */
#ifndef SONDE_RUNTIME_CPU_H
#define SONDE_RUNTIME_CPU_H

#include <stdbool.h>

#include "runtime/snapshot.h"
#include "runtime/threads.h"

enum { cpu_default_hz = 100, cpu_most_hz = 1000 };

/* Begins a profile of all threads with hz samples for a second of CPU time; 0 for the rate set last. EBUSY while one is
 * being taken, EINVAL for a rate over cpu_most_hz, ENOMEM. */
int cpu_start(int hz);

/* Sets the rate for cpu_start(0); 0 for cpu_default_hz. EINVAL. */
int cpu_set_rate(int hz);

/* Ends the profile and puts it into an initialized snapshot, whose values are samples and nanoseconds. 0 also where
 * none was being taken (the snapshot is left as it was); ENOMEM, with what could be kept. */
int cpu_stop(struct snapshot *snapshot);

/* With the threads lock held: gives a thread its timer when a profile is being taken; ends its part in one. */
void cpu_thread_arm(struct thread *thread);
void cpu_thread_disarm(struct thread *thread);

/* Around fork (fork.c): the child is not profiled. */
void cpu_fork_prepare(void);
void cpu_fork_parent(void);
void cpu_fork_child(void);

#endif
