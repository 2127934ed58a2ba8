#include "profile/pattern.h"

#include <string.h>

#include "testing.h"

static bool matches(const char *expression, struct str text)
{
    struct buf error;
    buf_init(&error, mem_libc());
    struct pattern *pattern = pattern_create(str_of(expression), mem_libc(), &error);
    if (!pattern)
        fail_msg("%.*s", STR_ARG(buf_text(&error)));
    bool matched = pattern_matches(pattern, text);
    assert_false(pattern_gave_up(pattern));
    pattern_destroy(pattern);
    buf_finish(&error);
    return matched;
}

static void assert_refused(const char *expression, const char *why)
{
    struct buf error;
    buf_init(&error, mem_libc());
    assert_null(pattern_create(str_of(expression), mem_libc(), &error));
    buf_byte(&error, '\0');
    assert_string_equal(error.p, why);
    buf_finish(&error);
}

static void plain_patterns_match_anywhere(void **state)
{
    (void)state;
    assert_true(matches("lloc", STR("runtime.mallocgc")));
    assert_false(matches("^lloc", STR("runtime.mallocgc")));
    assert_true(matches("", STR("")));
    assert_true(matches("a|b", STR("xbx")));
    assert_true(matches("^(main\\.|runtime\\.)[a-z]+$", STR("main.run")));
}

static void a_dollar_is_the_very_end(void **state)
{
    (void)state;
    assert_false(matches("a$", STR("a\n")));
    assert_true(matches("(?m)a$", STR("a\n")));
    assert_true(matches("(?m)^$", STR("a\n")));
    assert_true(matches("a\\z", STR("ba")));
    assert_false(matches("a.b", STR("a\nb")));
    assert_true(matches("(?s)a.b", STR("a\nb")));
    assert_true(matches("a.b", STR("a\rb")));
}

static void classes_are_gos(void **state)
{
    (void)state;
    assert_false(matches("\\s", STR("\v")));
    assert_false(matches("[\\s]", STR("\v")));
    assert_true(matches("[\\S]", STR("\v")));
    assert_true(matches("\\v", STR("\v")));
    assert_false(matches("\\v", STR("\n")));
    assert_false(matches("\\d", STR("\xd9\xa3")));
    assert_true(matches("\\pN", STR("\xd9\xa3")));
    assert_true(matches("[^\\pL]\\p{Greek}", STR("1\xce\xb1")));
    assert_true(matches("[[:^alpha:]]", STR("1")));
    assert_true(matches("[]a]", STR("]")));
    assert_true(matches("[a-]", STR("-")));
    assert_true(matches("[[.]", STR("[")));
    assert_true(matches("^.$", STR("\xe4\xb8\x96")));
}

static void names_and_flags_are_understood(void **state)
{
    (void)state;
    assert_true(matches("(?P<name>a)(?<other_1>b)", STR("ab")));
    assert_true(matches("(?i)MAIN", STR("main")));
    assert_true(matches("a(?i:B)c", STR("abc")));
    assert_false(matches("a(?i:B)c", STR("abC")));
    assert_true(matches("(?i)k", STR("\xe2\x84\xaa")));
    assert_true(matches("\\Qa.b*\\E", STR("a.b*")));
    assert_true(matches("a{,2}", STR("a{,2}")));
    assert_true(matches("(?:^)*a", STR("ba")));
    assert_true(matches("^*a", STR("ba")));
    assert_true(matches("^ba(?i)*c$", STR("baaC")));
    assert_true(matches("^(?:ab)+(?i)*$", STR("abab")));
    assert_false(matches("(?i)\\W", STR("S")));
    assert_true(matches("\\x{4E16}\\x41\\101", STR("\xe4\xb8\x96"
                                                   "AA")));
}

static void broken_utf_8_counts_as_replacement_characters(void **state)
{
    (void)state;
    assert_true(matches("^a..b$", STR("a\xff\xfe"
                                      "b")));
    assert_true(matches("\\x{FFFD}", STR("a\xff")));
    assert_true(matches("b$", STR("\xe4\xb8 b")));
}

static void refusals_say_what_and_where(void **state)
{
    (void)state;
    assert_refused("a(b", "error parsing regexp: missing closing ): `a(b` (at byte 3)");
    assert_refused("a)b", "error parsing regexp: unexpected ): `a)b` (at byte 1)");
    assert_refused("a[b", "error parsing regexp: missing closing ]: `[b` (at byte 1)");
    assert_refused("ab**", "error parsing regexp: invalid nested repetition operator: `**` (at byte 2)");
    assert_refused("a|*", "error parsing regexp: missing argument to repetition operator: `*` (at byte 2)");
    assert_refused("a(?=b)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=` (at byte 1)");
    assert_refused("a\\1", "error parsing regexp: invalid escape sequence: `\\1` (at byte 1)");
    assert_refused("a\\", "error parsing regexp: trailing backslash at end of expression: `` (at byte 2)");
    assert_refused("[z-a]", "error parsing regexp: invalid character class range: `z-a` (at byte 1)");
    assert_refused("a{1001}", "error parsing regexp: invalid repeat count: `{1001}` (at byte 1)");
    assert_refused("(a{100}){11}", "error parsing regexp: invalid repeat count: `{11}` (at byte 8)");
    assert_refused("a++", "error parsing regexp: invalid nested repetition operator: `++` (at byte 1)");
    assert_refused("\\pX", "error parsing regexp: invalid character class range: `\\pX` (at byte 0)");
    assert_refused("(?P<a b>c)", "error parsing regexp: invalid named capture: `(?P<a b>` (at byte 0)");
    assert_refused("\xff", "error parsing regexp: invalid UTF-8: `\xff` (at byte 0)");
}

static void a_pathological_pattern_gives_up(void **state)
{
    (void)state;
    struct buf error;
    buf_init(&error, mem_libc());
    struct pattern *pattern = pattern_create(STR("(x+x+)+y"), mem_libc(), &error);
    assert_non_null(pattern);
    char text[64];
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 2, "zy", 2); /* else the missing y alone would tell */
    assert_false(pattern_matches(pattern, (struct str){text, sizeof text}));
    assert_true(pattern_gave_up(pattern));
    pattern_destroy(pattern);
    buf_finish(&error);
}

static void deep_nesting_is_refused_or_works(void **state)
{
    (void)state;
    enum { deep = 5000 };
    char text[2 * deep];
    memset(text, '(', deep);
    memset(text + deep, ')', deep);
    struct buf error;
    buf_init(&error, mem_libc());
    assert_null(pattern_create((struct str){text, sizeof text}, mem_libc(), &error));
    struct pattern *pattern = pattern_create((struct str){text + deep - 400, 800}, mem_libc(), &error);
    assert_non_null(pattern);
    pattern_destroy(pattern);
    buf_finish(&error);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct buf error;
        buf_init(&error, mem_libc());
        assert_true(successes < 100);
        struct pattern *pattern = pattern_create(STR("(a|b)+c"), &failing.mem, &error);
        assert_true(pattern || error.n > 0);
        pattern_destroy(pattern);
        buf_finish(&error);
        if (pattern)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_patterns_match_anywhere),
        cmocka_unit_test(a_dollar_is_the_very_end),
        cmocka_unit_test(classes_are_gos),
        cmocka_unit_test(names_and_flags_are_understood),
        cmocka_unit_test(broken_utf_8_counts_as_replacement_characters),
        cmocka_unit_test(refusals_say_what_and_where),
        cmocka_unit_test(a_pathological_pattern_gives_up),
        cmocka_unit_test(deep_nesting_is_refused_or_works),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
