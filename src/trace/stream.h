/* The events of one thread in a generation, decoded a chunk at a time: times in nanoseconds, arguments, and whether the
 * strings and stacks are defined that they name. Decoding depends on nothing but the generation, so that another thread
 * can do it ahead of the one that reads:
 *
 *     bytes ──decode──▶ chunk (full) ──▶ the reader plays its events ──▶ chunk (free) ──▶ decoded into again
 *
 * There are two chunks, which are filled in turn. Whoever fills one holds `busy`; what counts them is only written by
 * one side, `made` by that holder and `freed` by the reader. */
#ifndef SONDE_TRACE_STREAM_H
#define SONDE_TRACE_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "trace/event.h"
#include "trace/generation.h"

enum { stream_chunks = 2 };

/* What comes behind the events of a chunk. */
enum stream_end { stream_goes_on, stream_ends, stream_is_broken };

/* Where to go on decoding. */
struct stream_place {
    struct cursor bytes;
    int64_t last;   /* time of the event before in this batch, or 0 */
    uint32_t batch; /* UINT32_MAX behind the last */
};

struct stream_chunk {
    struct stream_place from;
    uint32_t n;
    enum stream_end end;
};

struct trace_stream {
    /* The reader's. */
    struct trace_event *next; /* the next event */
    struct trace_event *stop; /* there something is to be done before the one after it is there */
    int64_t m;
    uint32_t thread; /* for whoever merges: the thread's index in the order */
    uint32_t taken;  /* chunks that the reader has begun */

    /* The same for both. */
    const struct trace_generation *generation;
    struct trace_event *events; /* chunk i's from i * room on */
    uint32_t room;

    char apart[64];         /* from what the other side writes */
    _Atomic uint32_t made;  /* chunks that were filled */
    _Atomic uint32_t freed; /* of those, how many the reader has done with */
    atomic_bool busy;

    /* The holder's. */
    struct stream_place place;
    struct stream_chunk chunks[stream_chunks];
    bool over; /* there are no more events, or what follows is none */
};

/* Prepares the stream of a thread of a generation; `events` has room for stream_chunks * room events. */
void trace_stream_init(struct trace_stream *stream, const struct trace_generation *generation, uint32_t thread,
                       struct trace_event *events, uint32_t room);

/* Fills the next chunk where that is free and nobody is at it. May be called by any thread. Whether it did. */
bool trace_stream_fill(struct trace_stream *stream);

enum stream_step {
    stream_at_event, /* `next` is the next event */
    stream_at_end,
    stream_at_fault,
};

/* Goes on to the first event. */
enum stream_step trace_stream_begin(struct trace_stream *stream);

/* Where `next` has come to `stop`: goes on to the next chunk, or frees the one before. *freed tells the latter; the
 * events before `next` may be overwritten then, but for the last one. */
enum stream_step trace_stream_turn(struct trace_stream *stream, bool *freed);

/* The offset of the next event in the file; what is wrong with it where it is broken. */
uint64_t trace_stream_offset(const struct trace_stream *stream);
void trace_stream_explain(const struct trace_stream *stream, struct trace_fault *fault);

#endif
