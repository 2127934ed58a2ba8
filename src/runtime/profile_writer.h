/* Profiles as Go's runtime/pprof writes them: profile.proto (https://github.com/google/pprof/blob/main/proto/
 * profile.proto), gzipped at level 1, with functions named and, unlike there, without files and lines, which are the
 * tool's work. */
#ifndef SONDE_RUNTIME_PROFILE_WRITER_H
#define SONDE_RUNTIME_PROFILE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "runtime/code.h"
#include "runtime/profile_kind.h"
#include "runtime/tally.h"

struct profile_header {
    enum profile_kind kind;
    bool is_delta;          /* the difference of two profiles: lists only mappings in use, and no default sample type */
    int64_t time_nanos;     /* since the epoch */
    int64_t duration_nanos; /* written for CPU profiles and deltas */
    int64_t period;         /* written for CPU and heap profiles; 1 for the others */
};

/* Appends the profile, not compressed; false on exhaustion. A mapping is marked as having functions where every address
 * in it that the profile has was found: readers do not look for names themselves then. */
bool profile_write_proto(struct buf *out, const struct tally *tally, const struct profile_header *header,
                         const struct code *code);

/* As above, gzipped. */
bool profile_write(struct buf *out, const struct tally *tally, const struct profile_header *header,
                   const struct code *code);

#endif
