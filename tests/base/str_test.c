#include "base/str.h"

#include "testing.h"

static void strings_order_by_bytes_then_length(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_true(str_compare((struct str){0}, STR("")) == 0);
}

static void prefixes_and_suffixes_are_seen(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("main.main"), STR("main.")));
    assert_false(str_starts_with(STR("main"), STR("main.")));
    assert_true(str_ends_with(STR("a.so"), STR(".so")));
    assert_true(str_ends_with(STR("a"), STR("")));
}

static void substrings_are_found_where_they_are(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("a::b::c"), STR("::"), 0), 1);
    assert_int_equal(str_find(STR("a::b::c"), STR("::"), 2), 4);
    assert_int_equal(str_find(STR("abc"), STR("x"), 0), 3);
    assert_int_equal(str_find_last_byte(STR("a/b/c"), '/'), 3);
    assert_int_equal(str_find_last_byte(STR("abc"), '/'), 3);
    assert_str(str_skip(STR("abc"), 2), "c");
    assert_str(str_skip(STR("abc"), 9), "");
    assert_str(str_first(STR("abc"), 9), "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_order_by_bytes_then_length),
        cmocka_unit_test(prefixes_and_suffixes_are_seen),
        cmocka_unit_test(substrings_are_found_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
