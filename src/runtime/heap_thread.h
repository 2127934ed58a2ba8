/* What each thread counts of its allocations, in memory of its own and with plain additions: the part of the hooks that
 * every malloc and free pays for.
 *
 * A thread gets its counters with its first allocation and leaves them behind when it ends; the next new thread goes on
 * counting in them. So the sums over all counters are exact over threads that have ended, and thousands of short
 * threads take no more memory than those that lived at the same time. What a thread does after it has left them (other
 * destructors of thread-specific data, the C library's own clearing up), and what it does where there is no memory for
 * counters, is counted with atomic additions in one place for all. */
#ifndef SONDE_RUNTIME_HEAP_THREAD_H
#define SONDE_RUNTIME_HEAP_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/size_class.h"

enum {
    heap_frames_most = 128,  /* of a stack, as in Go */
    heap_own_frames_most = 8 /* of those, from the walker up to the function that allocates */
};

/* Only the owner writes the counters, others read them, so accesses are atomic but never read-modify-write. */
struct heap_thread {
    /* A block of at least this many bytes takes the slow path, a smaller one lowers it; it is never so high that the
     * others are not in size_class_table. `granted` grows with every such
     * allowance, so that granted - room is the bytes allocated so far, without a counter of their own. */
    uint64_t room;
    uint64_t granted;
    uint64_t frees;
    uint64_t allocs[size_classes];

    uint64_t beyond; /* the first block of at least room + beyond bytes is the next sample */
    uint64_t epoch;  /* of the rate that this distance was drawn for */
    uint64_t random; /* never 0 */

    uint64_t stack; /* an address on the owner's stack; 0 without an owner */

    struct heap_thread *next;      /* of all */
    struct heap_thread *next_free; /* of those without an owner */

    uint64_t pcs[heap_frames_most + heap_own_frames_most]; /* where a stack is walked to: the thread's may be small */
} __attribute__((aligned(64)));

/* This thread's counters, or NULL before its first allocation and after its end. */
extern __thread struct heap_thread *heap_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The owner's addition to one of its counters: a plain one, in one instruction where the compiler would take three for
 * an atomic load and store. */
static inline void heap_thread_add(uint64_t *counter, uint64_t amount)
{
#if defined __x86_64__
    __asm__("addq %1, %0" : "+m"(*counter) : "er"(amount) : "cc");
#else
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + amount, __ATOMIC_RELAXED);
#endif
}

static inline void heap_thread_subtract(uint64_t *counter, uint64_t amount)
{
#if defined __x86_64__
    __asm__("subq %1, %0" : "+m"(*counter) : "er"(amount) : "cc");
#else
    heap_thread_add(counter, -amount);
#endif
}

/* Gives this thread counters, if it has none; NULL where it may have none. */
struct heap_thread *heap_thread_join(void);

/* Counts for a thread that has none. */
void heap_thread_count_late(size_t size);
void heap_thread_count_late_free(void);

/* Sums over all threads that are and were. A block's allocation is counted if its free is. */
struct heap_sums {
    uint64_t bytes; /* allocated, ever */
    uint64_t mallocs;
    uint64_t frees;
    uint64_t by_class[size_classes]; /* mallocs */
};
void heap_thread_sums(struct heap_sums *sums);

/* How many sets of counters there are: as many as threads that lived at the same time. */
uint32_t heap_thread_count(void);

/* Stores one address on the stack of each thread that has counters, at most `most`, and returns how many. */
size_t heap_thread_stacks(uint64_t *addresses, size_t most);

/* Starts the random numbers of this thread, and of those that get their counters later, from a seed. */
void heap_thread_seed(uint64_t seed);

/* Around fork. In the child the counters of the threads that did not come along are free for reuse. */
void heap_thread_fork_prepare(void);
void heap_thread_fork_parent(void);
void heap_thread_fork_child(void);

#endif
