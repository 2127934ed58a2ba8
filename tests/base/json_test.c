#include "base/json.h"

#include <string.h>

#include "testing.h"

static struct json parse(const char *text)
{
    struct json json;
    struct fault fault = {0};
    if (!json_parse(str_of(text), mem_libc(), &json, &fault))
        fail_msg("offset %d: expected %s", (int)fault.offset, fault.expected);
    return json;
}

static uint64_t refuse(const char *text, size_t size)
{
    struct json json;
    struct fault fault = {0};
    assert_false(json_parse((struct str){text, size}, mem_libc(), &json, &fault));
    assert_non_null(fault.expected);
    return fault.offset;
}

static const char everything[] = " {\"a\": [1, -2.5e3, true, false, null, \"x\\u00e9\\ud83d\\ude00\\n\\\"\"], \"b\": "
                                 "{}, \"c\": [], \"d\":{\"e\":[[3]]}}\n";

static void all_kinds_of_values_come_out(void **state)
{
    (void)state;
    struct json json = parse(everything);
    uint32_t a = json_member(&json, 0, STR("a")), at = json.values[a].first;
    int64_t whole;
    double number;
    assert_int_equal(json.values[0].n, 4);
    assert_int_equal(json.values[a].n, 6);
    assert_true(json_int(&json, at, &whole) && whole == 1);
    at = json.values[at].next;
    assert_true(json_double(&json, at, &number) && number == -2500);
    at = json.values[at].next;
    assert_true(json.values[at].type == json_bool && json.values[at].truth);
    at = json.values[json.values[json.values[at].next].next].next;
    assert_str(json_text(&json, at), "x\xc3\xa9\xf0\x9f\x98\x80\n\"");
    assert_int_equal(json.values[at].next, 0);
    uint32_t e = json_member(&json, json_member(&json, 0, STR("d")), STR("e"));
    assert_true(json_int(&json, json.values[json.values[e].first].first, &whole) && whole == 3);
    assert_int_equal(json_member(&json, 0, STR("z")), 0);
    assert_int_equal(json_member(&json, a, STR("z")), 0);
    json_finish(&json);
}

static void integers_keep_all_digits(void **state)
{
    (void)state;
    struct json json = parse("[9007199254740993, 1e3, 1.5, 1e400, 9223372036854775808]");
    int64_t whole = 0;
    uint32_t at = json.values[0].first;
    assert_true(json_int(&json, at, &whole) && whole == 9007199254740993);
    at = json.values[at].next;
    assert_true(json_int(&json, at, &whole) && whole == 1000);
    for (at = json.values[at].next; at != 0; at = json.values[at].next)
        assert_false(json_int(&json, at, &whole));
    json_finish(&json);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    size_t n = strlen(everything) - 1;
    for (size_t i = 0; i < n; i++) {
        char *copy = test_malloc(i + 1);
        memcpy(copy, everything, i);
        refuse(copy, i);
        test_free(copy);
    }
}

static void what_is_broken_is_refused_at_its_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t offset;
    } cases[] = {{"[1 2]", 3},   {"[1,]", 3},  {"{\"a\" 1}", 5}, {"{1:2}", 1},       {"[1}", 2},
                 {"\"\\q\"", 2}, {"[1] x", 4}, {"nul", 0},       {"\"\\u12g4\"", 5}, {"]", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(refuse(cases[i].text, strlen(cases[i].text)), cases[i].offset);
}

static void deep_nesting_takes_no_stack(void **state)
{
    (void)state;
    enum { deep = 1000000 };
    char *text = test_malloc(2 * deep);
    memset(text, '[', deep);
    memset(text + deep, ']', deep);
    struct json json;
    struct fault fault;
    assert_true(json_parse((struct str){text, 2 * deep}, mem_libc(), &json, &fault));
    assert_int_equal(json.n, deep);
    json_finish(&json);
    test_free(text);
}

static void every_failing_allocation_is_a_fault(void **state)
{
    (void)state;
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct json json;
        struct fault fault = {0};
        assert_true(successes < 20);
        if (json_parse(str_of(everything), &failing.mem, &json, &fault)) {
            json_finish(&json);
            break;
        }
        assert_non_null(fault.expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_of_values_come_out), cmocka_unit_test(integers_keep_all_digits),
        cmocka_unit_test(every_prefix_is_refused),      cmocka_unit_test(what_is_broken_is_refused_at_its_offset),
        cmocka_unit_test(deep_nesting_takes_no_stack),  cmocka_unit_test(every_failing_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
