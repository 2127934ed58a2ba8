#include "wire/gzip.h"

#include "testing.h"

static const uint64_t limit = 1 << 26;

/* `size` bytes of text that compresses, deflated behind what is in out. */
static void deflate_text(struct buf *out, size_t size)
{
    struct buf text;
    buf_init(&text, mem_libc());
    for (uint64_t i = 0; text.n < size; i++)
        buf_uint(&text, i * i);
    text.n = size;
    assert_true(gzip_deflate(buf_text(&text), 1, out));
    buf_finish(&text);
}

static void what_was_deflated_inflates_to_the_same(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf packed, text;
        struct fault fault;
        buf_init(&packed, mem_libc());
        buf_init(&text, mem_libc());
        deflate_text(&packed, sizes[i]);
        assert_true(gzip_inflate(buf_text(&packed), limit, &text, &fault));
        assert_int_equal(text.n, sizes[i]);
        buf_finish(&packed);
        buf_finish(&text);
    }
}

static void members_that_follow_each_other_are_one_stream(void **state)
{
    (void)state;
    struct buf packed, text;
    struct fault fault;
    buf_init(&packed, mem_libc());
    buf_init(&text, mem_libc());
    deflate_text(&packed, 100000);
    deflate_text(&packed, 10);
    assert_true(gzip_inflate(buf_text(&packed), limit, &text, &fault));
    assert_int_equal(text.n, 100010);
    buf_finish(&packed);
    buf_finish(&text);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct buf packed, text;
    struct fault fault;
    buf_init(&packed, mem_libc());
    buf_init(&text, mem_libc());
    deflate_text(&packed, 3000);
    for (size_t n = 0; n < packed.n; n++) {
        assert_false(gzip_inflate(str_first(buf_text(&packed), n), limit, &text, &fault));
        assert_non_null(fault.expected);
        assert_int_equal(text.n, 0);
    }
    buf_finish(&packed);
    buf_finish(&text);
}

static void a_stream_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct buf packed, text;
    struct fault fault;
    buf_init(&packed, mem_libc());
    buf_init(&text, mem_libc());
    deflate_text(&packed, 100000);
    assert_false(gzip_inflate(buf_text(&packed), 99999, &text, &fault));
    assert_true(text.room < 200000);
    assert_true(gzip_inflate(buf_text(&packed), 100000, &text, &fault));
    buf_finish(&packed);
    buf_finish(&text);
}

static void bytes_behind_the_last_member_are_refused(void **state)
{
    (void)state;
    struct buf packed, text;
    struct fault fault;
    buf_init(&packed, mem_libc());
    buf_init(&text, mem_libc());
    deflate_text(&packed, 100);
    size_t member = packed.n;
    buf_str(&packed, STR("and then some more bytes"));
    assert_false(gzip_inflate(buf_text(&packed), limit, &text, &fault));
    assert_int_equal(fault.offset, member);
    buf_finish(&packed);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_deflated_inflates_to_the_same),
        cmocka_unit_test(members_that_follow_each_other_are_one_stream),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(a_stream_beyond_the_limit_is_refused),
        cmocka_unit_test(bytes_behind_the_last_member_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
