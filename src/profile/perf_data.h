/* perf.data, as `perf record` writes it. */
#ifndef SONDE_PROFILE_PERF_DATA_H
#define SONDE_PROFILE_PERF_DATA_H

#include <stdbool.h>

#include "base/cursor.h"
#include "profile/foreign.h"
#include "profile/profile.h"

/* Whether bytes begin as a perf.data file does. */
bool perf_data_is(struct str bytes);

/* Reads samples with their call chains, mappings with build ids, and the names of threads. Addresses get their names
 * from whoever symbolizes profiles; frames that only a dump of the stack tells are not found. One sample type for each
 * event beside the count of samples; comm, pid and tid are labels. foreign_done or foreign_broken. */
enum foreign_result perf_data_read(struct str bytes, struct mem *mem, struct profile *out, struct fault *fault);

#endif
