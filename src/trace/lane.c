/* Appending, and the levels. Drawing is in lane_draw.c. */
#include "trace/lane.h"

#include <string.h>

#include "trace/larder.h"

struct lane_slab {
    struct lane_slab *older;
    size_t size; /* of the whole block */
};

enum { smallest_slab = 16 << 10, smallest_chunk = 8, size_classes = 5 };
_Static_assert(smallest_chunk << (size_classes - 1) == lane_largest_chunk, "a class for each size of chunk");

void lane_pool_init(struct lane_pool *pool, struct mem *mem)
{
    *pool = (struct lane_pool){.mem = mem};
}

void lane_pool_finish(struct lane_pool *pool)
{
    for (struct lane_slab *slab = pool->slab; slab;) {
        struct lane_slab *older = slab->older;
        mem_put(pool->mem, slab, slab->size);
        slab = older;
    }
    lane_pool_init(pool, pool->mem);
}

static unsigned word_count(unsigned form)
{
    return form == lane_states || form == lane_points ? 2 : 3;
}

static size_t chunk_size(unsigned form, uint32_t room)
{
    return (sizeof(struct lane_chunk) + (size_t)room * word_count(form) * sizeof(uint32_t) + 7) & ~(size_t)7;
}

/* The list of free chunks of a size; NULL for sizes that are not a power of two. */
static struct lane_chunk **free_list(struct lane_pool *pool, unsigned form, uint32_t room)
{
    for (unsigned i = 0; i < size_classes; i++) {
        if (room == (uint32_t)smallest_chunk << i)
            return &pool->free[word_count(form) - 2][i];
    }
    return NULL;
}

static bool add_slab(struct lane_pool *pool)
{
    size_t size = pool->slab ? pool->slab->size * 2 : smallest_slab;
    size = size < lane_largest_slab ? size : lane_largest_slab;
    struct lane_slab *slab = pool->larder && size == lane_largest_slab ? larder_take(pool->larder) : NULL;
    slab = slab ? slab : mem_get(pool->mem, size);
    if (!slab)
        return false;
    *slab = (struct lane_slab){pool->slab, size};
    pool->slab = slab;
    pool->next = (char *)(slab + 1);
    pool->end = (char *)slab + size;
    pool->bytes += size;
    return true;
}

static char *pool_get(struct lane_pool *pool, size_t size)
{
    if ((size_t)(pool->end - pool->next) < size && !add_slab(pool))
        return NULL;
    char *block = pool->next;
    pool->next += size;
    return block;
}

static struct lane_chunk *new_chunk(struct lane_pool *pool, unsigned form, uint32_t room)
{
    struct lane_chunk **list = free_list(pool, form, room), *chunk = list ? *list : NULL;
    if (chunk)
        *list = chunk->older;
    else
        chunk = (struct lane_chunk *)(void *)pool_get(pool, chunk_size(form, room));
    if (chunk)
        *chunk = (struct lane_chunk){.room = room};
    return chunk;
}

/* Item i of a chunk. */
static uint32_t *item(const struct lane *lane, uint32_t i)
{
    return lane->newest->items + (size_t)i * word_count(lane->form);
}

/* Writes what the lane knows of its newest chunk into it. */
static void settle(struct lane *lane)
{
    lane->newest->begin = lane->begin;
    lane->newest->end = lane->end;
    lane->newest->n = lane->n;
}

/* Puts the items of the newest chunk into one of another size, and its own where others find it. What cannot be had is
 * not needed: the chunk stays. */
static void resize_newest(struct lane *lane, struct lane_pool *pool, uint32_t room)
{
    struct lane_chunk *chunk = lane->newest, **list = free_list(pool, lane->form, chunk->room);
    struct lane_chunk *other = list ? new_chunk(pool, lane->form, room) : NULL;
    if (!other)
        return;
    *other = *chunk;
    other->room = room;
    memcpy(other->items, chunk->items, (size_t)lane->n * word_count(lane->form) * sizeof(uint32_t));
    lane->newest = other;
    lane->room = (uint8_t)room;
    chunk->older = *list;
    *list = chunk;
}

/* Ends the newest chunk and gives the room behind its last item back. */
static void end_chunk(struct lane *lane, struct lane_pool *pool)
{
    if (chunk_size(lane->form, lane->n) < chunk_size(lane->form, lane->room))
        resize_newest(lane, pool, lane->n);
    settle(lane);
}

