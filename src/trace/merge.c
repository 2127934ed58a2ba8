#include "trace/merge.h"

#include <assert.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

void merge_init(struct merge *merge, struct mem *mem)
{
    *merge = (struct merge){.mem = mem};
}

/* --- Where it stands --- */

/* Between what two threads write, which nothing else tells apart. */
enum { apart = 128 };

static size_t state_size(uint32_t room)
{
    return 2 * apart + room * (sizeof(struct trace_stream) + sizeof(int64_t) + sizeof(uint32_t));
}

static void state_finish(struct merge_state *state, struct mem *mem)
{
    if (state->streams)
        mem_put(mem, (char *)state->streams - apart, state_size(state->room));
    *state = (struct merge_state){.n = 0};
}

/* Makes room for n threads and one place more in the heap; what there was is lost. */
static bool state_reserve(struct merge_state *state, uint32_t n, struct mem *mem)
{
    if (n < state->room)
        return true;
    state_finish(state, mem);
    char *block = mem_get(mem, state_size(n + 1));
    if (!block)
        return false;
    state->room = n + 1;
    state->streams = (struct trace_stream *)(block + apart);
    state->times = (int64_t *)(state->streams + state->room);
    state->order = (uint32_t *)(state->times + state->room);
    return true;
}

static void heap_copy(struct merge_state *to, const struct merge_state *from)
{
    to->n = from->n;
    to->nstreams = from->nstreams;
    memcpy(to->times, from->times, (from->nstreams + 1) * sizeof *to->times);
    memcpy(to->order, from->order, (from->nstreams + 1) * sizeof *to->order);
}

void merge_finish(struct merge *merge)
{
    state_finish(&merge->at, merge->mem);
    mem_put(merge->mem, merge->events, merge->room * sizeof *merge->events);
    vec_finish(&merge->lesser, merge->mem);
    vec_finish(&merge->sorted, merge->mem);
}

void merge_run_finish(struct merge_run *run, struct mem *mem)
{
    mem_put(mem, run->events, (run->room + run_margin) * sizeof *run->events);
    state_finish(&run->from, mem);
    *run = (struct merge_run){.n = 0};
}

bool merge_run_reserve(struct merge_run *run, uint32_t events, uint32_t threads, struct mem *mem)
{
    if (events > run->room) {
        merge_run_finish(run, mem);
        run->events = mem_get_array(mem, events + run_margin, sizeof *run->events);
        run->room = run->events ? events : 0;
        if (run->events)
            memset(run->events, 0, (events + run_margin) * sizeof *run->events);
    }
    run->n = 0;
    return run->room >= events && state_reserve(&run->from, threads, mem);
}

/* --- The heap --- */

/* Moves what is at place i up while its parent is greater. */
static size_t sift_up(struct merge_state *at, size_t i)
{
    int64_t time = at->times[i];
    uint32_t stream = at->order[i];
    for (; i > 0 && at->times[(i - 1) / 2] > time; i = (i - 1) / 2) {
        at->times[i] = at->times[(i - 1) / 2];
        at->order[i] = at->order[(i - 1) / 2];
    }
    at->times[i] = time;
    at->order[i] = stream;
    return i;
}

/* Moves the thread at place i down while one below is earlier; of two the earlier one, the left one where they are
 * equal. */
static inline void sink(struct merge_state *at, size_t i)
{
    int64_t *times = at->times, time = times[i];
    uint32_t *order = at->order, stream = order[i];
    for (size_t n = at->n, child; (child = 2 * i + 1) < n; i = child) {
        child += times[child + 1] < times[child]; /* behind the last there is one that is never less */
        if (times[child] >= time)
            break;
        times[i] = times[child];
        order[i] = order[child];
    }
    times[i] = time;
    order[i] = stream;
}

/* Moves the thread at place i to where its next event belongs. */
static void move(struct merge_state *at, size_t i)
{
    at->times[i] = at->streams[at->order[i]].next->time;
    if (i == 0 || sift_up(at, i) == i)
        sink(at, i);
}

/* Removes place i: its thread goes up to the root, the last thread takes its place there. */
static void heap_remove(struct merge_state *at, size_t i)
{
    for (; i > 0; i = (i - 1) / 2) {
        at->times[i] = at->times[(i - 1) / 2];
        at->order[i] = at->order[(i - 1) / 2];
    }
    at->n--;
    at->times[0] = at->times[at->n];
    at->order[0] = at->order[at->n];
    at->times[at->n] = INT64_MAX;
    sink(at, 0);
}

/* Finds the lesser child of a place, the left one of equal ones; a place behind the last where there is none. */
static inline void find_lesser(const int64_t *times, uint32_t *lesser, size_t place)
{
    size_t left = 2 * place + 1;
    lesser[place] = (uint32_t)(left + (times[left + 1] < times[left]));
}

