/* V8's call trees, whole and in pieces. */
#ifndef SONDE_PROFILE_V8_H
#define SONDE_PROFILE_V8_H

#include "profile/foreign_json.h"

/* Reads a .cpuprofile or a .heapprofile. */
enum foreign_result foreign_read_v8(struct foreign_json *f);

/* Reads the CPU profiles whose chunks are among these events of a trace ("Profile" and "ProfileChunk"), in the order in
 * which they come. The sample types are there already: a count, and nanoseconds. */
enum foreign_result foreign_read_v8_chunks(struct foreign_json *f, const uint32_t *events, size_t n);

#endif
