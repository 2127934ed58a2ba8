#include "symbol/answers.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/hash.h"

enum { version = 3, frame_size = 20, most_frames = 256, checked_from = 24 };

static const struct str magic = {"sondesym", 8};
static const uint32_t debug_bit = 1u << 31;

/* --- Reading --- */

static struct str array(struct cursor *c, uint64_t n, uint64_t size)
{
    return cursor_bytes(c, n * size);
}

bool answers_read(struct str bytes, uint64_t key, struct answers *answers)
{
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    if (!str_equal(cursor_bytes(&c, magic.n), magic) || cursor_u32le(&c) != version || cursor_u32le(&c) != 0)
        return false;
    uint64_t checksum = cursor_u64le(&c);
    if (!cursor_ok(&c) || checksum != hash_bytes(c.p, cursor_left(&c)))
        return false;
    struct answers read = {.key = cursor_u64le(&c)};
    read.naddresses = cursor_u32le(&c);
    read.nframes = cursor_u32le(&c);
    read.nstrings = cursor_u32le(&c);
    uint32_t text = cursor_u32le(&c);
    read.addresses = array(&c, read.naddresses, 8);
    read.first = array(&c, (uint64_t)read.naddresses + 1, 4);
    read.frames = array(&c, read.nframes, frame_size);
    read.ends = array(&c, read.nstrings, 4);
    read.text = cursor_bytes(&c, text);
    if (!cursor_ok(&c) || cursor_left(&c) > 0 || read.key != key)
        return false;
    *answers = read;
    return true;
}

static uint32_t u32_at(struct str numbers, uint64_t index)
{
    struct cursor c = cursor_over(numbers.p, numbers.n, 0);
    cursor_bytes(&c, index * 4);
    return cursor_u32le(&c);
}

uint64_t answers_address(const struct answers *answers, uint32_t number)
{
    struct cursor c = cursor_over(answers->addresses.p, answers->addresses.n, 0);
    cursor_bytes(&c, (uint64_t)number * 8);
    return cursor_u64le(&c);
}

