#include "cli/config.h"

#include "cli/flags.h"
#include "cli/nearest.h"
#include "testing.h"

/* The text of a value after it was set; valid until the next call. */
static struct str set_and_get(const char *name, const char *value)
{
    static struct buf out;
    struct config config;
    struct arena arena;
    buf_finish(&out);
    buf_init(&out, mem_libc());
    arena_init(&arena, mem_libc());
    config_init(&config);
    if (config_set(&config, &arena, name, value, &out))
        config_put_value(&config, config_find(name), &out);
    arena_finish(&arena);
    return buf_text(&out);
}

static void each_kind_of_value_is_read(void **state)
{
    (void)state;
    assert_str(set_and_get("trim", "no"), "false");
    assert_str(set_and_get("trim", "YES"), "true");
    assert_str(set_and_get("mean", ""), "true");
    assert_str(set_and_get("nodecount", "-7"), "-7");
    assert_str(set_and_get("nodefraction", "1e-2"), "0.01");
    assert_str(set_and_get("focus", "a|b"), "a|b");
    assert_str(set_and_get("sort", "cum"), "cum");
    assert_str(set_and_get("lines", "1"), "lines");
}

static void wrong_values_are_refused_by_name(void **state)
{
    (void)state;
    assert_str(set_and_get("trim", "perhaps"), "\"perhaps\" is no value for trim: expected true or false");
    assert_str(set_and_get("nodecount", "many"), "\"many\" is no value for nodecount: expected an integer");
    assert_str(set_and_get("edgefraction", "x"), "\"x\" is no value for edgefraction: expected a number");
    assert_str(set_and_get("sort", "up"), "\"up\" is no value for sort: expected cum or flat");
}

static struct str number(double value)
{
    static struct buf out;
    buf_finish(&out);
    buf_init(&out, mem_libc());
    config_put_float(&out, value);
    return buf_text(&out);
}

static void numbers_are_as_short_as_go_prints_them(void **state)
{
    (void)state;
    assert_str(number(1), "1");
    assert_str(number(0.005), "0.005");
    assert_str(number(0), "0");
    assert_str(number(-2.5), "-2.5");
    assert_str(number(100000000000000000000.0), "100000000000000000000");
    assert_str(number(1e21), "1e+21");
    assert_str(number(0.00001), "1e-05");
    assert_str(number(1.0 / 3), "0.3333333333333333");
}

static void integers_have_any_base_in_flags_only(void **state)
{
    int64_t value = 0;
    (void)state;
    assert_true(config_parse_int("0x1F", true, &value) && value == 31);
    assert_true(config_parse_int("010", true, &value) && value == 8);
    assert_true(config_parse_int("010", false, &value) && value == 10);
    assert_true(config_parse_int("-9223372036854775808", false, &value) && value == INT64_MIN);
    assert_false(config_parse_int("9223372036854775808", false, &value));
    assert_false(config_parse_int("0x1F", false, &value));
    assert_false(config_parse_int(" 1", false, &value));
    assert_false(config_parse_int("--1", false, &value));
    assert_false(config_parse_int("", false, &value));
}

/* The flags below after parsing, and where parsing stopped. */
struct taken {
    bool top;
    int64_t count;
    double part;
    const char *focus;
    int next;
    enum flags_result result;
    struct buf error;
};

static struct taken take(int argc, const char *const *argv)
{
    struct taken taken = {.count = -1, .focus = ""};
    const struct flag all[] = {{"top", flag_bool, &taken.top},
                               {"count", flag_int, &taken.count},
                               {"part", flag_float, &taken.part},
                               {"focus", flag_text, &taken.focus}};
    struct flags flags = {.all = all, .n = 4};
    buf_init(&taken.error, mem_libc());
    taken.result = flags_parse(&flags, argc, (char **)argv, &taken.error);
    taken.next = flags.next;
    return taken;
}

#define TAKE(...)                                                                                                      \
    take(sizeof((const char *[]){"pprof", __VA_ARGS__}) / sizeof(char *), (const char *[]){"pprof", __VA_ARGS__})

static void flags_take_all_of_gos_forms(void **state)
{
    (void)state;
    struct taken t = TAKE("-top", "--count=3", "-focus", "-x", "--part", "0.5", "file", "-top=false");
    assert_int_equal(t.result, flags_fine);
    assert_true(t.top && t.count == 3 && t.part == 0.5);
    assert_string_equal(t.focus, "-x");
    assert_int_equal(t.next, 7);
    t = TAKE("-top=f", "--", "-count");
    assert_true(t.result == flags_fine && !t.top && t.next == 3);
    t = TAKE("-");
    assert_true(t.result == flags_fine && t.next == 1);
    assert_int_equal(TAKE("-h").result, flags_help);
    assert_int_equal(TAKE("--help").result, flags_help);
}

static void wrong_flags_are_told_with_the_nearest(void **state)
{
    (void)state;
    struct taken t = TAKE("-fcous=a");
    assert_int_equal(t.result, flags_wrong);
    assert_str(buf_text(&t.error), "there is no flag -fcous; did you mean -focus?");
    buf_finish(&t.error);
    t = TAKE("-count");
    assert_str(buf_text(&t.error), "flag -count needs a value");
    buf_finish(&t.error);
    t = TAKE("-count=x");
    assert_str(buf_text(&t.error), "\"x\" is no value for flag -count: expected an integer");
    buf_finish(&t.error);
    t = TAKE("---top");
    assert_str(buf_text(&t.error), "\"---top\" is no flag: expected -name or -name=value");
    buf_finish(&t.error);
    t = TAKE("-top=maybe");
    assert_int_equal(t.result, flags_wrong);
    buf_finish(&t.error);
}

static void words_far_from_all_others_have_no_nearest(void **state)
{
    (void)state;
    struct nearest search = nearest_to("zebra");
    nearest_offer(&search, "top");
    assert_null(search.best);
    search = nearest_to("tpo");
    nearest_offer(&search, "tags");
    nearest_offer(&search, "top");
    assert_string_equal(search.best, "top");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_value_is_read),
        cmocka_unit_test(wrong_values_are_refused_by_name),
        cmocka_unit_test(numbers_are_as_short_as_go_prints_them),
        cmocka_unit_test(integers_have_any_base_in_flags_only),
        cmocka_unit_test(flags_take_all_of_gos_forms),
        cmocka_unit_test(wrong_flags_are_told_with_the_nearest),
        cmocka_unit_test(words_far_from_all_others_have_no_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
