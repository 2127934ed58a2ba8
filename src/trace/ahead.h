/* A thread that works ahead of the one that reads a trace: it decodes events and merges them by time, on the guess that
 * none has to wait for another, and, when there is enough of them, reads the tables of the next generation. Nothing is
 * waited for that the reader can do itself, so that a thread that does not come to run costs nothing but time; where
 * there is none, the reader does all. */
#ifndef SONDE_TRACE_AHEAD_H
#define SONDE_TRACE_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/parallel.h"
#include "trace/generation.h"
#include "trace/merge.h"

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

/* Runs are long, so that threads meet seldom, but all of them together stay in the caches. For many threads of the
 * trace they are longer, since where the merge stood is noted for each. */
enum { ahead_runs = 8, ahead_run_room = 1 << 10, ahead_least_run = 1 << 4, ahead_most_doubt = 1 << 12 };

/* Whose the merge is. */
enum ahead_owner {
    ahead_reader, /* the reader's alone */
    ahead_both,   /* that of whoever holds `busy` */
    ahead_stuck,  /* the reader's again, when the runs are used up: only it can go on */
};

struct trace_ahead {
    struct mem *mem;
    struct trace_file *file;
    struct helper helper;
    bool running;

    struct merge merge;
    struct merge_run runs[ahead_runs]; /* filled in turn */
    uint32_t nruns;                    /* that are in use */
    uint32_t taken;                    /* runs that the reader has begun */
    uint32_t room;                     /* events of a run */
    uint32_t most;                     /* of the next one that the reader fills */
    uint32_t doubt, steps;             /* steps to do without a guess, and what is left of them */
    unsigned patience;                 /* for how many looks it waits for one that the thread may be filling */
    _Atomic(struct trace_turn *) turn;

    char apart[64];               /* from what the thread writes */
    _Atomic uint32_t made, freed; /* runs that were filled, and of those how many the reader has done with */
    _Atomic int owner;
    atomic_bool busy, asleep, stopping;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done; /* of the thread, of the reader */
};

/* Prepares; there is no thread yet. */
void trace_ahead_init(struct trace_ahead *ahead, struct trace_file *file, struct mem *mem);

/* Starts the thread; where there is none to be had nothing changes. */
void trace_ahead_start(struct trace_ahead *ahead);

/* Ends the thread, when it has finished what it is at. */
void trace_ahead_finish(struct trace_ahead *ahead);

/* Begins to merge a generation, when there are no more events of the one before. False with the fault set. */
bool trace_ahead_begin(struct trace_ahead *ahead, const struct trace_generation *generation, struct trace_fault *fault);

/* The next run of events, which lives until the next call; that before it has been used up. NULL where the next event,
 * if there is one, is the reader's to merge: the merge is its own until the next call. */
const struct merge_run *trace_ahead_next(struct trace_ahead *ahead);

/* Takes the merge back to where it was behind the first n events of the run that trace_ahead_next gave last: the guess
 * was wrong from there on. It is the reader's own until the next call of trace_ahead_next. */
void trace_ahead_return(struct trace_ahead *ahead, uint32_t n);

/* Asks for the next generation in a turn that is free. */
void trace_ahead_want(struct trace_ahead *ahead, struct trace_turn *turn);

/* Reads the next generation into a turn, or waits for that where the thread has begun it. */
void trace_ahead_get(struct trace_ahead *ahead, struct trace_turn *turn);

#endif
