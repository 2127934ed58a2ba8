/* The events of a perf recording as sample types: "samples" first, then one for each event. How many there are is only
 * known in the end, so until then a sample's event and amount are kept apart. */
#ifndef SONDE_PROFILE_PERF_EVENTS_H
#define SONDE_PROFILE_PERF_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/assembly.h"

/* Every sample gets a value for every event, so they must be few. */
enum { perf_events_most = 64 };

/* What a sample counts: the event's number and how much of it. */
struct perf_amount {
    uint32_t event;
    int64_t value;
};

struct perf_events {
    struct mem *mem;
    struct arena texts;
    struct str_map index;
    VEC(struct str) names;
    VEC(struct perf_amount) amounts; /* one a sample */
};

void perf_events_init(struct perf_events *events, struct mem *mem);
void perf_events_finish(struct perf_events *events);

/* The number of an event, which is added where it is new; PROFILE_NONE on exhaustion. */
uint32_t perf_events_find(struct perf_events *events, struct str name);

/* Keeps what the sample that was added last counts. False on exhaustion. */
bool perf_events_count(struct perf_events *events, struct perf_amount amount);

/* Adds the sample types to an assembly whose samples have the one value "samples", and all values; sets the period, and
 * puts the program's mapping first. False on exhaustion. */
bool perf_events_put(struct perf_events *events, struct assembly *assembly);

#endif
