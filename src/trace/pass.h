/* One pass over a trace: every event of it to whoever wants them. */
#ifndef SONDE_TRACE_PASS_H
#define SONDE_TRACE_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "trace/delays.h"
#include "trace/event.h"
#include "trace/fault.h"

/* What a pass found out of the trace as a whole. */
struct trace_extent {
    uint64_t events;  /* that were delivered */
    uint64_t marked;  /* up to and with the last mark: what comes behind it is not whole */
    int64_t begin;    /* time of the first event */
    int64_t end;      /* time of the last mark */
    int64_t last;     /* time of the last event */
    unsigned version; /* NN of the header "go 1.NN trace" */
    struct trace_share share;
};

/* Takes an event; false to end the pass, as where memory is exhausted. */
typedef bool trace_take(void *state, const struct trace_event *event);

/* Reads the trace, all of it or the first `most` events, and gives each to `take`. `fault` is set where the trace is
 * broken: what came before counts, as far as `marked` says. False where nothing of it is good (no mark came), or `take`
 * ended the pass; `fault` is set then, too. */
bool trace_pass(struct str bytes, struct mem *mem, uint64_t most, trace_take *take, void *state,
                struct trace_extent *extent, struct trace_fault *fault);

#endif
