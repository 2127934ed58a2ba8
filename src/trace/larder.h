/* Memory made ready beside whoever uses it: the first touch of new pages can take longer than all that is done with
 * them, above all on a virtual machine whose host has to find them, and it can be done by another thread. */
#ifndef SONDE_TRACE_LARDER_H
#define SONDE_TRACE_LARDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/parallel.h"

/* Blocks of one size, of which one is kept ready from the first time on that one is asked for. */
struct larder {
    struct mem *mem; /* one that threads can share */
    size_t size;
    struct helper helper;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    void *ready; /* NULL for none */
    bool began, is_wanted, stopping;
};

/* Prepares a larder. Where no thread is to be had it stays empty. */
void larder_start(struct larder *larder, struct mem *mem, size_t size);

/* Ends it and gives back what was not taken. Blocks that were are their takers'. */
void larder_finish(struct larder *larder);

/* A block that is ready, to be given back with mem_put; NULL where there is none just now. Never waits. */
void *larder_take(struct larder *larder);

#endif
