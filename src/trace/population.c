#include "trace/population.h"

#include <string.h>

#include "base/cursor.h"
#include "trace/lane.h"

enum { block_changes = 64, fanout = lane_fanout };

void population_init(struct population *population, struct mem *mem)
{
    *population = (struct population){.mem = mem};
    buf_init(&population->bytes, mem);
}

void population_finish(struct population *population)
{
    buf_finish(&population->bytes);
    vec_finish(&population->blocks, population->mem);
    vec_finish(&population->nodes, population->mem);
}

static void move(struct population_counts *counts, unsigned from, unsigned to)
{
    counts->of[from] -= from != population_none;
    counts->of[to] += to != population_none;
}

static void add_extremes(struct population_counts *min, struct population_counts *max,
                         const struct population_counts *low, const struct population_counts *high)
{
    for (unsigned i = 0; i < population_states; i++) {
        min->of[i] = low->of[i] < min->of[i] ? low->of[i] : min->of[i];
        max->of[i] = high->of[i] > max->of[i] ? high->of[i] : max->of[i];
    }
}

static bool begin_block(struct population *p, int64_t time)
{
    struct population_block block = {.time = time, .offset = p->bytes.n, .begin = p->now};
    return vec_push(&p->blocks, p->mem, block);
}

/* Writes a number of up to 56 bits, without a branch on how long it is, and returns how many bytes it takes. */
static inline size_t put_quickly(char *out, uint64_t number)
{
    unsigned bytes = (70 - (unsigned)__builtin_clzll(number | 1)) / 7;
    /* Open gaps at 28, 14 and 7 bits. */
    uint64_t word = (number & 0x0fffffffu) | (number & 0xfffffff0000000u) << 4;
    word = (word & 0x00003fff00003fffu) | (word & 0x0fffc0000fffc000u) << 2;
    word = (word & 0x007f007f007f007fu) | (word & 0x3f803f803f803f80u) << 1;
    word |= 0x8080808080808080u & ((UINT64_C(1) << (8 * bytes - 1)) - 1);
    memcpy(out, &word, sizeof word);
    return bytes;
}

static size_t put_slowly(char *out, uint64_t number)
{
    size_t n = 0;
    for (; number >= 0x80; number >>= 7)
        out[n++] = (char)(number | 0x80);
    out[n++] = (char)number;
    return n;
}

bool population_change(struct population *p, int64_t time, enum population_state from, enum population_state to)
{
    bool is_first = p->n % block_changes == 0;
    uint64_t number = ((uint64_t)time - (uint64_t)p->last_time) << 6 | (unsigned)from << 3 | (unsigned)to;
    if (is_first && !begin_block(p, time))
        return false;
    /* A block's own time stands in it. */
    if (is_first)
        number &= 63;
    char *out = buf_reserve(&p->bytes, 10);
    if (!out)
        return false;
    p->bytes.n += number >> 56 ? put_slowly(out, number) : put_quickly(out, number);
    p->n++;
    p->last_time = time;
    move(&p->now, from, to);
    struct population_block *block = &p->blocks.at[p->blocks.n - 1];
    if (is_first) {
        block->min = block->max = p->now;
        return true;
    }
    /* Only two counts have changed. */
    if (p->now.of[from] < block->min.of[from])
        block->min.of[from] = p->now.of[from];
    if (p->now.of[to] > block->max.of[to])
        block->max.of[to] = p->now.of[to];
    return true;
}

static bool push_level(struct population *p, const size_t from, size_t n, bool of_blocks)
{
    for (size_t i = 0; i < n; i++) {
        struct population_block below = of_blocks ? p->blocks.at[i] : p->nodes.at[from + i];
        if (i % fanout == 0) {
            if (!vec_push(&p->nodes, p->mem, below))
                return false;
        } else {
            struct population_block *node = &p->nodes.at[p->nodes.n - 1];
            add_extremes(&node->min, &node->max, &below.min, &below.max);
        }
    }
    return true;
}

bool population_index(struct population *p)
{
    size_t n = p->blocks.n, from = 0;
    p->nodes.n = 0;
    for (bool of_blocks = true; n > fanout; of_blocks = false) {
        size_t next = p->nodes.n;
        if (!push_level(p, from, n, of_blocks))
            return false;
        from = next;
        n = p->nodes.n - next;
    }
    return true;
}

/* A change, and where the next one begins. */
struct change {
    int64_t time;
    uint64_t offset;
    unsigned from, to;
};

/* Reads a number of any length, and returns where the next one begins. */
static __attribute__((noinline)) uint64_t read_slowly(const uint8_t *bytes, uint64_t offset, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = bytes[offset++];
        *number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return offset;
    }
}

/* Reads the change at an offset of n bytes; `time` is that of the one before, or of its block. */
static inline struct change decode(const uint8_t *bytes, uint64_t n, uint64_t offset, int64_t time)
{
    uint64_t number;
    const uint8_t *next = n - offset >= 8 ? varint_of_8(bytes + offset, &number) : NULL;
    offset = next ? (uint64_t)(next - bytes) : read_slowly(bytes, offset, &number);
    return (struct change){time + (int64_t)(number >> 6), offset, number >> 3 & 7, number & 7};
}

/* The time that the next change's is counted from. */
static int64_t time_before(const struct population *p, const struct population_reader *reader)
{
    return reader->i % block_changes == 0 ? p->blocks.at[reader->i / block_changes].time : reader->time;
}