static void find_all_lesser(struct merge *merge)
{
    size_t n = merge->at.n, parents = n / 2;
    for (size_t i = 0; i < parents; i++)
        find_lesser(merge->at.times, merge->lesser.at, i);
    for (size_t i = parents; i < n; i++)
        merge->lesser.at[i] = (uint32_t)(2 * i + 1);
}

/* As sink from the root, with a new time for its thread. The way down is known beforehand and is gone to its end,
 * behind the place where the thread remains with all others as they are: so there is hardly a branch that has to be
 * guessed. */
static inline __attribute__((always_inline)) void sink_root(struct merge *merge, int64_t time)
{
    int64_t *times = merge->at.times;
    uint32_t *order = merge->at.order, *lesser = merge->lesser.at, stream = order[0];
    size_t n = merge->at.n, above = 0, hole = lesser[0];
    if (hole >= n || times[hole] >= time) {
        times[0] = time;
        return;
    }
    times[0] = times[hole];
    order[0] = order[hole];
    for (size_t place; (place = lesser[hole]) < n; hole = place) {
        int64_t below = times[place];
        uint32_t stream_below = order[place], swap = (stream ^ stream_below) & -(uint32_t)(below < time);
        times[hole] = below < time ? below : time;
        time = below < time ? time : below;
        order[hole] = stream ^ swap;
        stream = stream_below ^ swap;
        find_lesser(times, lesser, above);
        above = hole;
    }
    times[hole] = time;
    order[hole] = stream;
    find_lesser(times, lesser, above);
}

bool merge_sort(struct merge *merge)
{
    struct merge_state *at = &merge->at;
    merge->sorted.n = 0;
    if (!vec_reserve(&merge->sorted, merge->mem, at->n))
        return false;
    for (uint32_t i = 0; i < at->n; i++)
        merge->sorted.at[i] = (struct sort_pair){at->times[i], at->order[i]};
    sort_pairs(merge->sorted.at, at->n);
    for (uint32_t i = 0; i < at->n; i++) {
        at->times[i] = merge->sorted.at[i].key;
        at->order[i] = merge->sorted.at[i].value;
    }
    return true;
}

/* --- Going on --- */

/* Whether a stream's next event is the last of its chunk. */
static inline bool is_last(const struct trace_stream *stream)
{
    return stream->next + 1 == stream->stop;
}

/* Goes on in a stream behind an event that is not the last of its chunk; the time of the one that is next then. */
static inline int64_t step(struct trace_stream *stream)
{
    int64_t time = stream->after;
    stream->next++;
    if (!is_last(stream))
        stream->after = stream->next[1].time;
    return time;
}

/* Goes on at place i of the heap behind an event that no broken one follows. */
static void pass(struct merge *merge, size_t i)
{
    struct trace_stream *stream = merge_at(merge, i);
    if (!is_last(stream))
        step(stream);
    else if (stream->end == stream_goes_on)
        trace_stream_fill(stream, merge->generation);
    else
        stream->next++;
    if (stream->next < stream->stop)
        move(&merge->at, i);
    else
        heap_remove(&merge->at, i);
}

bool merge_advance(struct merge *merge, size_t i, struct trace_fault *fault)
{
    struct trace_stream *stream = merge_at(merge, i);
    if (is_last(stream) && stream->end == stream_is_broken) {
        stream->next++;
        trace_stream_explain(stream, merge->generation, fault);
        return false;
    }
    pass(merge, i);
    return true;
}

/* What is done with the events of a run: they are kept, or kept past the caches, for which they must be aligned. */
enum keeping { keep_none, keep_near, keep_away };

static inline void keep(struct stream_event *place, const struct stream_event *event, enum keeping keeping)
{
    if (keeping == keep_near)
        *place = *event;
    if (keeping != keep_away)
        return;
#ifdef __SSE2__
    static_assert(sizeof *event % sizeof(__m128i) == 0, "an event is a number of vectors");
    for (size_t i = 0; i < sizeof *event / sizeof(__m128i); i++)
        _mm_stream_si128((__m128i *)place + i, _mm_loadu_si128((const __m128i *)event + i));
#else
    *place = *event;
#endif
}

/* Goes on at the root as long as no thread ends and nothing is broken, for up to `most` events; how many there were. */
static inline __attribute__((always_inline)) uint32_t run_simply(struct merge *merge, struct stream_event *events,
                                                                 uint32_t most, enum keeping keeping)
{
    struct trace_stream *streams = merge->at.streams;
    uint32_t n = 0;
    find_all_lesser(merge);
    for (; n < most; n++) {
        struct trace_stream *stream = &streams[merge->at.order[0]];
        bool last = is_last(stream);
        int64_t time;
        if (last && stream->end != stream_goes_on)
            break;
        keep(&events[n], stream->next, keeping);
        if (last) {
            trace_stream_fill(stream, merge->generation);
            time = stream->next->time;
        } else {
            time = step(stream);
        }
        __builtin_prefetch(stream->next + 3);
        sink_root(merge, time);
    }
    return n;
}

