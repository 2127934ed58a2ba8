/* Profiles as text a human can read, and go tool pprof too: what Go's runtime/pprof writes for debug=1. Where Go has a
 * function's file and line, these have the module that holds it. */
#ifndef SONDE_RUNTIME_PROFILE_TEXT_H
#define SONDE_RUNTIME_PROFILE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "runtime/code.h"
#include "runtime/profile_kind.h"
#include "runtime/tally.h"

struct sonde_memstats;

/* Appends a heap or allocs profile: the values as they were sampled, smallest first, and the memory statistics.
 * `most_resident` is the process's largest resident size in bytes. Sorts the tally; false on exhaustion. */
bool profile_text_heap(struct buf *out, struct tally *tally, int64_t rate, const struct sonde_memstats *stats,
                       uint64_t most_resident, const struct code *code);

/* Appends a profile of counts (goroutine, threadcreate), most frequent stacks first. */
bool profile_text_counts(struct buf *out, struct tally *tally, enum profile_kind kind, const struct code *code);

/* Puts a profile of counts into the order in which Go writes it, also as profile.proto. */
void profile_sort_counts(struct tally *tally);

/* Appends a block or mutex profile: nanoseconds and counts, longest first. */
bool profile_text_delays(struct buf *out, struct tally *tally, enum profile_kind kind, const struct code *code);

#endif