static bool holds_on(unsigned form)
{
    return form == lane_states || form == lane_values;
}

/* Begins a chunk at a time; false on exhaustion. Whoever filled a chunk will fill another; who did not is slow. */
static bool begin_chunk(struct lane *lane, struct lane_pool *pool, int64_t time)
{
    uint32_t room = lane->newest && lane->n == lane_largest_chunk ? lane_largest_chunk : smallest_chunk;
    if (lane->newest) {
        if (holds_on(lane->form))
            lane->end = time;
        end_chunk(lane, pool);
    }
    struct lane_chunk *chunk = new_chunk(pool, lane->form, room);
    if (!chunk)
        return false;
    chunk->older = lane->newest;
    lane->newest = chunk;
    lane->begin = lane->end = time;
    lane->n = 0;
    lane->room = (uint8_t)room;
    lane->nchunks++;
    return true;
}

static bool reaches(const struct lane *lane, int64_t time)
{
    return (uint64_t)time - (uint64_t)lane->begin <= UINT32_MAX;
}

/* Makes room for an item of some time. A chunk is doubled until it is of the largest size, so that all but the last are
 * full, where time allows. */
static bool make_room(struct lane *lane, struct lane_pool *pool, int64_t time)
{
    if (lane->n > 0 && lane->n == lane->room && lane->room < lane_largest_chunk && reaches(lane, time))
        resize_newest(lane, pool, 2 * lane->room);
    return (lane->n < lane->room && reaches(lane, time)) || begin_chunk(lane, pool, time);
}

/* Where an item of some time goes, which is entered; NULL on exhaustion. */
static inline uint32_t *place(struct lane *lane, struct lane_pool *pool, int64_t time)
{
    if ((lane->n == lane->room || !reaches(lane, time)) && !make_room(lane, pool, time))
        return NULL;
    uint32_t *words = item(lane, lane->n++);
    words[0] = (uint32_t)((uint64_t)time - (uint64_t)lane->begin);
    lane->end = time;
    return words;
}

static int64_t not_before(const struct lane *lane, int64_t time)
{
    return lane->newest && time < lane->end ? lane->end : time;
}

bool lane_push(struct lane *lane, struct lane_pool *pool, int64_t time, uint32_t what)
{
    uint32_t *words = place(lane, pool, not_before(lane, time));
    if (!words)
        return false;
    words[1] = what;
    return true;
}

bool lane_push_span(struct lane *lane, struct lane_pool *pool, int64_t begin, int64_t end, uint32_t what)
{
    begin = not_before(lane, begin);
    if (end < begin)
        end = begin;
    /* Nothing can follow, within a chunk, what lasts until its end. */
    if (lane->n > 0 && item(lane, lane->n - 1U)[2] == UINT32_MAX && !begin_chunk(lane, pool, begin))
        return false;
    uint32_t *words = place(lane, pool, begin);
    if (!words)
        return false;
    uint64_t length = (uint64_t)end - (uint64_t)begin;
    words[1] = what;
    words[2] = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
    lane->end = end;
    return true;
}

bool lane_push_value(struct lane *lane, struct lane_pool *pool, int64_t time, uint64_t value)
{
    uint32_t *words = place(lane, pool, not_before(lane, time));
    if (!words)
        return false;
    words[1] = (uint32_t)value;
    words[2] = (uint32_t)(value >> 32);
    return true;
}

void lane_close(struct lane *lane, struct lane_pool *pool, int64_t end)
{
    if (lane->newest && !lane->closed) {
        if (holds_on(lane->form))
            lane->end = not_before(lane, end);
        end_chunk(lane, pool);
    }
    lane->closed = true;
    lane->blocks = NULL;
    lane->nodes = NULL;
}

uint32_t lane_last(const struct lane *lane)
{
    return lane->newest ? item(lane, lane->n - 1U)[1] : 0;
}

static void add_value(struct lane_block *block, uint64_t value)
{
    block->min = value < block->min ? value : block->min;
    block->max = value > block->max ? value : block->max;
}