/* The same until something is broken. */
static inline __attribute__((always_inline)) uint32_t run_on(struct merge *merge, struct stream_event *events,
                                                             uint32_t most, enum keeping keeping)
{
    uint32_t n = run_simply(merge, events, most, keeping);
    for (; n < most && merge->at.n > 0; n++) {
        const struct trace_stream *stream = merge_at(merge, 0);
        if (is_last(stream) && stream->end == stream_is_broken)
            break;
        keep(&events[n], stream->next, keeping);
        pass(merge, 0);
    }
    return n;
}

/* Where a run begins. */
static void note_begin(const struct merge *merge, struct merge_run *run)
{
    heap_copy(&run->from, &merge->at);
    memcpy(run->from.streams, merge->at.streams, merge->at.nstreams * sizeof *merge->at.streams);
}

void merge_fill(struct merge *merge, struct merge_run *run, uint32_t most)
{
    run->n = 0;
    if (merge->at.n == 0)
        return;
    note_begin(merge, run);
    run->n = run_on(merge, run->events, most, keep_near);
}

void merge_fill_away(struct merge *merge, struct merge_run *run, uint32_t most)
{
    run->n = 0;
    if (merge->at.n == 0)
        return;
    note_begin(merge, run);
    if ((uintptr_t)run->events % 16 == 0)
        run->n = run_on(merge, run->events, most, keep_away);
    else
        run->n = run_on(merge, run->events, most, keep_near);
#ifdef __SSE2__
    _mm_sfence(); /* before the run is said to be there */
#endif
}

void merge_return(struct merge *merge, const struct merge_run *run, uint32_t n)
{
    for (uint32_t i = 0; i < run->from.nstreams; i++)
        trace_stream_return(&merge->at.streams[i], &run->from.streams[i], merge->generation);
    heap_copy(&merge->at, &run->from);
    run_on(merge, run->events, n, keep_none);
}

/* --- The begin --- */

/* Puts stream i in the heap, if it has events. */
static bool insert(struct merge *merge, uint32_t i, struct trace_fault *fault)
{
    struct merge_state *at = &merge->at;
    struct trace_stream *stream = &at->streams[i];
    trace_stream_fill(stream, merge->generation);
    if (stream->next == stream->stop && stream->end == stream_is_broken) {
        trace_stream_explain(stream, merge->generation, fault);
        return false;
    }
    if (stream->next == stream->stop)
        return true;
    at->times[at->n] = stream->next->time;
    at->order[at->n] = i;
    sift_up(at, at->n++);
    return true;
}

/* How many events a chunk of a thread holds: many, so that decoding is in a loop, but not so many that all chunks
 * together leave the caches, or are much larger than the trace. */
static uint32_t chunk_room(const struct trace_generation *generation, uint32_t i)
{
    enum { all = 1 << 12, largest = 1 << 7, least = 16 };
    uint64_t share = all / generation->threads.n;
    uint64_t room = share > largest ? largest : share < least ? least : share;
    uint64_t possible = generation->threads.at[i].bytes / 2 + 1; /* an event has a type and a time */
    return (uint32_t)(room < possible ? room : possible);
}

static bool make_streams(struct merge *merge, uint32_t n)
{
    struct merge_state *at = &merge->at;
    size_t room = 0;
    for (uint32_t i = 0; i < n; i++)
        room += chunk_room(merge->generation, i);
    if (room > merge->room) {
        mem_put(merge->mem, merge->events, merge->room * sizeof *merge->events);
        merge->events = mem_get_array(merge->mem, room, sizeof *merge->events);
        merge->room = merge->events ? room : 0;
    }
    if (room > merge->room || !state_reserve(at, n, merge->mem) || !vec_reserve(&merge->lesser, merge->mem, n))
        return false;
    struct stream_event *events = merge->events;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t share = chunk_room(merge->generation, i);
        trace_stream_init(&at->streams[i], merge->generation, i, events, share);
        events += share;
    }
    at->nstreams = n;
    return true;
}

bool merge_begin(struct merge *merge, const struct trace_generation *generation, struct trace_fault *fault)
{
    uint32_t n = (uint32_t)generation->threads.n;
    merge->generation = generation;
    merge->at.n = 0;
    if (!make_streams(merge, n))
        return trace_fault_at(fault, generation->offset, "out of memory for threads");
    for (uint32_t i = 0; i <= n; i++) {
        merge->at.times[i] = INT64_MAX;
        merge->at.order[i] = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!insert(merge, i, fault))
            return false;
    }
    return true;
}
