/* The entries of the threads that are known, where handlers may reach them by number: chunks that never move and are
 * never freed. threads.h says what the entries mean and who may change them. */
#ifndef SONDE_RUNTIME_SIGNAL_THREAD_TABLE_H
#define SONDE_RUNTIME_SIGNAL_THREAD_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { thread_chunk = 64, thread_chunks = 4096 };

/* A known thread. All but `samples` belongs to the threads lock. */
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

    /* As the last threads_snapshot found it (thread_stacks.c). */
    uint64_t switches;
    int64_t asleep_since;
};

/* The entry of that number; NULL where there never was one. Signal-safe. */
struct thread *thread_at(uint32_t index);

/* Makes the entries of chunk number `chunk` known. With the threads lock. */
void thread_table_publish(uint32_t chunk, struct thread *entries);

#endif