static inline void take(struct population_reader *reader, const struct change *change)
{
    reader->i++;
    reader->offset = change->offset;
    reader->time = change->time;
    move(&reader->now, change->from, change->to);
}

bool population_next(const struct population *p, struct population_reader *reader)
{
    if (reader->i == p->n)
        return false;
    struct change change = decode((const uint8_t *)p->bytes.p, p->bytes.n, reader->offset, time_before(p, reader));
    take(reader, &change);
    return true;
}

/* Puts a reader at the begin of a block. */
static struct population_reader at_block(const struct population *p, size_t block)
{
    struct population_reader reader = {block * block_changes, p->blocks.at[block].offset, p->blocks.at[block].time,
                                       p->blocks.at[block].begin};
    return reader;
}

/* How many blocks begin before a time; the first `low` are known to. */
static size_t count_blocks(const struct population *p, size_t low, int64_t time)
{
    size_t high = p->blocks.n, step = 1;
    /* Mostly it is not far from there. */
    for (; high - low > step && p->blocks.at[low + step].time < time; step *= 2)
        low += step;
    high = high - low > step ? low + step : high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->blocks.at[middle].time < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Takes changes in as long as they come before a time (or at it), and no further than the end of a block. This is what
 * most of drawing is: it works on copies, of which the compiler knows that nothing else changes them. */
static void run(const struct population *p, struct population_reader *reader, int64_t time, bool with_time,
                struct population_pixel *pixel)
{
    const uint8_t *bytes = (const uint8_t *)p->bytes.p;
    uint64_t n = p->bytes.n, end = (reader->i / block_changes + 1) * block_changes;
    struct population_reader at = *reader;
    struct population_counts min = pixel->min, max = pixel->max;
    int64_t before = at.i < p->n ? time_before(p, reader) : at.time, last = with_time ? time : time - 1;
    end = end < p->n ? end : p->n;
    while (at.i < end) {
        struct change change = decode(bytes, n, at.offset, before);
        if (change.time > last)
            break;
        take(&at, &change);
        before = change.time;
        /* One count is less now, and one more. */
        min.of[change.from] =
            at.now.of[change.from] < min.of[change.from] ? at.now.of[change.from] : min.of[change.from];
        max.of[change.to] = at.now.of[change.to] > max.of[change.to] ? at.now.of[change.to] : max.of[change.to];
    }
    *reader = at;
    pixel->min = min;
    pixel->max = max;
}

/* Takes in what changes at a time, before which the reader has taken all in. */
static void run_at(const struct population *p, struct population_reader *reader, int64_t time)
{
    struct population_pixel unused = {0};
    uint64_t before;
    do {
        before = reader->i;
        run(p, reader, time, true, &unused);
    } while (reader->i > before && reader->i % block_changes == 0);
}

/* A reader with all changes up to a time taken in. */
static struct population_reader at_time(const struct population *p, int64_t time)
{
    size_t n = time == INT64_MAX ? p->blocks.n : count_blocks(p, 0, time + 1);
    struct population_reader reader = {0};
    struct population_pixel unused = {0};
    if (n > 0) {
        reader = at_block(p, n - 1);
        run(p, &reader, time, true, &unused);
    }
    return reader;
}

/* Adds the extremes of whole blocks. */
static void add_blocks(const struct population *p, size_t from, size_t to, struct population_pixel *pixel)
{
    for (size_t width; from < to; from += width) {
        const struct population_block *best = &p->blocks.at[from];
        size_t n = p->blocks.n, nodes = 0;
        for (width = 1; n > fanout && from % (width * fanout) == 0 && to - from >= width * fanout; width *= fanout) {
            best = &p->nodes.at[nodes + from / (width * fanout)];
            n = (n + fanout - 1) / fanout;
            nodes += n;
        }
        add_extremes(&pixel->min, &pixel->max, &best->min, &best->max);
    }
}

/* Fills a pixel. The reader has taken in all changes up to its begin, and afterwards those before its end. */
static void fill(const struct population *p, struct population_reader *reader, int64_t end,
                 struct population_pixel *pixel)
{
    uint64_t first = reader->i;
    *pixel = (struct population_pixel){reader->now, reader->now, reader->now, reader->now, 0};
    run(p, reader, end, false, pixel);
    size_t from = reader->i / block_changes;
    if (reader->i < p->n && reader->i % block_changes == 0 && p->blocks.at[from].time < end) {
        size_t to = count_blocks(p, from, end);
        add_blocks(p, from, to - 1, pixel);
        *reader = at_block(p, to - 1);
        run(p, reader, end, false, pixel);
    }
    pixel->last = reader->now;
    pixel->count = reader->i - first;
}

void population_draw(const struct population *p, int64_t begin, int64_t end, uint32_t width,
                     struct population_pixel *pixels)
{
    struct population_reader reader = {0};
    int64_t before = 0; /* the end of the pixel before */
    for (uint32_t i = 0; i < width; i++) {
        int64_t left = lane_edge(begin, end, width, i), right = lane_edge(begin, end, width, i + 1);
        right = right > left || left == INT64_MAX ? right : left + 1;
        if (i > 0 && before == left)
            run_at(p, &reader, left);
        else
            reader = at_time(p, left);
        fill(p, &reader, right, &pixels[i]);
        before = right;
    }
}
