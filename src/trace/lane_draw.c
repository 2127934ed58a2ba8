/* Reading an indexed lane: item by item from any moment, and as pixels. */
#include <string.h>

#include "trace/lane.h"

/* A moment in a lane: how many items began before it, as a place; and what they had amounted to by then. */
struct moment {
    int64_t time;
    uint32_t block, i; /* block 0, i 0 where none began */
    uint64_t before;
    int64_t covered[lane_state_count];
};

/* Before all items. */
static const struct moment at_begin;

static unsigned word_count(unsigned form)
{
    return form == lane_states || form == lane_points ? 2 : 3;
}

static const uint32_t *item_at(unsigned form, const struct lane_chunk *chunk, uint32_t i)
{
    return chunk->items + (size_t)i * word_count(form);
}

static int64_t begin_of(unsigned form, const struct lane_chunk *chunk, uint32_t i)
{
    return chunk->begin + item_at(form, chunk, i)[0];
}

static int64_t end_of(unsigned form, const struct lane_chunk *chunk, uint32_t i)
{
    const uint32_t *item = item_at(form, chunk, i);
    switch (form) {
    case lane_states:
    case lane_values:
        return i + 1 < chunk->n ? chunk->begin + item[word_count(form)] : chunk->end;
    case lane_spans:
        return item[2] == UINT32_MAX ? chunk->end : chunk->begin + item[0] + item[2];
    default:
        return chunk->begin + item[0];
    }
}

static uint64_t value_of(const struct lane_chunk *chunk, uint32_t i)
{
    const uint32_t *item = item_at(lane_values, chunk, i);
    return (uint64_t)item[2] << 32 | item[1];
}

static void open_reader(struct lane_reader *reader, const struct lane *lane)
{
    *reader = (struct lane_reader){.lane = lane, .blocks = lane->blocks};
    if (lane->blocks) {
        reader->nblocks = lane->nchunks;
    } else if (lane->newest) { /* it is all there is: no levels were needed */
        reader->only = (struct lane_block){.begin = lane->newest->begin, .chunk = lane->newest};
        reader->nblocks = 1;
    }
}

static const struct lane_block *block_at(const struct lane_reader *reader, uint32_t i)
{
    return reader->blocks ? &reader->blocks[i] : &reader->only;
}

