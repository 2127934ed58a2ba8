#include "testing.h"

#include <string.h>

#include "http/body.h"

/* Decodes a text in steps of so many bytes; what comes out is in out, with a NUL behind it. */
static enum http_parse decode(const char *text, size_t step, char *out, size_t *eaten)
{
    struct http_chunks chunks = {0};
    enum http_parse is = http_parse_more;
    size_t made = 0;
    *eaten = 0;
    while (is == http_parse_more && *eaten < strlen(text)) {
        size_t size = strlen(text) - *eaten < step ? strlen(text) - *eaten : step, used;
        memcpy(out + made, text + *eaten, size);
        is = http_chunks_decode(&chunks, out + made, &size, &used);
        made += size;
        *eaten += used;
    }
    out[made] = '\0';
    return is;
}

static void chunks_are_joined_however_they_are_split(void **state)
{
    (void)state;
    const char text[] = "5\r\nhello\r\nA;x=\"y\"\r\n 123456789\r\n0\r\nTrailer: z\r\n\r\nGET";
    for (size_t step = 1; step < sizeof text; step++) {
        char out[100];
        size_t eaten;
        assert_int_equal(decode(text, step, out, &eaten), http_parse_done);
        assert_string_equal(out, "hello 123456789");
        assert_int_equal(eaten, strlen(text) - 3);
    }
}

static void an_empty_body_ends_at_once(void **state)
{
    (void)state;
    char out[100];
    size_t eaten;
    assert_int_equal(decode("0\r\n\r\n", 100, out, &eaten), http_parse_done);
    assert_int_equal(eaten, 5);
    assert_int_equal(decode("0\r\n", 100, out, &eaten), http_parse_more);
}

static void broken_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\r\n", "x\r\n", "5\r\nhelloX", "-1\r\n", "5q\r\n", "fffffffffffffffff\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char out[100];
        size_t eaten;
        assert_int_equal(decode(bad[i], 100, out, &eaten), http_parse_refused);
    }
}

static void endless_extensions_and_trailers_are_refused(void **state)
{
    (void)state;
    static char text[10000], out[10001];
    size_t eaten;
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "5;", 2);
    assert_int_equal(decode(text, 1000, out, &eaten), http_parse_refused);
    memcpy(text, "0\r\n", 3);
    assert_int_equal(decode(text, 1000, out, &eaten), http_parse_refused);
    memset(text, '0', sizeof text - 1);
    assert_int_equal(decode(text, 1000, out, &eaten), http_parse_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_joined_however_they_are_split),
        cmocka_unit_test(an_empty_body_ends_at_once),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(endless_extensions_and_trailers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
