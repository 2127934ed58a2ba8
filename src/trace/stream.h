/* The events of one thread in a generation, decoded a chunk at a time, ahead of whoever merges them: times in
 * nanoseconds, arguments, and whether the strings and stacks are defined that they name. Decoding depends on nothing
 * but the generation and the place where a chunk begins, so that a stream can be taken back to where it was. */
#ifndef SONDE_TRACE_STREAM_H
#define SONDE_TRACE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "trace/event.h"
#include "trace/generation.h"

/* What the bytes of an event say, and of which stream it is. */
struct stream_event {
    int64_t time;
    uint64_t args[trace_max_args - 1];
    uint32_t stream;
    uint8_t type;
    bool unknown_names;
};

/* What comes behind the events of a chunk. */
enum stream_end { stream_goes_on, stream_ends, stream_is_broken };

/* Where to go on decoding. */
struct stream_place {
    uint32_t batch, at; /* a byte of a batch; UINT32_MAX behind the last batch */
    int64_t last;       /* time of the event before in this batch, or 0 */
};

struct trace_stream {
    struct stream_event *next; /* the next event */
    struct stream_event *stop; /* the end of the chunk */
    int64_t after;             /* time of the event behind the next one, if that is in the chunk */
    struct stream_event *events;
    uint32_t room;
    uint32_t index;             /* the stream's, which is the thread's in the generation */
    struct stream_place from;   /* where the chunk begins */
    struct stream_place behind; /* and what follows it */
    enum stream_end end;
};

/* Prepares the stream of thread number `index` of a generation; `events` has room for so many events. */
void trace_stream_init(struct trace_stream *stream, const struct trace_generation *generation, uint32_t index,
                       struct stream_event *events, uint32_t room);

/* Decodes the next chunk, whose events are between `next` and `stop` then: none behind the last one or where the first
 * is broken. */
void trace_stream_fill(struct trace_stream *stream, const struct trace_generation *generation);

/* Takes a stream back to where a copy of it was made. */
void trace_stream_return(struct trace_stream *stream, const struct trace_stream *copy,
                         const struct trace_generation *generation);

/* The offset of the next event in the file; what is wrong with it where it is broken. */
uint64_t trace_stream_offset(const struct trace_stream *stream, const struct trace_generation *generation);
void trace_stream_explain(const struct trace_stream *stream, const struct trace_generation *generation,
                          struct trace_fault *fault);

#endif
