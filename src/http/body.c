#include "http/body.h"

#include <string.h>

enum { chunk_size, chunk_extension, chunk_data, chunk_data_end, chunk_trailer, chunk_done, chunk_broken };

/* A chunk's size line, and the trailer as a whole, may have as many bytes. */
enum { line_most = 4096 };

static uint8_t after_size_line(struct http_chunks *chunks)
{
    chunks->line = 0;
    return chunks->left > 0 ? chunk_data : chunk_trailer;
}

/* One byte of a chunk's size: hexadecimal digits up to the line's end or an extension. */
static uint8_t take_size(struct http_chunks *chunks, char c)
{
    static const char digits[] = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c | 0x20) : c;
    const char *digit = c ? strchr(digits, lower) : NULL;
    if (digit) {
        if (chunks->left >> 58)
            return chunk_broken;
        chunks->left = chunks->left << 4 | (uint64_t)(digit - digits);
        return ++chunks->line > line_most ? chunk_broken : chunk_size;
    }
    if (chunks->line == 0)
        return chunk_broken;
    if (c == '\n')
        return after_size_line(chunks);
    return c == ';' || c == ' ' || c == '\t' || c == '\r' ? chunk_extension : chunk_broken;
}

static uint8_t take_extension(struct http_chunks *chunks, char c)
{
    if (c == '\n')
        return after_size_line(chunks);
    return ++chunks->line > line_most ? chunk_broken : chunk_extension;
}

/* The line end behind a chunk's data. */
static uint8_t take_data_end(char c)
{
    return c == '\n' ? chunk_size : c == '\r' ? chunk_data_end : chunk_broken;
}

/* The trailer ends with an empty line; `left` counts the bytes of the current one. */
static uint8_t take_trailer(struct http_chunks *chunks, char c)
{
    if (c == '\n') {
        if (chunks->left == 0)
            return chunk_done;
        chunks->left = 0;
    } else if (c != '\r') {
        chunks->left++;
    }
    return ++chunks->line > line_most ? chunk_broken : chunk_trailer;
}

static uint8_t take(struct http_chunks *chunks, char c)
{
    switch (chunks->state) {
    case chunk_size:
        return take_size(chunks, c);
    case chunk_extension:
        return take_extension(chunks, c);
    case chunk_data_end:
        return take_data_end(c);
    case chunk_trailer:
        return take_trailer(chunks, c);
    default:
        return chunk_broken;
    }
}

enum http_parse http_chunks_decode(struct http_chunks *chunks, char *bytes, size_t *size, size_t *eaten)
{
    size_t in = 0, out = 0;
    while (in < *size && chunks->state != chunk_done && chunks->state != chunk_broken) {
        if (chunks->state != chunk_data) {
            chunks->state = take(chunks, bytes[in++]);
            continue;
        }
        size_t n = *size - in < chunks->left ? *size - in : (size_t)chunks->left;
        memmove(bytes + out, bytes + in, n);
        in += n;
        out += n;
        chunks->left -= n;
        if (chunks->left == 0)
            chunks->state = chunk_data_end;
    }
    *size = out;
    *eaten = in;
    if (chunks->state == chunk_broken)
        return http_parse_refused;
    return chunks->state == chunk_done ? http_parse_done : http_parse_more;
}
