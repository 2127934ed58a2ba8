/* Protocol buffers on the wire: fields are read from a cursor one by one and written to a buffer. Numbers as in
 * https://protobuf.dev/programming-guides/encoding/. */
#ifndef SONDE_WIRE_PROTO_H
#define SONDE_WIRE_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

enum proto_type { proto_varint = 0, proto_fixed64 = 1, proto_bytes = 2, proto_fixed32 = 5 };

struct proto_field {
    uint32_t number;
    enum proto_type type;
    uint64_t value;      /* of a varint, fixed64 or fixed32 */
    struct cursor bytes; /* of a bytes field: a message, string or packed numbers */
    uint64_t offset;     /* of the field's tag in the input */
};

/* For messages of few small fields, of which there are many: reads a field whose tag is one byte, and the number that
 * it is, or that its bytes begin with, their length. Returns where that ends, NULL where it is longer than eight bytes.
 * The caller has checked that proto_quick_room bytes can be read at p, and finds out from the tag and the message's end
 * whether this is what was there; where not, proto_next says what is. */
enum { proto_quick_room = 9 };
static inline const uint8_t *proto_quick(const uint8_t *p, uint8_t *tag, uint64_t *value)
{
    *tag = *p;
    if (p[1] >= 0x80)
        return varint_of_8(p + 1, value);
    *value = p[1];
    return p + 2;
}

/* The tag of a field, where it is one byte. */
#define PROTO_TAG(number, type) ((number) << 3 | (type))

/* proto_next for whatever field, also a broken one. */
bool proto_next_any(struct cursor *message, struct proto_field *field);

/* Reads the next field of a message; false at its end or when it is broken (ask cursor_ok). */
static inline bool proto_next(struct cursor *message, struct proto_field *field)
{
    uint64_t value;
    uint8_t tag;
    if (cursor_left(message) < proto_quick_room)
        return proto_next_any(message, field);
    const uint8_t *p = proto_quick(message->p, &tag, &value);
    if (!p || tag < PROTO_TAG(1, 0) || tag >= 0x80)
        return proto_next_any(message, field);
    field->offset = cursor_offset(message);
    field->number = tag >> 3;
    field->type = (enum proto_type)(tag & 7);
    if (field->type == proto_varint) {
        field->value = value;
        message->p = p;
        return true;
    }
    if (field->type != proto_bytes || value > (size_t)(message->end - p))
        return proto_next_any(message, field);
    field->value = 0;
    field->bytes = (struct cursor){.p = p, .end = p + value, .base = message->base, .origin = message->origin};
    message->p = p + value;
    return true;
}

/* The bytes of a bytes field that were not read yet. */
static inline struct str proto_str(const struct proto_field *field)
{
    return (struct str){(const char *)field->bytes.p, cursor_left(&field->bytes)};
}

/* Writes a varint at `to`, which has room for proto_varint_most bytes, and returns its length. */
enum { proto_varint_most = 10 };
static inline size_t proto_write_varint(char *to, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (char)(value | 0x80);
    to[n++] = (char)value;
    return n;
}

/* Writers. Each writes tag and value; zero is written too (skipping it is the caller's rule). */
static inline void proto_put_varint(struct buf *out, uint64_t value)
{
    char *to = buf_reserve(out, proto_varint_most);
    if (to)
        out->n += proto_write_varint(to, value);
}

static inline void proto_put_uint(struct buf *out, uint32_t number, uint64_t value)
{
    proto_put_varint(out, (uint64_t)number << 3 | proto_varint);
    proto_put_varint(out, value);
}

void proto_put_str(struct buf *out, uint32_t number, struct str s);

/* A nested message: begin returns a mark that end needs. The length is put in place behind the content, which is moved
 * where it takes more than the one byte that was left free. */
size_t proto_begin(struct buf *out, uint32_t number);
void proto_end(struct buf *out, size_t mark);

#endif
