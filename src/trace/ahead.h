/* A thread that decodes ahead of the one that reads a trace: chunks of events for the streams that ask for some, and,
 * when nobody does, the tables of the next generation. Nothing is ever waited for that the reader can do itself, so
 * that a thread that does not come to run costs nothing but time; where there is none, the reader does all. */
#ifndef SONDE_TRACE_AHEAD_H
#define SONDE_TRACE_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/parallel.h"
#include "trace/generation.h"
#include "trace/stream.h"

/* A generation, and how far reading it has come. */
enum turn_state { turn_free, turn_wanted, turn_in_work, turn_ready };

struct trace_turn {
    _Atomic int state;
    struct trace_generation generation;
    enum trace_generation_result result;
    struct trace_fault fault; /* what is wrong with it, or behind it */
    uint64_t end;             /* offset in the file of what comes behind it */
    bool is_last;             /* it is known that no other one follows */
};

enum { ahead_queue = 1 << 10 };

struct trace_ahead {
    struct trace_file *file;
    struct helper helper;
    bool running;

    /* What the reader asks for: streams by index, in a ring. */
    struct trace_stream *streams;
    uint32_t nstreams;
    uint32_t queue[ahead_queue];
    _Atomic uint32_t tail;
    _Atomic(struct trace_turn *) turn;
    char apart[64];        /* from what the thread writes */
    _Atomic uint32_t head; /* what is before it was done */
    atomic_bool asleep, stopping;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done; /* of the thread, of the reader */
};

/* Prepares; there is no thread yet. */
void trace_ahead_init(struct trace_ahead *ahead, struct trace_file *file);

/* Starts the thread; where there is none to be had nothing changes. */
void trace_ahead_start(struct trace_ahead *ahead);

/* Ends the thread, when it has finished what it is at. */
void trace_ahead_finish(struct trace_ahead *ahead);

/* Waits until no stream is looked at any more. */
void trace_ahead_rest(struct trace_ahead *ahead);

/* Has requests mean these streams from now on; the thread must be at rest. */
void trace_ahead_streams(struct trace_ahead *ahead, struct trace_stream *streams, uint32_t n);

/* Asks for the next chunk of a stream. */
void trace_ahead_ask(struct trace_ahead *ahead, uint32_t stream);

/* Asks for the next generation in a turn that is free. */
void trace_ahead_want(struct trace_ahead *ahead, struct trace_turn *turn);

/* Reads the next generation into a turn, or waits for that where the thread has begun it. */
void trace_ahead_get(struct trace_ahead *ahead, struct trace_turn *turn);

#endif
