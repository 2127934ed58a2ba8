#include "testing.h"

#include "base/quote.h"

static void expect(struct str s, const char *quoted)
{
    struct buf out;
    buf_init(&out, mem_libc());
    buf_quote(&out, s);
    buf_byte(&out, 0);
    assert_string_equal(out.p, quoted);
    buf_finish(&out);
}

static void expect_json(struct str s, const char *quoted)
{
    struct buf out;
    buf_init(&out, mem_libc());
    buf_quote_json(&out, s);
    buf_byte(&out, 0);
    assert_string_equal(out.p, quoted);
    buf_finish(&out);
}

static void plain_text_is_only_put_in_quotes(void **state)
{
    (void)state;
    expect(STR(""), "\"\"");
    expect(STR("chan receive ~"), "\"chan receive ~\"");
    expect(STR("gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x99\x82"),
           "\"gr\xc3\xbc\xc3\x9f dich \xe2\x82\xac \xf0\x9f\x99\x82\"");
}

static void quotes_backslashes_and_controls_are_escaped(void **state)
{
    (void)state;
    expect(STR("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect(STR("\a\b\t\n\v\f\r"), "\"\\a\\b\\t\\n\\v\\f\\r\"");
    expect(STR("\x01\x1f\x7f"), "\"\\x01\\x1f\\x7f\"");
    expect((struct str){"\0x", 2}, "\"\\x00x\"");
}

static void code_points_that_cannot_be_printed_are_numbered(void **state)
{
    (void)state;
    expect(STR("\xc2\x85\xc2\xa0\xc2\xad"), "\"\\u0085\\u00a0\\u00ad\"");
    expect(STR("\xe2\x80\xa8\xef\xbf\xbd"), "\"\\u2028\xef\xbf\xbd\"");
    expect(STR("\xf3\xa0\x80\x81"), "\"\\U000e0001\"");
}

static void bytes_that_are_not_utf8_are_shown_in_hexadecimal(void **state)
{
    (void)state;
    expect(STR("\xff\x80g"), "\"\\xff\\x80g\"");
    expect(STR("\xc0\xaf"), "\"\\xc0\\xaf\"");
    expect(STR("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"");
    expect(STR("\xe2\x82"), "\"\\xe2\\x82\"");
    expect(STR("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"");
}

static void json_escapes_what_it_must_and_less_than(void **state)
{
    (void)state;
    expect_json(STR(""), "\"\"");
    expect_json(STR("a\"b\\c\n\t\x01"), "\"a\\\"b\\\\c\\n\\t\\u0001\"");
    expect_json(STR("</script>"), "\"\\u003c/script>\"");
    expect_json(STR("gr\xc3\xbc\xc3\x9f dich"), "\"gr\xc3\xbc\xc3\x9f dich\"");
}

static void json_has_a_replacement_for_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    expect_json(STR("a\xff\xc3"), "\"a\\ufffd\\ufffd\"");
    expect_json(STR("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
}

static void expect_back(struct str quoted, struct str text)
{
    struct buf out;
    buf_init(&out, mem_libc());
    buf_byte(&out, '>');
    assert_true(buf_unquote(&out, quoted));
    assert_true(str_equal(str_skip(buf_text(&out), 1), text));
    buf_finish(&out);
}

static void literals_of_go_are_read_back(void **state)
{
    (void)state;
    expect_back(STR("\"\""), STR(""));
    expect_back(STR("\"a'b\\\"\\\\\""), STR("a'b\"\\"));
    expect_back(STR("\"\\a\\b\\f\\n\\r\\t\\v\""), STR("\a\b\f\n\r\t\v"));
    expect_back(STR("\"\\x00\\377\\u00fc\\U0001f642\""), STR("\0\xff\xc3\xbc\xf0\x9f\x99\x82"));
    expect_back(STR("\"\xff\""), STR("\xef\xbf\xbd"));
    expect_back(STR("`a\\n\r\"`"), STR("a\\n\""));
    expect_back(STR("'\xc3\xbc'"), STR("\xc3\xbc"));
    expect_back(STR("'\\''"), STR("'"));
}

static void what_is_no_literal_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",        "\"",       "x",      "\"a",   "a\"",      "\"a\"b\"",  "\"\\\"",      "\"\\'\"",
        "'\\\"'",  "''",       "'ab'",   "`a`b`", "\"\\x4\"", "\"\\400\"", "\"\\ud800\"", "\"\\U00110000\"",
        "\"\\z\"", "\"a\nb\"", "'\\n'\""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf out;
        buf_init(&out, mem_libc());
        buf_byte(&out, '>');
        assert_false(buf_unquote(&out, str_of(wrong[i])));
        assert_int_equal(out.n, 1);
        buf_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_is_only_put_in_quotes),
        cmocka_unit_test(quotes_backslashes_and_controls_are_escaped),
        cmocka_unit_test(code_points_that_cannot_be_printed_are_numbered),
        cmocka_unit_test(bytes_that_are_not_utf8_are_shown_in_hexadecimal),
        cmocka_unit_test(json_escapes_what_it_must_and_less_than),
        cmocka_unit_test(json_has_a_replacement_for_bytes_that_are_not_utf8),
        cmocka_unit_test(literals_of_go_are_read_back),
        cmocka_unit_test(what_is_no_literal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
