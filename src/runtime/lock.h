/* libsonde's own lock: four bytes, no initialization, no allocation, usable before the C library's constructors have
 * run, in the malloc hooks and across fork. A pthread mutex would do, were it not that other tools interpose those.
 * Never taken in a signal handler of libsonde's. The program's handlers may allocate, and so come into the hooks while
 * the thread holds one: see lock_depth. */
#ifndef SONDE_RUNTIME_LOCK_H
#define SONDE_RUNTIME_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The order in which one thread may take them: only one of a higher rank than all it holds (or of the same rank, where
 * several of a kind are taken in the order of their addresses). Sanitizer builds and the tests check it. */
enum lock_rank {
    lock_rank_endpoint,       /* the server's state */
    lock_rank_profile,        /* one CPU profile at a time */
    lock_rank_threads,        /* the list of threads */
    lock_rank_profile_signal, /* who has SIGPROF */
    lock_rank_modules,        /* the unwind rows of the loaded modules */
    lock_rank_symbols,        /* the names that were read */
    lock_rank_heap_threads,   /* the threads' counters that are free for reuse */
    lock_rank_heap_stripe,    /* a part of the table of sampled blocks */
    lock_rank_pages,          /* libsonde's own memory: may be taken under all others */
    lock_ranks,
};

struct lock {
    _Atomic uint32_t state; /* 0 free, 1 held, 2 held and waited for */
};

/* How many of them this thread holds or waits for. Whoever may be called at any moment (the malloc hooks, from a signal
 * handler or from another's fork handler) takes none unless it is 0. */
extern __thread unsigned lock_depth __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Waits until the lock is free and takes it. Keeps errno. */
void lock_take(struct lock *lock, enum lock_rank rank);

/* Takes the lock if it is free. */
bool lock_try(struct lock *lock, enum lock_rank rank);

/* Gives a lock back that this thread holds. Keeps errno. */
void lock_give(struct lock *lock, enum lock_rank rank);

#endif
