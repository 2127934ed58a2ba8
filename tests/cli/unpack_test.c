#include "cli/unpack.h"

#include <zstd.h>

#include "testing.h"
#include "wire/gzip.h"

static const uint64_t limit = 1 << 26;

struct streams {
    struct buf packed, text, why;
};

static struct streams start(void)
{
    struct streams s;
    buf_init(&s.packed, mem_libc());
    buf_init(&s.text, mem_libc());
    buf_init(&s.why, mem_libc());
    return s;
}

static void finish(struct streams *s)
{
    buf_finish(&s->packed);
    buf_finish(&s->text);
    buf_finish(&s->why);
}

static bool unpacks(struct streams *s, uint64_t most)
{
    s->text.n = s->why.n = 0;
    return unpack(buf_text(&s->packed), most, &s->text, &s->why);
}

static bool says(const struct streams *s, const char *words)
{
    return str_find(buf_text(&s->why), str_of(words), 0) < s->why.n;
}

/* Appends a frame with `size` bytes of text, or the first of it where the decoder is to find out how much it is. */
static void compress_text(struct buf *out, size_t size, bool tells_size)
{
    struct buf text;
    buf_init(&text, mem_libc());
    for (uint64_t i = 0; text.n < size; i++)
        buf_uint(&text, i * i);
    ZSTD_CCtx *packer = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(packer, ZSTD_c_contentSizeFlag, tells_size);
    ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1);
    char *to = buf_reserve(out, ZSTD_compressBound(size));
    assert_non_null(to);
    out->n += ZSTD_compress2(packer, to, ZSTD_compressBound(size), text.p ? text.p : "", size);
    ZSTD_freeCCtx(packer);
    buf_finish(&text);
}

/* A frame of 128 KiB blocks of one byte each, by hand: 4 bytes stand for 131072. */
static void append_bomb(struct buf *out, unsigned blocks, uint8_t window)
{
    buf_bytes(out, "\x28\xb5\x2f\xfd\0", 5);
    buf_byte(out, (char)window);
    for (unsigned i = 0; i < blocks; i++) {
        uint32_t head = (1u << 17) << 3 | 1 << 1 | (i + 1 == blocks);
        buf_bytes(out, &head, 3);
        buf_byte(out, 'x');
    }
}

static void frames_of_every_size_are_inflated(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131073, 3000000};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        struct streams s = start();
        compress_text(&s.packed, sizes[i / 2], i % 2);
        assert_true(unpack_is_zstd(buf_text(&s.packed)));
        assert_true(unpacks(&s, limit));
        assert_int_equal(s.text.n, sizes[i / 2]);
        finish(&s);
    }
}

static void frames_that_follow_each_other_are_one_stream(void **state)
{
    (void)state;
    struct streams s = start();
    buf_bytes(&s.packed, "\x50\x2a\x4d\x18\2\0\0\0??", 10);
    compress_text(&s.packed, 100000, true);
    compress_text(&s.packed, 10, false);
    assert_true(unpack_is_zstd(buf_text(&s.packed)));
    assert_true(unpacks(&s, limit));
    assert_int_equal(s.text.n, 100010);
    assert_memory_equal(s.text.p + 100000, "0149162536", 10);
    finish(&s);
}

static void every_prefix_of_a_frame_is_refused(void **state)
{
    (void)state;
    struct streams s = start();
    compress_text(&s.packed, 3000, true);
    size_t whole = s.packed.n;
    for (size_t n = 4; n < whole; n++) {
        s.packed.n = n;
        assert_false(unpacks(&s, limit));
        assert_int_equal(s.text.n, 0);
        assert_true(says(&s, "broken zstd at byte"));
    }
    finish(&s);
}

static void a_changed_frame_is_refused(void **state)
{
    (void)state;
    struct streams s = start();
    compress_text(&s.packed, 3000, true);
    s.packed.p[s.packed.n - 1] ^= 1;
    assert_false(unpacks(&s, limit));
    assert_true(says(&s, "checksum"));
    finish(&s);
}

static void a_bomb_ends_at_the_limit_with_little_memory(void **state)
{
    (void)state;
    struct streams s = start();
    append_bomb(&s.packed, 100000, 0x38); /* 400 KB that stand for 13 GB */
    assert_false(unpacks(&s, 1 << 20));
    assert_true(says(&s, "limit"));
    assert_true(s.text.room <= 4 << 20);
    finish(&s);
}

static void a_stream_as_large_as_the_limit_is_fine(void **state)
{
    (void)state;
    struct streams s = start();
    append_bomb(&s.packed, 8, 0x38);
    assert_true(unpacks(&s, 1 << 20));
    assert_int_equal(s.text.n, 1 << 20);
    assert_false(unpacks(&s, (1 << 20) - 1));
    finish(&s);
}

static void the_largest_windows_are_read(void **state)
{
    (void)state;
    struct streams s = start();
    append_bomb(&s.packed, 1, (31 - 10) << 3);
    assert_true(unpacks(&s, limit));
    finish(&s);
}

static void bytes_behind_the_last_frame_are_refused(void **state)
{
    (void)state;
    struct streams s = start();
    compress_text(&s.packed, 100, true);
    buf_str(&s.packed, STR("and then some more bytes"));
    assert_false(unpacks(&s, limit));
    assert_int_equal(s.text.n, 0);
    finish(&s);
}

static void gzip_is_unpacked_by_the_same_call(void **state)
{
    (void)state;
    struct streams s = start();
    assert_true(gzip_deflate(STR("text"), 6, &s.packed));
    assert_true(unpack_is_gzip(buf_text(&s.packed)) && !unpack_is_zstd(buf_text(&s.packed)));
    assert_true(unpacks(&s, limit));
    assert_str(buf_text(&s.text), "text");
    s.packed.n--;
    assert_false(unpacks(&s, limit));
    assert_true(says(&s, "broken gzip at byte 0: expected"));
    finish(&s);
}

static void running_out_of_memory_is_told(void **state)
{
    (void)state;
    struct streams s = start();
    struct failing_mem none = failing_mem(1);
    compress_text(&s.packed, 3000000, false);
    s.text.mem = &none.mem;
    assert_false(unpacks(&s, limit));
    assert_true(says(&s, "enough memory"));
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_size_are_inflated),
        cmocka_unit_test(frames_that_follow_each_other_are_one_stream),
        cmocka_unit_test(every_prefix_of_a_frame_is_refused),
        cmocka_unit_test(a_changed_frame_is_refused),
        cmocka_unit_test(a_bomb_ends_at_the_limit_with_little_memory),
        cmocka_unit_test(a_stream_as_large_as_the_limit_is_fine),
        cmocka_unit_test(the_largest_windows_are_read),
        cmocka_unit_test(bytes_behind_the_last_frame_are_refused),
        cmocka_unit_test(gzip_is_unpacked_by_the_same_call),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
