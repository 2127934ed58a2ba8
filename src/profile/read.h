/* From the bytes of a source to a profile, in whichever format they are. */
#ifndef SONDE_PROFILE_READ_H
#define SONDE_PROFILE_READ_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "profile/profile.h"

/* Reads a profile: a profile.proto, one of the formats of gperftools and early Go (CPU, heap, growth, fragmentation,
 * counts, threads, contention, Java), perf.data, folded stacks, the text of perf script, speedscope's JSON, or V8's
 * .cpuprofile and .heapprofile, Chrome's traces, each also gzipped. Takes the bytes over and frees them as soon as they
 * are not needed any more, which keeps the memory that a large profile takes low. On failure returns false with the
 * fault set, whose offset is in the inflated bytes where they were gzipped. */
bool profile_read(struct buf *bytes, struct mem *mem, struct profile *out, struct fault *fault);

/* The same for a profile that is one of several which are added up: a profile.proto is raw (profile_decode_raw), and
 * nothing is done on other threads. */
bool profile_read_raw(struct buf *bytes, struct mem *mem, struct profile *out, struct fault *fault);

#endif
