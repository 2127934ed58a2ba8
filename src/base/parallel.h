/* Work on several processors: parts of one task, or a helper beside the caller. Nothing here is needed to get a result,
 * only to get it sooner: where a thread cannot be had, the same work is done one part after the other. What runs on
 * another thread allocates only from a struct mem that allows it (mem_libc does). */
#ifndef SONDE_BASE_PARALLEL_H
#define SONDE_BASE_PARALLEL_H

#include <pthread.h>
#include <stdbool.h>

enum { parallel_most = 8 };

/* How many threads can run at a time: the processors that this process may use, from 1 to parallel_most. */
unsigned parallel_width(void);

/* Calls part(context, 0) .. part(context, n - 1), each once, n at most parallel_most, and returns when all are done;
 * they may run at the same time. */
void parallel_run(unsigned n, void (*part)(void *context, unsigned index), void *context);

/* A thread beside the caller's. It takes no signals. */
struct helper {
    pthread_t thread;
    void (*run)(void *context);
    void *context;
};

/* Starts run(context); false where there is no thread to be had, and then nothing runs. The struct stays where it is
 * until helper_join, which waits for the end. */
bool helper_start(struct helper *helper, void (*run)(void *context), void *context);
void helper_join(struct helper *helper);

#endif
