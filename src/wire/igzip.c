/* Parts of one gzip member are made apart: all but the last end in a flush, on the boundary of a byte, so that they
 * make one deflate stream when they are put behind each other. None looks back into the one before, which costs a few
 * hundred bytes of output each. */
#include "wire/igzip.h"

#include <dlfcn.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <string.h>

#include "wire/gzip.h"

enum {
    input_step = 1 << 30, /* the library counts in 32 bits */
    deflate_level = 1,
    part_room = 1 << 16, /* more than what cannot be deflated grows by */
    crc_polynomial_top = 31,
};

bool igzip_open(struct igzip *igzip)
{
    struct igzip opened = {.library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL)};
    if (!opened.library)
        return false;
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"isal_inflate_init", &opened.inflate_init}, {"isal_inflate_reset", &opened.inflate_reset},
        {"isal_inflate", &opened.inflate},           {"isal_deflate_init", &opened.deflate_init},
        {"isal_deflate", &opened.deflate},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(opened.library, functions[i].name);
        if (!found) {
            dlclose(opened.library);
            return false;
        }
        memcpy(functions[i].to, &found, sizeof found);
    }
    *igzip = opened;
    return true;
}

void igzip_close(struct igzip *igzip)
{
    dlclose(igzip->library);
    *igzip = (struct igzip){0};
}

/* --- Inflating --- */

size_t igzip_inflate_scratch(void)
{
    return sizeof(struct inflate_state);
}

static uint32_t smaller(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* What comes out: the piece that is being filled. */
struct outflow {
    struct relay *to;
    char *piece; /* NULL before the first */
    size_t n;
    uint64_t left; /* bytes that may still come */
};

/* Makes sure of room in the piece. False where the reader has stopped. */
static bool make_room(struct outflow *flow)
{
    if (flow->piece && flow->n < relay_piece)
        return true;
    if (flow->piece)
        relay_hand(flow->to, flow->n);
    flow->piece = relay_room(flow->to);
    flow->n = 0;
    return flow->piece != NULL;
}

/* Inflates the member at the front of *bytes and moves *bytes behind it. */
static bool inflate_member(const struct igzip *igzip, struct inflate_state *state, struct str *bytes,
                           struct outflow *flow)
{
    igzip->inflate_reset(state);
    state->crc_flag = ISAL_GZIP;
    while (state->block_state != ISAL_BLOCK_FINISH) {
        if (!make_room(flow))
            return false;
        uint32_t in = smaller(bytes->n, input_step), out = smaller(relay_piece - flow->n, flow->left);
        state->next_in = (uint8_t *)(uintptr_t)bytes->p;
        state->avail_in = in;
        state->next_out = (uint8_t *)flow->piece + flow->n;
        state->avail_out = out;
        if (igzip->inflate(state) != ISAL_DECOMP_OK || (state->avail_in == in && state->avail_out == out))
            return false;
        *bytes = str_skip(*bytes, in - state->avail_in);
        flow->n += out - state->avail_out;
        flow->left -= out - state->avail_out;
    }
    return true;
}

bool igzip_inflate(const struct igzip *igzip, struct str bytes, uint64_t limit, struct relay *to, void *scratch)
{
    struct inflate_state *state = scratch;
    struct outflow flow = {.to = to, .left = limit};
    bool ok = true;
    igzip->inflate_init(state);
    do
        ok = gzip_is(bytes) && inflate_member(igzip, state, &bytes, &flow);
    while (ok && bytes.n > 0);
    if (ok)
        relay_hand(to, flow.n);
    relay_end(to);
    return ok;
}

/* --- Deflating --- */

static const size_t level_size = ISAL_DEF_LVL1_DEFAULT;

size_t igzip_deflate_scratch(void)
{
    return sizeof(struct isal_zstream) + level_size;
}

void igzip_put_header(struct buf *out)
{
    static const char header[] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 4, (char)255};
    buf_bytes(out, header, sizeof header);
}

/* Deflates all of the bytes to behind what is in `out`, where there is room for `room`. */
static bool deflate_bytes(const struct igzip *igzip, struct isal_zstream *stream, struct str bytes, bool is_last,
                          size_t room, struct buf *out)
{
    size_t left = bytes.n, made = 0;
    stream->next_in = (uint8_t *)(uintptr_t)bytes.p;
    stream->next_out = (uint8_t *)out->p + out->n;
    for (;;) {
        uint32_t in = smaller(left, input_step), space = smaller(room - made, input_step);
        stream->avail_in = in;
        stream->avail_out = space;
        stream->end_of_stream = is_last && in == left;
        stream->flush = !is_last && in == left ? FULL_FLUSH : NO_FLUSH;
        if (igzip->deflate(stream) != COMP_OK || stream->avail_out == 0 || stream->avail_in > 0)
            return false;
        left -= in;
        made += space - stream->avail_out;
        if (left > 0)
            continue;
        out->n += made;
        return true;
    }
}

bool igzip_deflate_part(const struct igzip *igzip, struct str bytes, bool is_last, void *scratch, struct buf *out,
                        struct igzip_part *part)
{
    struct isal_zstream *stream = scratch;
    size_t room = bytes.n + bytes.n / 4 + part_room;
    if (room < bytes.n || !buf_reserve(out, room))
        return false;
    igzip->deflate_init(stream);
    stream->level = deflate_level;
    stream->level_buf = (uint8_t *)(stream + 1);
    stream->level_buf_size = (uint32_t)level_size;
    if (!deflate_bytes(igzip, stream, bytes, is_last, room, out))
        return false;
    *part = (struct igzip_part){bytes.n, libdeflate_crc32(0, bytes.p, bytes.n)};
    return true;
}

/* a * b modulo the polynomial of the CRC, whose bits are the other way round. */
static uint32_t crc_multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int bit = crc_polynomial_top; bit >= 0; bit--) {
        if (a >> bit & 1)
            product ^= b;
        b = b & 1 ? b >> 1 ^ 0xedb88320u : b >> 1;
    }
    return product;
}

/* The CRC of one text behind another: the first's is moved on by the second's size, as multiplying by x^8 for each byte
 * does. */
static uint32_t crc_join(uint32_t first, uint32_t second, uint64_t second_size)
{
    uint32_t power = 1u << (crc_polynomial_top - 8), shift = 1u << crc_polynomial_top; /* x^8 and 1 */
    for (; second_size > 0; second_size >>= 1) {
        if (second_size & 1)
            shift = crc_multiply(shift, power);
        power = crc_multiply(power, power);
    }
    return crc_multiply(shift, first) ^ second;
}

static void put_u32le(struct buf *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        buf_byte(out, (char)(value >> (8 * i)));
}

void igzip_join(struct igzip_part *whole, const struct igzip_part *part)
{
    whole->crc = crc_join(whole->crc, part->crc, part->size);
    whole->size += part->size;
}

void igzip_put_trailer(const struct igzip_part *whole, struct buf *out)
{
    put_u32le(out, whole->crc);
    put_u32le(out, (uint32_t)whole->size);
}
