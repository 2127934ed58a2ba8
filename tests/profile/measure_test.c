#include "profile/measure.h"

#include "testing.h"

static void assert_scaled(int64_t value, const char *from, const char *to, const char *want)
{
    struct buf out;
    buf_init(&out, mem_libc());
    measure_put_scaled(&out, value, str_of(from), str_of(to));
    buf_byte(&out, '\0');
    assert_string_equal(out.p, want);
    buf_finish(&out);
}

static void assert_percentage(int64_t value, int64_t total, const char *want)
{
    struct buf out;
    buf_init(&out, mem_libc());
    measure_put_percentage(&out, value, total);
    buf_byte(&out, '\0');
    assert_string_equal(out.p, want);
    buf_finish(&out);
}

static void memory_scales_by_1024(void **state)
{
    (void)state;
    assert_scaled(1536, "bytes", "auto", "1.50kB");
    assert_scaled(1 << 20, "B", "auto", "1MB");
    assert_scaled(2048, "kilobytes", "MB", "2MB");
    assert_scaled(1023, "byte", "minimum", "1023B");
    assert_scaled(INT64_MAX, "bytes", "auto", "8192PB");
    assert_scaled(INT64_MIN, "bytes", "kB", "-9007199254740992kB");
}

static void time_scales_by_its_own_units(void **state)
{
    (void)state;
    assert_scaled(1500000000, "nanoseconds", "auto", "1.50s");
    assert_scaled(7200, "s", "auto", "2hrs");
    assert_scaled(10, "ms", "us", "10000us");
    assert_scaled(5, "us", "auto", "5us");
    assert_scaled(3, "seconds", "minutes", "3s");
}

static void a_unit_of_another_kind_gives_the_default_unit(void **state)
{
    (void)state;
    assert_scaled(2048, "bytes", "seconds", "2048B");
    assert_scaled(1000, "ms", "bytes", "1s");
    assert_scaled(1, "nanogcu", "auto", "1n*GCU");
    assert_scaled(2500, "GCU", "auto", "2.50k*GCU");
}

static void an_unknown_unit_is_kept_but_plain_words_are_not_printed(void **state)
{
    (void)state;
    assert_scaled(7, "count", "count", "7");
    assert_scaled(7, "samples", "auto", "7");
    assert_scaled(7, "widgets", "widgets", "7widgets");
    assert_scaled(7, "an unknown unit with a very long name", "x", "7x");
    assert_scaled(-7, "", "", "-7");
}

static void what_rounds_to_nothing_is_a_plain_zero(void **state)
{
    (void)state;
    assert_scaled(0, "bytes", "auto", "0");
    assert_scaled(-1, "ns", "s", "0");
    assert_scaled(1, "byte", "MB", "0");
}

static void units_are_recognized_in_any_case_and_number(void **state)
{
    (void)state;
    assert_scaled(1, "MegaBytes", "KB", "1024kB");
    assert_true(measure_same_kind(STR("ns"), STR("Hours")));
    assert_false(measure_same_kind(STR("ns"), STR("bytes")));
    assert_false(measure_same_kind(STR("widgets"), STR("widgets")));
}

static void percentages_have_two_digits_and_a_round_hundred(void **state)
{
    (void)state;
    assert_percentage(1234, 10000, "12.34%");
    assert_percentage(-5, 1000, "  0.5%");
    assert_percentage(99951, 100000, "  100%");
    assert_percentage(2, 1, "200.00%");
    assert_percentage(1, 300000, "0.00033%");
    assert_percentage(0, 10, "    0%");
    assert_percentage(3, 0, "    0%");
    assert_percentage(1, 100000000, "1e-06%");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_scales_by_1024),
        cmocka_unit_test(time_scales_by_its_own_units),
        cmocka_unit_test(a_unit_of_another_kind_gives_the_default_unit),
        cmocka_unit_test(an_unknown_unit_is_kept_but_plain_words_are_not_printed),
        cmocka_unit_test(what_rounds_to_nothing_is_a_plain_zero),
        cmocka_unit_test(units_are_recognized_in_any_case_and_number),
        cmocka_unit_test(percentages_have_two_digits_and_a_round_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
