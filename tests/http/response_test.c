#include "testing.h"

#include "http/response.h"

static void a_head_is_written_as_go_writes_it(void **state)
{
    (void)state;
    struct http_response response = {.status = 200};
    struct http_request request = {.minor = 1, .keep_alive = true};
    struct buf out;
    buf_init(&out, mem_libc());
    http_response_set(&response, "X-Content-Type-Options", STR("nosniff"));
    http_response_set(&response, "Content-Type", STR("text/plain"));
    http_response_set(&response, "Content-Type", STR("application/octet-stream"));
    http_response_set(&response, "Content-Disposition", STR("attachment; filename=\"heap\""));
    http_response_write_head(&out, &response, &request, 1795402135, 801);
    assert_str(buf_text(&out), "HTTP/1.1 200 OK\r\n"
                               "Content-Disposition: attachment; filename=\"heap\"\r\n"
                               "Content-Type: application/octet-stream\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "Date: Mon, 23 Nov 2026 02:48:55 GMT\r\n"
                               "Content-Length: 801\r\n\r\n");
    buf_finish(&out);
}

static void a_header_can_be_taken_back(void **state)
{
    (void)state;
    struct http_response response = {0};
    http_response_set(&response, "B", STR("2"));
    http_response_set(&response, "A", STR("1"));
    http_response_set(&response, "C", STR("3"));
    http_response_set(&response, "B", STR(""));
    http_response_set(&response, "D", STR(""));
    assert_int_equal(response.nheaders, 2);
    assert_string_equal(response.headers[0].name, "A");
    assert_string_equal(response.headers[1].name, "C");
    for (int i = 0; i < 20; i++) {
        static const char *const names[] = {"E", "F", "G", "H", "I", "J", "K", "L", "M", "N"};
        http_response_set(&response, names[i % 10], STR("x"));
    }
    assert_int_equal(response.nheaders, http_headers_most);
}

static void the_connection_header_is_for_those_who_expect_otherwise(void **state)
{
    (void)state;
    static const struct {
        struct http_request request;
        const char *line;
    } cases[] = {
        {{.minor = 1, .keep_alive = true}, NULL},
        {{.minor = 1}, "Connection: close\r\n"},
        {{.minor = 0}, NULL},
        {{.minor = 0, .keep_alive = true}, "Connection: keep-alive\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_response response = {.status = 200};
        struct buf out;
        buf_init(&out, mem_libc());
        http_response_write_head(&out, &response, &cases[i].request, 0, 0);
        struct str line = cases[i].line ? str_of(cases[i].line) : STR("Connection");
        assert_int_equal(str_find(buf_text(&out), line, 0) < out.n, cases[i].line != NULL);
        buf_finish(&out);
    }
}

static void dates_are_right_around_leap_days(void **state)
{
    (void)state;
    static const struct {
        int64_t now;
        const char *date;
    } cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},          {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},  {951868799, "Tue, 29 Feb 2000 23:59:59 GMT"},
        {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},  {1735689599, "Tue, 31 Dec 2024 23:59:59 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_response response = {.status = 200};
        struct http_request request = {.minor = 1};
        struct buf out;
        buf_init(&out, mem_libc());
        http_response_write_head(&out, &response, &request, cases[i].now, 0);
        assert_true(str_find(buf_text(&out), str_of(cases[i].date), 0) < out.n);
        buf_finish(&out);
    }
}

static void refusals_end_the_connection(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, mem_libc());
    http_refusal_write(&out, &(struct http_refusal){400, "missing required Host header", NULL});
    assert_str(buf_text(&out), "HTTP/1.1 400 Bad Request: missing required Host header\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                               "400 Bad Request: missing required Host header");
    out.n = 0;
    http_refusal_write(&out, &(struct http_refusal){501, NULL, "Unsupported transfer encoding"});
    assert_str(buf_text(&out), "HTTP/1.1 501 Not Implemented\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                               "Unsupported transfer encoding");
    buf_finish(&out);
}

static void html_is_escaped(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, mem_libc());
    http_put_html(&out, STR("<a href='\"'>&"));
    assert_str(buf_text(&out), "&lt;a href=&#39;&#34;&#39;&gt;&amp;");
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_written_as_go_writes_it),
        cmocka_unit_test(a_header_can_be_taken_back),
        cmocka_unit_test(the_connection_header_is_for_those_who_expect_otherwise),
        cmocka_unit_test(dates_are_right_around_leap_days),
        cmocka_unit_test(refusals_end_the_connection),
        cmocka_unit_test(html_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