/* Adds what a chunk holds to the sums that the block behind it begins with, and notes its extremes in its own. */
static void sum_chunk(unsigned form, struct lane_block *block, struct lane_block *next)
{
    const struct lane_chunk *chunk = block->chunk;
    unsigned step = word_count(form);
    const uint32_t *item = chunk->items, *last = item + (size_t)(chunk->n - 1) * step;
    for (const uint32_t *p = item; p <= last && form == lane_values; p += step)
        add_value(block, (uint64_t)p[2] << 32 | p[1]);
    next->before += form == lane_values || form == lane_points ? chunk->n : 0;
    for (const uint32_t *p = item; p <= last && form != lane_values && form != lane_points; p += step) {
        int64_t length;
        if (form == lane_spans)
            length = p[2] == UINT32_MAX ? chunk->end - chunk->begin - p[0] : p[2];
        else
            length = (p == last ? chunk->end - chunk->begin : p[step]) - p[0];
        if (lane_state(p[1]) < lane_state_count)
            next->covered[lane_state(p[1])] += length;
        next->before += lane_state(p[1]) != lane_state_mark;
        if (length > block->longest)
            block->longest = length;
    }
}

/* How many nodes there are over n blocks. */
static size_t count_nodes(uint32_t n)
{
    size_t nodes = 0;
    while (n > lane_fanout) {
        n = (n + lane_fanout - 1) / lane_fanout;
        nodes += n;
    }
    return nodes;
}

size_t lane_index_size(const struct lane *lane)
{
    return lane->blocks
               ? lane->nchunks * sizeof(struct lane_block) + count_nodes(lane->nchunks) * sizeof(union lane_node)
               : 0;
}

static void merge_node(bool is_values, union lane_node *into, union lane_node node)
{
    if (is_values) {
        into->min = node.min < into->min ? node.min : into->min;
        into->max = node.max > into->max ? node.max : into->max;
    } else if (node.longest > into->longest) {
        into->longest = node.longest;
    }
}

/* What a block tells the levels over it. */
static union lane_node node_of_block(bool is_values, const struct lane_block *block)
{
    union lane_node node = {.min = block->min, .max = block->max};
    if (!is_values)
        node.longest = block->longest;
    return node;
}

static void fill_nodes(struct lane *lane)
{
    bool is_values = lane->form == lane_values;
    union lane_node *level = lane->nodes, *below = NULL;
    for (uint32_t n = lane->nchunks; n > lane_fanout;) {
        uint32_t parents = (n + lane_fanout - 1) / lane_fanout;
        for (uint32_t i = 0; i < n; i++) {
            union lane_node child = below ? below[i] : node_of_block(is_values, &lane->blocks[i]);
            if (i % lane_fanout == 0)
                level[i / lane_fanout] = child;
            else
                merge_node(is_values, &level[i / lane_fanout], child);
        }
        below = level;
        level += parents;
        n = parents;
    }
}

static void fill_blocks(struct lane *lane)
{
    const struct lane_chunk *chunk = lane->newest;
    for (uint32_t i = lane->nchunks; i > 0; i--, chunk = chunk->older)
        lane->blocks[i - 1] = (struct lane_block){.begin = chunk->begin, .chunk = chunk};
    struct lane_block behind = {0};
    for (uint32_t i = 0; i < lane->nchunks; i++) {
        struct lane_block *block = &lane->blocks[i];
        block->before = behind.before;
        if (lane->form == lane_values)
            block->min = UINT64_MAX;
        else
            memcpy(block->covered, behind.covered, sizeof block->covered);
        sum_chunk(lane->form, block, &behind);
    }
}

bool lane_index(struct lane *lane, struct mem *mem)
{
    if (lane->nchunks < 2)
        return true;
    size_t nnodes = count_nodes(lane->nchunks);
    lane->blocks = mem_get_array(mem, lane->nchunks, sizeof *lane->blocks);
    lane->nodes = nnodes > 0 ? mem_get_array(mem, nnodes, sizeof *lane->nodes) : NULL;
    if (!lane->blocks || (nnodes > 0 && !lane->nodes)) {
        lane_drop_index(lane, mem);
        return false;
    }
    fill_blocks(lane);
    fill_nodes(lane);
    return true;
}

void lane_drop_index(struct lane *lane, struct mem *mem)
{
    if (!lane->closed)
        return;
    if (lane->blocks)
        mem_put(mem, lane->blocks, lane->nchunks * sizeof *lane->blocks);
    if (lane->nodes)
        mem_put(mem, lane->nodes, count_nodes(lane->nchunks) * sizeof *lane->nodes);
    lane->blocks = NULL;
    lane->nodes = NULL;
}
