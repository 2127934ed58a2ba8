/* The profiles that can be asked for by name: taken from their collectors and written in their formats. */
#ifndef SONDE_RUNTIME_PROFILES_H
#define SONDE_RUNTIME_PROFILES_H

#include <stdint.h>

#include "base/buf.h"
#include "runtime/profile_kind.h"
#include "runtime/snapshot.h"
#include "runtime/tally.h"

/* Appends a named profile: debug 0 and less is gzipped profile.proto, more is text; 2 and more, for goroutine, the
 * stack of each thread. 0 or an errno value. */
int profiles_write(struct buf *out, enum profile_kind kind, int64_t debug);

/* How many stacks a named profile has at the moment. */
uint64_t profiles_count(enum profile_kind kind);

/* Appends a CPU profile as gzipped profile.proto, from the snapshot that cpu_stop filled. 0 or ENOMEM. */
int profiles_write_cpu(struct buf *out, const struct snapshot *snapshot);

/* What a named profile is at one moment, to be compared with what it is later. */
struct profile_moment {
    struct tally tally;
    int64_t time_nanos; /* since the epoch */
    int64_t period;
};

/* Takes the moment. 0 or an errno value (finish all the same). */
int profile_moment_take(struct profile_moment *moment, struct mem *mem, enum profile_kind kind);
void profile_moment_finish(struct profile_moment *moment);

/* Appends what changed from a moment to now as gzipped profile.proto. Changes the moment. 0 or an errno value. */
int profiles_write_delta(struct buf *out, enum profile_kind kind, struct profile_moment *before);

#endif
