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

#include "runtime/snapshot.h"

enum { thread_none = UINT32_MAX };

/* A known thread. Entries never move and are reused; all but `samples` belongs to the threads lock. */
struct thread {
    pid_t tid;                /* 0: the entry is free */
    uint32_t index;           /* its own number */
    uint32_t next;            /* free entries: the next one */
    uint8_t endings;          /* how often the key's destructor was put off */
    bool registered;          /* it unregisters by itself; else it was found */
    bool own;                 /* libsonde's own: not shown, not sampled */
    void *(*routine)(void *); /* what it runs; NULL where that isn't known */

    /* Its part in a CPU profile (cpu.c). */
    bool armed;
    int timer;               /* the kernel's id */
    int64_t first_expiry;    /* in nanoseconds of its CPU time from cpu_nanos_then */
    int64_t cpu_nanos_then;  /* its CPU time when it was armed */
    _Atomic int64_t samples; /* seen since then, weighted */

    /* As the last thread_stacks_snapshot found it (thread_stacks.c). */
    uint64_t switches;
    int64_t asleep_since;
};

/* Prepares the registry and registers the calling thread, the main one; once, before any other call (start.c). */
void threads_init(void);

/* The entry of that number; NULL where there never was one. Signal-safe. */
struct thread *thread_at(uint32_t index);

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

/* Starts a detached thread of libsonde's own, with all signals blocked, that shows in no profile. 0, or an errno
 * value. */
int threads_start_own(void *(*routine)(void *argument), void *argument);

/* How many threads the program has now (without our own), and how many pthread_create has made. */
uint64_t threads_count(void);
uint64_t threads_created_count(void);

/* The stacks of all pthread_create calls so far; values[0] is how often each occurred. */
void threadcreate_snapshot(struct snapshot *snapshot);

/* Around fork (fork.c): the child has one thread. */
void threads_fork_prepare(void);
void threads_fork_parent(void);
void threads_fork_child(void);

#endif