uint32_t answers_find(const struct answers *answers, uint64_t address, uint32_t from)
{
    uint32_t low = from, high = answers->naddresses;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (answers_address(answers, middle) < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < answers->naddresses && answers_address(answers, low) == address ? low : answers->naddresses;
}

static struct str string_of(const struct answers *answers, uint32_t number)
{
    if (number >= answers->nstrings)
        return STR("");
    uint32_t start = number > 0 ? u32_at(answers->ends, number - 1) : 0, end = u32_at(answers->ends, number);
    return start <= end && end <= answers->text.n ? (struct str){answers->text.p + start, end - start} : STR("");
}

bool answers_tell(const struct answers *answers, uint32_t number, size_t index, binary_sink *sink, void *to)
{
    struct binary_frame frames[most_frames];
    uint32_t mark = u32_at(answers->first, number), from = mark & ~debug_bit,
             end = u32_at(answers->first, (uint64_t)number + 1) & ~debug_bit, n = 0;
    struct cursor c = cursor_over(answers->frames.p, answers->frames.n, 0);
    cursor_bytes(&c, (uint64_t)from * frame_size);
    for (; from < end && end <= answers->nframes && n < most_frames; from++) {
        struct binary_frame *frame = &frames[n++];
        frame->name = string_of(answers, cursor_u32le(&c));
        frame->file = string_of(answers, cursor_u32le(&c));
        frame->line = cursor_u32le(&c);
        frame->column = cursor_u32le(&c);
        frame->start_line = cursor_u32le(&c);
    }
    return n == 0 || sink(to, index, frames, n, (mark & debug_bit) != 0);
}

/* --- Writing --- */

void answer_set_init(struct answer_set *set, struct mem *mem, struct arena *arena)
{
    *set = (struct answer_set){.mem = mem, .arena = arena};
    str_map_init(&set->string_ids, mem);
}

void answer_set_finish(struct answer_set *set)
{
    vec_finish(&set->answers, set->mem);
    vec_finish(&set->frames, set->mem);
    vec_finish(&set->strings, set->mem);
    str_map_finish(&set->string_ids);
}

/* The number of a string, added where it is new; false on exhaustion. */
static bool number_of(struct answer_set *set, struct str text, uint32_t *number)
{
    uint32_t *known = str_map_find(&set->string_ids, text);
    if (known) {
        *number = *known;
        return true;
    }
    struct str kept = arena_str(set->arena, text);
    *number = (uint32_t)set->strings.n;
    return kept.p && vec_push(&set->strings, set->mem, kept) && str_map_add(&set->string_ids, kept, *number);
}

static uint32_t narrow(int64_t value)
{
    return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

bool answer_set_add(struct answer_set *set, uint64_t address, const struct binary_frame *frames, size_t n,
                    bool from_debug)
{
    struct answer answer = {address, (uint32_t)set->frames.n, (uint32_t)n, from_debug};
    for (size_t i = 0; i < n; i++) {
        struct answer_frame frame = {0, 0, narrow(frames[i].line), narrow(frames[i].column),
                                     narrow(frames[i].start_line)};
        if (!number_of(set, frames[i].name, &frame.name) || !number_of(set, frames[i].file, &frame.file) ||
            !vec_push(&set->frames, set->mem, frame))
            return false;
    }
    return vec_push(&set->answers, set->mem, answer);
}

static int by_address(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static void put_u32(struct buf *out, uint64_t value)
{
    uint32_t narrowed = (uint32_t)value;
    buf_bytes(out, &narrowed, sizeof narrowed);
}

static void put_u64(struct buf *out, uint64_t value)
{
    buf_bytes(out, &value, sizeof value);
}

/* The frames of all answers, by address, and where those of each begin. */
static void put_frames(const struct answer_set *set, struct buf *out)
{
    uint64_t first = 0;
    for (size_t i = 0; i < set->answers.n; i++) {
        put_u32(out, first | (set->answers.at[i].from_debug ? debug_bit : 0));
        first += set->answers.at[i].n;
    }
    put_u32(out, first);
    for (size_t i = 0; i < set->answers.n; i++) {
        for (uint32_t f = 0; f < set->answers.at[i].n; f++) {
            const struct answer_frame *frame = &set->frames.at[set->answers.at[i].first + f];
            buf_bytes(out, frame, sizeof *frame);
        }
    }
}

_Static_assert(sizeof(struct answer_frame) == frame_size, "frames are written as they lie in memory");

bool answer_set_write(struct answer_set *set, uint64_t key, struct buf *out)
{
    uint64_t text = 0;
    size_t start = out->n;
    for (size_t i = 0; i < set->strings.n; i++)
        text += set->strings.at[i].n;
    if (set->answers.n >= UINT32_MAX || set->frames.n >= debug_bit || text > UINT32_MAX)
        return false;
    if (set->answers.n > 0)
        qsort(set->answers.at, set->answers.n, sizeof *set->answers.at, by_address);
    buf_str(out, magic);
    put_u32(out, version);
    put_u32(out, 0);
    put_u64(out, 0);
    put_u64(out, key);
    put_u32(out, set->answers.n);
    put_u32(out, set->frames.n);
    put_u32(out, set->strings.n);
    put_u32(out, text);
    for (size_t i = 0; i < set->answers.n; i++)
        put_u64(out, set->answers.at[i].address);
    put_frames(set, out);
    text = 0;
    for (size_t i = 0; i < set->strings.n; i++)
        put_u32(out, text += set->strings.at[i].n);
    for (size_t i = 0; i < set->strings.n; i++)
        buf_str(out, set->strings.at[i]);
    if (out->failed)
        return false;
    uint64_t checksum = hash_bytes(out->p + start + checked_from, out->n - start - checked_from);
    memcpy(out->p + start + checked_from - sizeof checksum, &checksum, sizeof checksum);
    return true;
}
