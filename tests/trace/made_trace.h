/* v2 traces that tests make by hand: batches of numbers behind a header. Times are differences; every batch begins at
 * 100 ns. */
#ifndef SONDE_TESTS_MADE_TRACE_H
#define SONDE_TESTS_MADE_TRACE_H

#include "base/buf.h"
#include "trace/event.h"

/* A trace that is being made. */
struct made {
    struct buf bytes, batch;
};

static inline struct made begin(const char *version)
{
    struct made made;
    buf_init(&made.bytes, mem_libc());
    buf_init(&made.batch, mem_libc());
    buf_printf(&made.bytes, "go 1.%s trace", version);
    buf_fill(&made.bytes, 0, 3);
    return made;
}

static inline void finish(struct made *made)
{
    buf_finish(&made->bytes);
    buf_finish(&made->batch);
}

static inline void put(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_byte(out, (char)(value | 0x80));
    buf_byte(out, (char)value);
}

static inline void put_all(struct buf *out, const uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(out, values[i]);
}

/* Adds numbers to the batch at hand; a type is one of them. */
#define ADD(made, ...)                                                                                                 \
    put_all(&(made)->batch, (uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static inline void end_batch(struct made *made, uint64_t generation, uint64_t m)
{
    uint64_t head[] = {ev_event_batch, generation, m, 100, made->batch.n};
    put_all(&made->bytes, head, 5);
    buf_str(&made->bytes, buf_text(&made->batch));
    made->batch.n = 0;
}

static inline void add_clock(struct made *made, uint64_t generation)
{
    ADD(made, ev_frequency, 1000000000);
    end_batch(made, generation, UINT64_MAX);
}

/* A thread 1 with processor 0 that runs goroutine 1. */
static inline void add_running(struct made *made)
{
    ADD(made, ev_proc_status, 1, 0, proc_status_running);
    ADD(made, ev_go_status, 1, 1, 1, go_status_running);
}

#endif
