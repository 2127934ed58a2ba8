/* Stacks are the better part of a trace with many of them, and most of their frames were in another one before, as the
 * same bytes: those are known again without being decoded, nor looked up by what they say. */
#include <string.h>

#include "base/hash.h"
#include "trace/table.h"

enum { most_bytes = 16 /* of a frame that is known by its bytes */, quick_bytes = 4 * 8 };

static struct trace_frame read_slowly(struct cursor *c)
{
    struct trace_frame frame;
    frame.pc = cursor_varint(c);
    frame.func = cursor_varint(c);
    frame.file = cursor_varint(c);
    frame.line = cursor_varint(c);
    return frame;
}

/* Four numbers, mostly of several bytes; there is room for quick_bytes. */
static struct trace_frame read_quickly(struct cursor *c)
{
    struct trace_frame frame;
    const uint8_t *p = varint_of_8(c->p, &frame.pc);
    p = p ? varint_of_8(p, &frame.func) : NULL;
    p = p ? varint_of_8(p, &frame.file) : NULL;
    p = p ? varint_of_8(p, &frame.line) : NULL;
    if (!p)
        return read_slowly(c);
    c->p = p;
    return frame;
}

/* The lowest n bytes of a word, n from 0 to 8. */
static inline uint64_t low_bytes(uint64_t word, uint32_t n)
{
    return n < 8 ? word & ((UINT64_C(1) << 8 * n) - 1) : word;
}

/* Whether the bytes begin with those of a known frame. */
static inline bool begins_with(const uint64_t *bytes, const struct trace_known_frame *known)
{
    uint32_t second = known->size > 8 ? known->size - 8 : 0;
    return known->size > 0 && known->bytes[0] == low_bytes(bytes[0], known->size - second) &&
           known->bytes[1] == low_bytes(bytes[1], second);
}

/* Reads a frame of which at least quick_bytes are left. */
static bool read_known(struct trace_table *table, struct cursor *c)
{
    uint64_t bytes[2];
    memcpy(bytes, c->p, sizeof bytes);
    struct trace_known_frame *known = &table->known[hash_fold(0, bytes[0]) % trace_known_frames];
    if (begins_with(bytes, known)) {
        c->p += known->size;
        return vec_push(&table->stack_frames, table->mem, known->index);
    }
    const uint8_t *begin = c->p;
    struct trace_frame frame = read_quickly(c);
    if (!cursor_ok(c))
        return true;
    if (!trace_table_add_frame(table, frame))
        return false;
    size_t size = (size_t)(c->p - begin);
    if (size > most_bytes)
        return true;
    uint32_t second = size > 8 ? (uint32_t)size - 8 : 0;
    *known = (struct trace_known_frame){{low_bytes(bytes[0], (uint32_t)size - second), low_bytes(bytes[1], second)},
                                        table->stack_frames.at[table->stack_frames.n - 1],
                                        (uint32_t)size};
    return true;
}

bool trace_frames_read(struct trace_table *table, struct cursor *c, uint32_t n)
{
    bool good = true;
    while (n > 0 && good && cursor_left(c) >= quick_bytes) {
        good = read_known(table, c);
        n -= cursor_ok(c) ? 1 : n;
    }
    for (; n > 0 && good; n--) {
        struct trace_frame frame = read_slowly(c);
        if (!cursor_ok(c))
            break;
        good = trace_table_add_frame(table, frame);
    }
    return good;
}
