/* The threads of this process: those that pthread_create made while we were there register themselves, all others
 * (older ones, and those of a bare clone) are found in /proc/self/task when a collector needs them.
 *
 * A thread runs its routine by a tail call and unregisters by the destructor of a key, so that no frame of ours stands
 * in its stack. */
#ifndef SONDE_RUNTIME_THREADS_H
#define SONDE_RUNTIME_THREADS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/signal/thread_table.h"
#include "runtime/snapshot.h"

enum { thread_none = UINT32_MAX };

/* Prepares the registry and registers the calling thread, the main one; once, before any other call (start.c). */
void threads_init(void);

/* Takes the lock, with all signals of the calling thread blocked, and gives it back. */
void threads_lock(sigset_t *mask);
void threads_unlock(const sigset_t *mask);

/* With the lock held: adds entries for all threads that /proc/self/task lists and we don't know, and removes those
 * found earlier that are gone. 0, or an errno value when the list can't be read or memory ran out (then as many as
 * could be are known). */
int threads_find(void);

/* With the lock held: the first known thread that is not free with a number of at least `index`; NULL after the last.
 */
struct thread *threads_next(uint32_t index);

/* Whether there is no thread of that id in this process. Changes errno. */
bool threads_is_gone(pid_t tid);

/* Starts a detached thread of libsonde's own, with all signals blocked, that shows in no profile. 0, or an errno
 * value. */
int threads_start_own(void *(*routine)(void *argument), void *argument);

/* How many threads the program has now (without our own; where there is no /proc, of those that are known), and how
 * many pthread_create has made. */
uint64_t threads_count(void);
uint64_t threads_created_count(void);

/* The stacks of all pthread_create calls so far; values[0] is how often each occurred. */
void threadcreate_snapshot(struct snapshot *snapshot);

/* Around fork (fork.c): the child has one thread. */
void threads_fork_prepare(void);
void threads_fork_parent(void);
void threads_fork_child(void);

#endif
