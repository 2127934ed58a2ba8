#include "testing.h"

#include "trace/range.h"

static void expect(const char *text, int64_t start, int64_t end)
{
    struct trace_range range;
    const char *why;
    assert_true(trace_range_parse(str_of(text), &range, &why));
    assert_int_equal(range.start, start);
    assert_int_equal(range.end, end);
}

static void expect_refused(const char *text, const char *word)
{
    struct trace_range range = {7, 8};
    const char *why = "";
    assert_false(trace_range_parse(str_of(text), &range, &why));
    assert_non_null(strstr(why, word));
    assert_int_equal(range.start, 7);
}

static void both_ends_or_one_may_be_given(void **state)
{
    (void)state;
    expect("1.2s-1.4s", 1200000000, 1400000000);
    expect("250ms-", 250000000, INT64_MAX);
    expect("-1m30s", INT64_MIN, 90000000000);
    expect("0-3us", 0, 3000);
    expect("1ns-1\xc2\xb5s", 1, 1000);
}

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    expect_refused("", "START-END");
    expect_refused("-", "START-END");
    expect_refused("1s", "START-END");
    expect_refused("1-2s", "units");
    expect_refused("1s-2s-3s", "units");
    expect_refused("-5s-6s", "units");
    expect_refused("a-b", "units");
    expect_refused("99999999999h-", "units");
    expect_refused("2s-1s", "before it starts");
    expect_refused("2s-2s", "before it starts");
    expect_refused("-0", "before it starts");
}

static void ranges_count_from_the_first_event(void **state)
{
    (void)state;
    struct trace_range range = trace_range_from((struct trace_range){10, 20}, 1000);
    assert_int_equal(range.start, 1010);
    assert_int_equal(range.end, 1020);
    range = trace_range_from((struct trace_range){INT64_MAX - 5, INT64_MAX}, 1000);
    assert_int_equal(range.start, INT64_MAX);
    assert_int_equal(range.end, INT64_MAX);
    assert_true(trace_range_is_all(trace_range_from(TRACE_RANGE_ALL, 5)));
    assert_false(trace_range_is_all(range));
}

static void overlaps_are_never_negative(void **state)
{
    (void)state;
    struct trace_range range = {100, 200};
    assert_int_equal(trace_range_overlap(range, 0, 50), 0);
    assert_int_equal(trace_range_overlap(range, 0, 150), 50);
    assert_int_equal(trace_range_overlap(range, 120, 150), 30);
    assert_int_equal(trace_range_overlap(range, 120, 500), 80);
    assert_int_equal(trace_range_overlap(range, 200, 500), 0);
    assert_int_equal(trace_range_overlap(TRACE_RANGE_ALL, 120, 500), 380);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_or_one_may_be_given),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(ranges_count_from_the_first_event),
        cmocka_unit_test(overlaps_are_never_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
