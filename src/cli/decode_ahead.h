/* Sources decoded on all processors, a few ahead of where they are asked for, one after the other: whoever takes them
 * does something with one profile while the next ones are decoded, and there are never many at a time.
 */
#ifndef SONDE_CLI_DECODE_AHEAD_H
#define SONDE_CLI_DECODE_AHEAD_H

#include "base/cursor.h"
#include "base/parallel.h"
#include "cli/source.h"
#include "profile/profile.h"

enum { decode_ahead_most = parallel_most + 1 }; /* profiles that are decoded and not taken yet */

enum decode_state { decode_waits, decode_runs, decode_done };

struct decoded {
    enum decode_state state;
    bool good;
    struct profile profile;
    struct fault fault;
};

struct decode_ahead {
    struct source *sources;
    size_t n, next, taken; /* the next to begin; so many are taken */
    bool raw;
    unsigned width;                          /* how many may be decoded or waiting to be taken */
    struct decoded slots[decode_ahead_most]; /* source i in slot i % width */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct helper helpers[parallel_most];
    unsigned nhelpers;
};

/* Begins with sources that were read; they stay where they are until decode_ahead_finish, and so does `ahead`. With
 * `raw`, profiles are only good for being added to others (profile_read_raw). */
void decode_ahead_start(struct decode_ahead *ahead, struct source *sources, size_t n, bool raw);

/* Takes the next source's profile, waiting for it; its bytes stay, unless it is the only
 * one. False where there is none: then the source has
 * an error, or *fault says what is wrong with it. */
bool decode_ahead_take(struct decode_ahead *ahead, struct profile *profile, struct fault *fault);

/* Ends the threads, also with sources left. */
void decode_ahead_finish(struct decode_ahead *ahead);

#endif
