/* A belt of entries from the thread that reads a trace to the one that enters them in columns: batches that are used
 * over and over, small enough that they are still in a cache when they arrive. */
#ifndef SONDE_TRACE_BELT_H
#define SONDE_TRACE_BELT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"
#include "trace/entry.h"

enum {
    belt_batches = 16,
    belt_entries = 512, /* of a batch */
    belt_spare = 64,    /* behind the last batch, so that entries behind any may be asked for */
};

struct belt {
    struct mem *mem;
    void *block;
    struct entry *entries; /* in the block, at the begin of a line; batch i's from i * belt_entries on */
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    size_t sizes[belt_batches];
    uint64_t made, taken; /* batches, counted from the first */
    bool over, stopped;
};

/* Prepares a belt; false on exhaustion. */
bool belt_init(struct belt *belt, struct mem *mem);
void belt_finish(struct belt *belt);

/* For the reader: waits until a batch is free and gives room for belt_entries entries; NULL when the other side has
 * stopped. Asked again before anything was handed over it gives the same room. */
struct entry *belt_room(struct belt *belt);

/* Writes an entry there, past the caches: otherwise the line would first be fetched from the processor that had read it
 * last, which takes longer than all that is done to an event. */
static inline void belt_put(struct entry *place, const struct entry *entry)
{
#ifdef __SSE2__
    for (size_t i = 0; i < sizeof *entry / sizeof(__m128i); i++)
        _mm_stream_si128((__m128i *)(void *)place + i, _mm_loadu_si128((const __m128i *)(const void *)entry + i));
#else
    *place = *entry;
#endif
}

/* Hands over the n entries that were written there, or says that there are no more. */
void belt_hand(struct belt *belt, size_t n);
void belt_end(struct belt *belt);

/* For the other side: waits for the next batch, NULL at the end; gives the batch back. */
const struct entry *belt_next(struct belt *belt, size_t *n);
void belt_done(struct belt *belt);

/* Lets the reader stop. */
void belt_stop(struct belt *belt);

#endif
