/* Traces as Perfetto's protobuf (a perfetto.protos.Trace), for ui.perfetto.dev and trace_processor: what timeline.h
 * has, with a track for each row, slices, instants, counters and flows on them, names and stacks interned. The numbers
 * of tracks depend on what they are of alone, so they are the same in every part of a trace. Field numbers as in
 * https://perfetto.dev/docs/reference/trace-packet-proto.
 *
 *     perfetto_begin(&perfetto, mem, groups, range, &out)
 *     perfetto_add(&perfetto, event, &out)    for each; `out` may be written and emptied at any time
 *     perfetto_end(&perfetto, &out)
 */
#ifndef SONDE_TRACE_PERFETTO_H
#define SONDE_TRACE_PERFETTO_H

#include "base/arena.h"
#include "trace/timeline.h"

struct perfetto {
    struct timeline_sink sink;
    struct timeline timeline;
    struct mem *mem;
    struct buf *out;
    bool began;              /* a packet was written */
    uint32_t groups;         /* bits: those whose track was described */
    uint32_t counters;       /* bits: the same of values of counters */
    struct buf event, fresh; /* of the packet at hand: the event; what is interned by it */
    struct arena arena;      /* names */
    struct str_map name_ids;
    VEC(uint8_t) texts, nodes; /* of the frame tree: which are interned */
    struct map region_tracks;  /* goroutines that have one */
};

/* Appends nothing yet. False on exhaustion; otherwise perfetto_finish is due. */
bool perfetto_begin(struct perfetto *perfetto, struct mem *mem, const bool groups[timeline_groups],
                    struct trace_range range);
void perfetto_finish(struct perfetto *perfetto);

/* Appends the packets that an event completes, or the last ones. False on exhaustion. */
bool perfetto_add(struct perfetto *perfetto, const struct trace_event *event, struct buf *out);
bool perfetto_end(struct perfetto *perfetto, struct buf *out);

#endif
