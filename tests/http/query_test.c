#include "testing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "http/query.h"

static struct str value(const char *query, const char *key)
{
    static char room[4096];
    return http_query_value(str_of(query), str_of(key), room);
}

static void the_first_value_of_a_key_counts(void **state)
{
    (void)state;
    assert_str(value("seconds=5", "seconds"), "5");
    assert_str(value("a=1&seconds=5&seconds=6", "seconds"), "5");
    assert_str(value("a=1&&b=2", "b"), "2");
    assert_str(value("seconds", "seconds"), "");
    assert_str(value("seconds=&seconds=2", "seconds"), "");
    assert_str(value("Seconds=5", "seconds"), "");
    assert_str(value("", "seconds"), "");
    assert_str(value("a=b=c", "a"), "b=c");
}

static void keys_and_values_are_unescaped(void **state)
{
    (void)state;
    assert_str(value("%73econds=%35+%2b", "seconds"), "5 +");
    assert_str(value("a+b=c", "a b"), "c");
}

static void broken_pairs_do_not_count(void **state)
{
    (void)state;
    assert_str(value("seconds=%zz&seconds=2", "seconds"), "2");
    assert_str(value("seconds=1%2&seconds=2", "seconds"), "2");
    assert_str(value("seconds=1;debug=1&seconds=2", "seconds"), "2");
    assert_str(value("%&seconds=2", "seconds"), "2");
}

static void a_query_of_too_many_pairs_has_no_values(void **state)
{
    (void)state;
    size_t size = 20020;
    char *query = calloc(1, size), *room = malloc(size);
    for (int i = 0; i < 9999; i++)
        query[i] = '&';
    strcat(query, "a=1");
    assert_str(http_query_value(str_of(query), STR("a"), room), "1");
    strcat(query, "&");
    assert_str(http_query_value(str_of(query), STR("a"), room), "");
    free(query);
    free(room);
}

static void paths_keep_their_plus(void **state)
{
    (void)state;
    char room[16];
    assert_str(http_unescape_path(STR("/a+b%20c%2f"), room), "/a+b c/");
    assert_null(http_unescape_path(STR("%4"), room).p);
}

static void integers_are_read_as_parse_int_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_number is;
        int64_t value;
    } cases[] = {
        {"5", http_number_ok, 5},
        {"+5", http_number_ok, 5},
        {"-5", http_number_ok, -5},
        {"007", http_number_ok, 7},
        {"", http_number_not_one, 0},
        {"-", http_number_not_one, 0},
        {"1_0", http_number_not_one, 0},
        {"0x10", http_number_not_one, 0},
        {" 5", http_number_not_one, 0},
        {"5.0", http_number_not_one, 0},
        {"9223372036854775807", http_number_ok, INT64_MAX},
        {"9223372036854775808", http_number_too_large, INT64_MAX},
        {"-9223372036854775808", http_number_ok, INT64_MIN},
        {"-9223372036854775809", http_number_too_large, INT64_MIN},
        {"99999999999999999999999", http_number_too_large, INT64_MAX},
        {"99999999999999999999999z", http_number_too_large, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t got = 1;
        assert_int_equal(http_parse_int(str_of(cases[i].text), &got), cases[i].is);
        assert_true(got == cases[i].value);
    }
}

static void addresses_are_read_as_parse_uint_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_number is;
        uint64_t value;
    } cases[] = {
        {"0x401000", http_number_ok, 0x401000},
        {"0XaBc", http_number_ok, 0xabc},
        {"10", http_number_ok, 10},
        {"0", http_number_ok, 0},
        {"010", http_number_ok, 8},
        {"0o10", http_number_ok, 8},
        {"0b10", http_number_ok, 2},
        {"0x_1_0", http_number_ok, 16},
        {"1_0", http_number_ok, 10},
        {"0_7", http_number_ok, 7},
        {"1__0", http_number_not_one, 0},
        {"_1", http_number_not_one, 0},
        {"1_", http_number_not_one, 0},
        {"_", http_number_not_one, 0},
        {"0x", http_number_not_one, 0},
        {"0b", http_number_not_one, 0},
        {"08", http_number_not_one, 0},
        {"12a", http_number_not_one, 0},
        {"-1", http_number_not_one, 0},
        {"", http_number_not_one, 0},
        {"0xffffffffffffffff", http_number_ok, UINT64_MAX},
        {"0x10000000000000000", http_number_too_large, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t got = 1;
        assert_int_equal(http_parse_uint(str_of(cases[i].text), &got), cases[i].is);
        assert_true(got == cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_value_of_a_key_counts),
        cmocka_unit_test(keys_and_values_are_unescaped),
        cmocka_unit_test(broken_pairs_do_not_count),
        cmocka_unit_test(a_query_of_too_many_pairs_has_no_values),
        cmocka_unit_test(paths_keep_their_plus),
        cmocka_unit_test(integers_are_read_as_parse_int_reads_them),
        cmocka_unit_test(addresses_are_read_as_parse_uint_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
