#include "base/buf.h"

#include "testing.h"

static void everything_appended_comes_out_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, mem_libc());
    buf_byte(&buf, '<');
    buf_str(&buf, STR("a"));
    buf_fill(&buf, '.', 3);
    buf_int(&buf, INT64_MIN);
    buf_byte(&buf, ' ');
    buf_uint(&buf, UINT64_MAX);
    buf_byte(&buf, ' ');
    buf_hex(&buf, 0xbeef);
    buf_printf(&buf, " %5.2f>", 1.5);
    assert_str(buf_text(&buf), "<a...-9223372036854775808 18446744073709551615 beef  1.50>");
    buf_finish(&buf);
}

static void failure_is_sticky_and_keeps_what_was_written(void **state)
{
    (void)state;
    struct failing_mem failing = failing_mem(1);
    struct buf buf;
    buf_init(&buf, &failing.mem);
    buf_str(&buf, STR("kept"));
    buf_fill(&buf, 'x', 100000);
    buf_str(&buf, STR("dropped"));
    assert_true(buf.failed);
    assert_str(buf_text(&buf), "kept");
    buf_finish(&buf);
}

static void an_impossible_size_is_refused(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, mem_libc());
    buf_byte(&buf, 'x');
    assert_null(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_appended_comes_out_in_order),
        cmocka_unit_test(failure_is_sticky_and_keeps_what_was_written),
        cmocka_unit_test(an_impossible_size_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
