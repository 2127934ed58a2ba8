#include "wire/proto.h"

#include <string.h>

bool proto_next_any(struct cursor *message, struct proto_field *field)
{
    if (cursor_left(message) == 0)
        return false;
    field->offset = cursor_offset(message);
    uint64_t tag = cursor_varint(message);
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum proto_type)(tag & 7);
    field->value = 0;
    if (cursor_ok(message) && (tag >> 3 == 0 || tag >> 3 > 0x1fffffff))
        cursor_fail_at(message, field->offset, "a protobuf field number from 1 to 2^29-1");
    switch (field->type) {
    case proto_varint:
        field->value = cursor_varint(message);
        break;
    case proto_fixed64:
        field->value = cursor_u64le(message);
        break;
    case proto_fixed32:
        field->value = cursor_u32le(message);
        break;
    case proto_bytes:
        field->bytes = cursor_sub(message, cursor_varint(message));
        break;
    default:
        cursor_fail_at(message, field->offset, "a protobuf wire type of 0, 1, 2 or 5");
    }
    return cursor_ok(message);
}

void proto_put_str(struct buf *out, uint32_t number, struct str s)
{
    proto_put_varint(out, (uint64_t)number << 3 | proto_bytes);
    proto_put_varint(out, s.n);
    buf_str(out, s);
}

size_t proto_begin(struct buf *out, uint32_t number)
{
    proto_put_varint(out, (uint64_t)number << 3 | proto_bytes);
    buf_byte(out, 0);
    return out->n;
}

void proto_end(struct buf *out, size_t mark)
{
    char length[proto_varint_most];
    if (out->failed)
        return;
    size_t content = out->n - mark, n = proto_write_varint(length, content);
    if (!buf_reserve(out, n))
        return;
    if (n > 1)
        memmove(out->p + mark + n - 1, out->p + mark, content);
    memcpy(out->p + mark - 1, length, n);
    out->n += n - 1;
}
