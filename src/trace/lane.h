/* A lane: what one thing of the timeline did, in order of time; and its levels, which answer for any window at any
 * width in time that depends on the width alone.
 *
 * What follows what never overlaps within a lane, so an item needs no more than when it began and what it is. Items
 * stand in chunks of up to 128, with 32 bits for the time since the chunk's begin and 32 for what it is; a chunk ends
 * early where 32 bits of nanoseconds (4.29 s) do not reach. Some forms need a third word:
 *
 *     states   {at, what}          each lasts until the next: what a goroutine did
 *     spans    {at, what, length}  with gaps between them: what ran on a processor
 *     points   {at, what}          without length: logs, CPU samples
 *     values   {at, low, high}     64 bits that hold until the next: the heap's size
 *
 *     chunk   +0  older          the chunk before; the lane knows its newest
 *             +8  begin          ns, of the first item
 *            +16  end            ns, of the last one (of points: when it happened)
 *            +24  n              items
 *            +28  room           how many fit
 *            +32  item 0         at      ns since begin
 *            +36                 what    state << 28 | what the owner of the lane makes of it
 *           (+40)                length  ns; UINT32_MAX: until the chunk's end (it is the last one then)
 *                 item 1 ...
 *
 * So an item takes 8 or 12 bytes, and a quarter of a byte for the chunk's head. An event is entered in whichever lane
 * it is about, and there are thousands; so what entering needs to know of the newest chunk stands in the lane itself,
 * and only the line of memory is touched that the item goes to.
 *
 * When a lane is complete, lane_index adds its levels: a block for each chunk, with the sums of all that came before it
 * (how many items, how long in each state), and, over every 16 blocks, and every 16 of those, and so on, how long the
 * longest item is, or the least and greatest value:
 *
 *     levels  [      0..65535       ]              longest item, or minimum and maximum
 *             [ 0..255 ][256..511]...               "
 *             [0..15][16..31] ...                   "
 *     blocks  b0 b1 b2 b3 ...                      and sums of what came before
 *     chunks  ........................
 *
 * The time in each state between two moments is then the difference of two sums, each found by a binary search and a
 * walk over at most one chunk, so it is exact for every window; the longest item between them is the maximum of two
 * pieces of chunks and a few nodes. Nothing is estimated, and nothing that exists vanishes: every item counts in every
 * pixel that it touches, however short it is. */
#ifndef SONDE_TRACE_LANE_H
#define SONDE_TRACE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum lane_form { lane_states, lane_spans, lane_points, lane_values };

enum {
    lane_largest_chunk = 128,
    lane_fanout = 16,
    lane_state_count = 6,  /* states that take time */
    lane_state_mark = 15,  /* an item of this state takes none and does not count: it tells of the next one */
    lane_state_shift = 28, /* of what an item is */
    lane_largest_slab = 16 << 20,
};

#define LANE_WHAT(state, rest) ((uint32_t)(state) << lane_state_shift | (rest))
#define LANE_REST_MAX ((UINT32_C(1) << lane_state_shift) - 1)

static inline unsigned lane_state(uint32_t what)
{
    return what >> lane_state_shift;
}

static inline uint32_t lane_rest(uint32_t what)
{
    return what & LANE_REST_MAX;
}

struct lane_chunk {
    struct lane_chunk *older;
    int64_t begin, end;
    uint32_t n, room;
    uint32_t items[];
};
_Static_assert(sizeof(struct lane_chunk) == 32, "a chunk's head is what the diagram says");
_Static_assert(offsetof(struct lane_chunk, items) == 32, "the items follow the head at once");

/* What the levels know of a chunk. */
struct lane_block {
    int64_t begin;
    const struct lane_chunk *chunk;
    uint64_t before; /* items before it, marks left out */
    union {
        struct {
            int64_t covered[lane_state_count]; /* ns in each state before it */
            int64_t longest;                   /* ns, of its longest item */
        };
        struct {
            uint64_t min, max; /* of its values */
        };
    };
};
_Static_assert(sizeof(struct lane_block) <= lane_largest_chunk, "a block costs less than a byte for each item");

/* The same for lane_fanout blocks, or nodes. */
union lane_node {
    int64_t longest;
    struct {
        uint64_t min, max;
    };
};

