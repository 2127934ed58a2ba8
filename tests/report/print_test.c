/* What reports print with: columns, widths, times. */
#include <stdlib.h>
#include <time.h>

#include "report/columns.h"
#include "report/figure.h"
#include "report/gotime.h"

#include "testing.h"

static void assert_columns(const char *text, const char *aligned)
{
    struct buf out;
    buf_init(&out, mem_libc());
    assert_true(columns_put(&out, str_of(text), mem_libc()));
    buf_byte(&out, 0);
    assert_string_equal(out.p, aligned);
    buf_finish(&out);
}

static void cells_below_each_other_share_a_width(void **state)
{
    (void)state;
    assert_columns("", "");
    assert_columns("plain\n", "plain\n");
    assert_columns("a\tx\nbcd\ty\n", "   ax\n bcdy\n");
    assert_columns("key:\t total\n \t12 (5%):\t value\n \t1:\t v\n\n",
                   " key: total\n      12 (5%): value\n            1: v\n\n");
}

static void a_line_without_the_column_ends_it(void **state)
{
    (void)state;
    assert_columns("long cell\tx\n\nb\ty\n", " long cellx\n\n by\n");
    assert_columns("a\tb\tc\nlonger\td\ne\tf\tg\n", "      a bc\n longerd\n      e fg\n");
    assert_columns("wide\tx\fb\ty\n", " widex\n by\n");
}

static void widths_count_characters_not_bytes(void **state)
{
    (void)state;
    assert_columns("µs\tx\nabc\ty\n", "  µsx\n abcy\n");
    assert_int_equal(figure_characters(STR("aµ€😀")), 4);
    assert_int_equal(figure_characters(STR("\xff\xc2")), 2);
    assert_int_equal(figure_characters(STR("\xed\xa0\x80")), 3);
}

static void values_are_converted_and_filled_up(void **state)
{
    (void)state;
    struct buf out;
    struct figures figures = {.ratio = 0.5, .from = STR("bytes"), .to = STR("kb"), .total = 4096};
    buf_init(&out, mem_libc());
    figure_put_wide(&out, &figures, 4096, 8);
    figure_put_dotted(&out, &figures, 0, 3);
    figure_put_dotted(&out, &figures, 1024, 7);
    buf_byte(&out, '|');
    figure_put_share(&out, &figures, 4096);
    buf_byte(&out, '|');
    figure_put_share(&out, &figures, 1);
    assert_str(buf_text(&out), "     2kB  . 0.50kB|100%|0.024%");
    buf_finish(&out);
}

static void assert_duration(int64_t nanos, const char *text)
{
    struct buf out;
    buf_init(&out, mem_libc());
    gotime_put_duration(&out, nanos);
    buf_byte(&out, 0);
    assert_string_equal(out.p, text);
    buf_finish(&out);
}

static void durations_are_written_as_in_go(void **state)
{
    (void)state;
    assert_duration(0, "0s");
    assert_duration(1, "1ns");
    assert_duration(1100, "1.1µs");
    assert_duration(-2200000, "-2.2ms");
    assert_duration(1000000000, "1s");
    assert_duration(61500000000, "1m1.5s");
    assert_duration(3600000000000, "1h0m0s");
    assert_duration(INT64_MIN, "-2562047h47m16.854775808s");
    assert_duration(INT64_MAX, "2562047h47m16.854775807s");
}

static void moments_are_in_the_local_zone(void **state)
{
    (void)state;
    setenv("TZ", "EST5EDT", 1);
    tzset();
    struct buf out;
    buf_init(&out, mem_libc());
    gotime_put_moment(&out, -1);
    buf_byte(&out, '|');
    gotime_put_moment_exactly(&out, -1);
    buf_byte(&out, '|');
    gotime_put_moment_exactly(&out, 1500000000250000000);
    assert_str(buf_text(&out), "1969-12-31 18:59:59 EST|1969-12-31 18:59:59.999999999 -0500 EST|"
                               "2017-07-13 22:40:00.25 -0400 EDT");
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_below_each_other_share_a_width), cmocka_unit_test(a_line_without_the_column_ends_it),
        cmocka_unit_test(widths_count_characters_not_bytes),    cmocka_unit_test(values_are_converted_and_filled_up),
        cmocka_unit_test(durations_are_written_as_in_go),       cmocka_unit_test(moments_are_in_the_local_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
