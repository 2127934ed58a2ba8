#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { smallest_room = 256 };

void buf_init(struct buf *buf, struct mem *mem)
{
    *buf = (struct buf){.mem = mem};
}

void buf_finish(struct buf *buf)
{
    mem_put(buf->mem, buf->p, buf->room);
    buf_init(buf, buf->mem);
}

char *buf_grow(struct buf *buf, size_t extra)
{
    if (buf->failed)
        return NULL;
    size_t need = buf->n + extra;
    size_t room = buf->room < smallest_room ? smallest_room : buf->room * 2;
    if (room < need)
        room = need;
    char *p = need < extra ? NULL : buf->mem->resize(buf->mem, buf->p, buf->room, room);
    if (!p) {
        buf->failed = true;
        return NULL;
    }
    buf->p = p;
    buf->room = room;
    return buf->p + buf->n;
}

void buf_bytes(struct buf *buf, const void *bytes, size_t size)
{
    char *to = size == 0 ? NULL : buf_reserve(buf, size);
    if (!to)
        return;
    memcpy(to, bytes, size);
    buf->n += size;
}

void buf_str(struct buf *buf, struct str s)
{
    buf_bytes(buf, s.p, s.n);
}

void buf_byte(struct buf *buf, char byte)
{
    char *to = buf_reserve(buf, 1);
    if (!to)
        return;
    *to = byte;
    buf->n++;
}

void buf_fill(struct buf *buf, char byte, size_t count)
{
    char *to = count == 0 ? NULL : buf_reserve(buf, count);
    if (!to)
        return;
    memset(to, byte, count);
    buf->n += count;
}

/* Writes the digits of value in base 10 or 16 after an optional sign. */
static void put_digits(struct buf *buf, bool negative, uint64_t value, unsigned base)
{
    char digits[24];
    char *end = digits + sizeof digits, *p = end;
    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        *--p = '-';
    buf_bytes(buf, p, (size_t)(end - p));
}

void buf_int(struct buf *buf, int64_t value)
{
    put_digits(buf, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

void buf_uint(struct buf *buf, uint64_t value)
{
    put_digits(buf, false, value, 10);
}

void buf_hex(struct buf *buf, uint64_t value)
{
    put_digits(buf, false, value, 16);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = length < 0 ? NULL : buf_reserve(buf, (size_t)length + 1);
    if (!to)
        return;
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    buf->n += (size_t)length;
}