struct lane {
    struct lane_chunk *newest; /* NULL while it is empty */
    union {
        struct {
            int64_t begin, end; /* of the newest chunk, until the lane is closed */
        };
        struct {
            struct lane_block *blocks; /* then: NULL until it is indexed, and where one chunk is all */
            union lane_node *nodes;    /* the levels one after the other, the finest first */
        };
    };
    uint32_t nchunks;
    uint8_t n, room; /* of the newest chunk */
    uint8_t form;    /* enum lane_form */
    bool closed;
};
_Static_assert(sizeof(struct lane) == 32, "there are as many lanes as goroutines");
_Static_assert(lane_largest_chunk <= UINT8_MAX, "a chunk's items are counted in a byte");

/* Where chunks live: they are only given back all together, or (with lane_close) for other lanes to use. */
struct lane_slab;
struct larder;
struct lane_pool {
    struct mem *mem;
    struct larder *larder;  /* where slabs of the largest size may be ready; NULL for none */
    struct lane_slab *slab; /* the newest; slabs double in size up to a limit */
    char *next, *end;       /* free bytes of it */
    struct lane_chunk *free[2][5];
    uint64_t bytes; /* of all slabs */
};

void lane_pool_init(struct lane_pool *pool, struct mem *mem);
void lane_pool_finish(struct lane_pool *pool);

/* An empty lane; it owns nothing. */
static inline struct lane lane_of(enum lane_form form)
{
    return (struct lane){.form = (uint8_t)form};
}

/* Appends an item; false on exhaustion. A time before the end of what is there counts as that end. */
bool lane_push(struct lane *lane, struct lane_pool *pool, int64_t time, uint32_t what);
bool lane_push_span(struct lane *lane, struct lane_pool *pool, int64_t begin, int64_t end, uint32_t what);
bool lane_push_value(struct lane *lane, struct lane_pool *pool, int64_t time, uint64_t value);

/* Has the memory fetched that the next item of a lane that is not closed will go to. */
static inline void lane_expect(const struct lane *lane)
{
    if (lane->newest)
        __builtin_prefetch(lane->newest->items + (size_t)lane->n * (lane->form == lane_states ? 2 : 3), 1);
}

/* Ends a lane: nothing can be added any more. The last item of states and values ends at `end`. */
void lane_close(struct lane *lane, struct lane_pool *pool, int64_t end);

/* What the last item of a lane that is not closed is; 0 for an empty one. */
uint32_t lane_last(const struct lane *lane);

/* Builds the levels of a closed lane; false on exhaustion. */
bool lane_index(struct lane *lane, struct mem *mem);
void lane_drop_index(struct lane *lane, struct mem *mem);

/* An item; of values, `value` holds from begin to end. */
struct lane_item {
    int64_t begin, end;
    uint32_t what;
    uint64_t value;
};

/* Where a reader of an indexed lane is. */
struct lane_reader {
    const struct lane *lane;
    struct lane_block only; /* of a lane of one chunk */
    const struct lane_block *blocks;
    uint32_t nblocks, block, i;
};

/* Goes to the first item that begins at `time` or later, or is not over by then. */
void lane_seek(struct lane_reader *reader, const struct lane *lane, int64_t time);

/* The next item, or (false at the begin of the lane, and then nothing moves) the one before. */
bool lane_next(struct lane_reader *reader, struct lane_item *item);
bool lane_previous(struct lane_reader *reader, struct lane_item *item);

/* What happens in a lane between two moments. */
struct lane_pixel {
    int64_t covered[lane_state_count]; /* ns in each state */
    uint64_t count;                    /* items that it touches, marks left out */
    int64_t longest;                   /* ns that the item takes in it which takes most; of several the first */
    int64_t begin;                     /* of that item (of points: the first one), as a whole */
    uint32_t what;                     /* of that item */
};

/* Pixel i of `width` is of the time from begin + (end - begin) * i / width (rounded down) to where the next begins, but
 * of one nanosecond at least. An item is in a pixel when it begins before the pixel's end, and ends behind the pixel's
 * begin or begins there or later. `begin` must not be behind `end`. */
void lane_draw(const struct lane *lane, int64_t begin, int64_t end, uint32_t width, struct lane_pixel *pixels);

/* The same for values. */
struct lane_values {
    uint64_t count;       /* values that begin in it, and one that held at its begin */
    uint64_t first, last; /* of those; 0 where there are none, as the next two */
    uint64_t min, max;
};

void lane_draw_values(const struct lane *lane, int64_t begin, int64_t end, uint32_t width, struct lane_values *pixels);

/* Where pixel i begins. */
int64_t lane_edge(int64_t begin, int64_t end, uint32_t width, uint32_t i);

/* All of a lane: how many items, how long in each state. */
void lane_total(const struct lane *lane, struct lane_pixel *total);

/* Bytes that its levels take. */
size_t lane_index_size(const struct lane *lane);

#endif