/* How many blocks begin before a time; the first `low` are known to. Mostly it is not far from there. */
static uint32_t count_blocks(const struct lane_reader *reader, uint32_t low, int64_t time)
{
    uint32_t high = reader->nblocks, step = 1;
    for (; high - low > step && block_at(reader, low + step)->begin < time; step *= 2)
        low += step;
    high = high - low > step ? low + step : high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (block_at(reader, middle)->begin < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many items of a chunk begin before a time, which is behind the chunk's begin. */
static uint32_t count_items(unsigned form, const struct lane_chunk *chunk, int64_t time)
{
    uint64_t reach = (uint64_t)time - (uint64_t)chunk->begin;
    uint32_t low = 0, high = chunk->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (item_at(form, chunk, middle)[0] < reach)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The place behind the last item that begins before a time; the first `low` blocks are known to. */
static void find_place(const struct lane_reader *reader, uint32_t low, int64_t time, uint32_t *block, uint32_t *i)
{
    uint32_t n = count_blocks(reader, low, time);
    *block = n > 0 ? n - 1 : 0;
    *i = n > 0 ? count_items(reader->lane->form, block_at(reader, n - 1)->chunk, time) : 0;
}

/* Adds up items of a chunk as far as they come before the moment. */
static void add_items(unsigned form, const struct lane_chunk *chunk, uint32_t from, struct moment *moment)
{
    for (uint32_t i = from; i < moment->i; i++) {
        unsigned state = lane_state(item_at(form, chunk, i)[1]);
        int64_t end = end_of(form, chunk, i);
        if (state < lane_state_count)
            moment->covered[state] += (end < moment->time ? end : moment->time) - begin_of(form, chunk, i);
        moment->before += state != lane_state_mark;
    }
}

/* Goes on from a moment, of which `at` is a copy, to a later one in the same chunk. Of what came before only the last
 * item may have been cut. */
static void go_on(unsigned form, const struct lane_chunk *chunk, const struct moment *before, struct moment *at)
{
    uint32_t last = before->i - 1;
    unsigned state = lane_state(item_at(form, chunk, last)[1]);
    int64_t end = end_of(form, chunk, last);
    if (state < lane_state_count)
        at->covered[state] -= (end < before->time ? end : before->time) - begin_of(form, chunk, last);
    at->before -= state != lane_state_mark;
    add_items(form, chunk, last, at);
}

/* Finds a moment that is not before another one, which may be the one at the lane's begin. */
static void find_moment(const struct lane_reader *reader, const struct moment *before, int64_t time,
                        struct moment *moment)
{
    struct moment from = *before;
    *moment = (struct moment){.time = time};
    if (reader->nblocks == 0)
        return;
    find_place(reader, from.i > 0 ? from.block + 1 : 0, time, &moment->block, &moment->i);
    const struct lane_block *block = block_at(reader, moment->block);
    unsigned form = reader->lane->form;
    moment->before = block->before;
    if (form == lane_points || form == lane_values) {
        moment->before += moment->i;
    } else if (from.i > 0 && from.block == moment->block) {
        moment->before = from.before;
        memcpy(moment->covered, from.covered, sizeof moment->covered);
        go_on(form, block->chunk, &from, moment);
    } else {
        memcpy(moment->covered, block->covered, sizeof moment->covered);
        add_items(form, block->chunk, 0, moment);
    }
}

/* The moments at a pixel's edges. `to` is that of the pixel before, or where the window begins, and then of this one.
 * Pixels that are less than a nanosecond apart overlap. */
static void find_edges(const struct lane_reader *reader, int64_t left, int64_t right, struct moment *from,
                       struct moment *to)
{
    if (to->time == left)
        *from = *to;
    else
        find_moment(reader, to->time < left ? to : &at_begin, left, from);
    find_moment(reader, from, right, to);
}

/* Puts the reader on the first item that a time from `time` on touches. Whether that began before. */
static bool go_to_first(struct lane_reader *reader, int64_t time, uint32_t block, uint32_t i)
{
    reader->block = block;
    reader->i = i;
    if (i == 0 || end_of(reader->lane->form, block_at(reader, block)->chunk, i - 1) <= time)
        return false;
    reader->i--;
    return true;
}

void lane_seek(struct lane_reader *reader, const struct lane *lane, int64_t time)
{
    uint32_t block = 0, i = 0;
    open_reader(reader, lane);
    if (reader->nblocks > 0)
        find_place(reader, 0, time, &block, &i);
    go_to_first(reader, time, block, i);
}

static void read_item(const struct lane_reader *reader, struct lane_item *item)
{
    const struct lane_chunk *chunk = block_at(reader, reader->block)->chunk;
    unsigned form = reader->lane->form;
    *item = (struct lane_item){begin_of(form, chunk, reader->i), end_of(form, chunk, reader->i),
                               item_at(form, chunk, reader->i)[1], 0};
    if (form == lane_values)
        item->value = value_of(chunk, reader->i);
}

bool lane_next(struct lane_reader *reader, struct lane_item *item)
{
    if (reader->nblocks == 0)
        return false;
    if (reader->i == block_at(reader, reader->block)->chunk->n) {
        if (reader->block + 1 == reader->nblocks)
            return false;
        reader->block++;
        reader->i = 0;
    }
    read_item(reader, item);
    reader->i++;
    return true;
}

bool lane_previous(struct lane_reader *reader, struct lane_item *item)
{
    if (reader->nblocks == 0)
        return false;
    if (reader->i == 0) {
        if (reader->block == 0)
            return false;
        reader->block--;
        reader->i = block_at(reader, reader->block)->chunk->n;
    }
    reader->i--;
    read_item(reader, item);
    return true;
}

int64_t lane_edge(int64_t begin, int64_t end, uint32_t width, uint32_t i)
{
    return (int64_t)(begin + ((__int128_t)end - begin) * i / width);
}

/* The end of the pixel that begins at `begin` when the next one does at `next`. */
static int64_t pixel_end(int64_t begin, int64_t next)
{
    return next > begin || begin == INT64_MAX ? next : begin + 1;
}

/* A pixel while the item is looked for that takes most of it. */
struct search {
    const struct lane_reader *reader;
    int64_t begin, end, longest;
    uint32_t block, i; /* the item */
};

static void search_items(struct search *search, uint32_t block, uint32_t from, uint32_t to)
{
    const struct lane_chunk *chunk = block_at(search->reader, block)->chunk;
    unsigned form = search->reader->lane->form;
    for (uint32_t i = from; i < to; i++) {
        int64_t begin = begin_of(form, chunk, i), end = end_of(form, chunk, i);
        begin = begin > search->begin ? begin : search->begin;
        end = end < search->end ? end : search->end;
        if (end - begin > search->longest && lane_state(item_at(form, chunk, i)[1]) != lane_state_mark) {
            search->longest = end - begin;
            search->block = block;
            search->i = i;
        }
    }
}

/* The widest node, or block, that begins at block `from` and ends before `to`: its level, 0 for a block, and where that
 * level's nodes are. */
static unsigned widest(const struct lane *lane, uint32_t from, uint32_t to, const union lane_node **nodes,
                       uint32_t *width)
{
    unsigned level = 0;
    uint32_t n = lane->nchunks;
    const union lane_node *next = lane->nodes;
    *width = 1;
    while (n > lane_fanout && from % (*width * lane_fanout) == 0 && to - from >= *width * lane_fanout) {
        n = (n + lane_fanout - 1) / lane_fanout;
        *nodes = next;
        next += n;
        *width *= lane_fanout;
        level++;
    }
    return level;
}

/* Looks through whole blocks: first for the one with the longest item, then in that. */
static void search_blocks(struct search *search, uint32_t from, uint32_t to)
{
    const struct lane *lane = search->reader->lane;
    uint32_t at = from, width = 1, best = 0, best_width = 0;
    for (; from < to; from += width) {
        const union lane_node *nodes = NULL;
        unsigned level = widest(lane, from, to, &nodes, &width);
        int64_t longest = level > 0 ? nodes[from / width].longest : lane->blocks[from].longest;
        if (longest > search->longest) {
            search->longest = longest;
            best = from;
            best_width = width;
        }
    }
    if (best_width == 0)
        return;
    for (at = best; lane->blocks[at].longest < search->longest; at++)
        ;
    int64_t longest = search->longest;
    search->longest = longest - 1;
    search_items(search, at, 0, lane->blocks[at].chunk->n);
}

static void fill_pixel(const struct lane_reader *reader, const struct moment *from, const struct moment *to,
                       struct lane_pixel *pixel)
{
    struct lane_reader first = *reader;
    bool clipped = reader->nblocks > 0 && go_to_first(&first, from->time, from->block, from->i);
    *pixel = (struct lane_pixel){.count = to->before - from->before + clipped};
    if (pixel->count == 0)
        return;
    for (unsigned i = 0; i < lane_state_count; i++)
        pixel->covered[i] = to->covered[i] - from->covered[i];
    struct search search = {reader, from->time, to->time, -1, 0, 0};
    uint32_t n = block_at(reader, first.block)->chunk->n;
    if (reader->lane->form == lane_points) {
        search = (struct search){
            .longest = 0, .block = first.i == n ? first.block + 1 : first.block, .i = first.i == n ? 0 : first.i};
    } else if (first.block == to->block) {
        search_items(&search, first.block, first.i, to->i);
    } else {
        search_items(&search, first.block, first.i, n);
        search_blocks(&search, first.block + 1, to->block);
        search_items(&search, to->block, 0, to->i);
    }
    const struct lane_chunk *chunk = block_at(reader, search.block)->chunk;
    pixel->longest = search.longest;
    pixel->begin = begin_of(reader->lane->form, chunk, search.i);
    pixel->what = item_at(reader->lane->form, chunk, search.i)[1];
}

void lane_draw(const struct lane *lane, int64_t begin, int64_t end, uint32_t width, struct lane_pixel *pixels)
{
    struct lane_reader reader;
    struct moment from, to;
    open_reader(&reader, lane);
    find_moment(&reader, &at_begin, begin, &to);
    for (uint32_t i = 0; i < width; i++) {
        int64_t left = lane_edge(begin, end, width, i);
        find_edges(&reader, left, pixel_end(left, lane_edge(begin, end, width, i + 1)), &from, &to);
        fill_pixel(&reader, &from, &to, &pixels[i]);
    }
}

static void add_value(struct lane_values *values, uint64_t value)
{
    if (values->count++ == 0)
        *values = (struct lane_values){1, value, value, value, value};
    values->last = value;
    values->min = value < values->min ? value : values->min;
    values->max = value > values->max ? value : values->max;
}

static void add_values(struct lane_values *values, const struct lane_chunk *chunk, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        add_value(values, value_of(chunk, i));
}

/* Adds whole blocks. */
static void add_blocks(struct lane_values *values, const struct lane *lane, uint32_t from, uint32_t to)
{
    uint32_t width;
    if (from < to)
        add_value(values, value_of(lane->blocks[from].chunk, 0));
    for (; from < to; from += width) {
        const union lane_node *nodes = NULL;
        unsigned level = widest(lane, from, to, &nodes, &width);
        const union lane_node block = {.min = lane->blocks[from].min, .max = lane->blocks[from].max};
        union lane_node node = level > 0 ? nodes[from / width] : block;
        values->min = node.min < values->min ? node.min : values->min;
        values->max = node.max > values->max ? node.max : values->max;
    }
}

static void fill_values(const struct lane_reader *reader, const struct moment *from, const struct moment *to,
                        struct lane_values *values)
{
    *values = (struct lane_values){0};
    if (reader->nblocks == 0)
        return;
    struct lane_reader first = *reader;
    bool clipped = go_to_first(&first, from->time, from->block, from->i);
    const struct lane_chunk *chunk = block_at(reader, from->block)->chunk;
    if (from->block == to->block) {
        add_values(values, chunk, first.i, to->i);
        return;
    }
    add_values(values, chunk, first.i, chunk->n);
    add_blocks(values, reader->lane, from->block + 1, to->block);
    add_values(values, block_at(reader, to->block)->chunk, 0, to->i);
    values->count = to->before - from->before + clipped;
}

void lane_draw_values(const struct lane *lane, int64_t begin, int64_t end, uint32_t width, struct lane_values *pixels)
{
    struct lane_reader reader;
    struct moment from, to;
    open_reader(&reader, lane);
    find_moment(&reader, &at_begin, begin, &to);
    for (uint32_t i = 0; i < width; i++) {
        int64_t left = lane_edge(begin, end, width, i);
        find_edges(&reader, left, pixel_end(left, lane_edge(begin, end, width, i + 1)), &from, &to);
        fill_values(&reader, &from, &to, &pixels[i]);
    }
}

void lane_total(const struct lane *lane, struct lane_pixel *total)
{
    struct lane_reader reader;
    struct moment end;
    open_reader(&reader, lane);
    find_moment(&reader, &at_begin, INT64_MAX, &end);
    *total = (struct lane_pixel){.count = end.before};
    memcpy(total->covered, end.covered, sizeof total->covered);
}
