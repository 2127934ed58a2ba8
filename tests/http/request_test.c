#include "testing.h"

#include <string.h>

#include "http/request.h"

static enum http_parse parse(const char *text, struct http_request *request, struct http_refusal *refusal)
{
    size_t scanned = 0;
    return http_request_parse(text, strlen(text), &scanned, request, refusal);
}

static struct http_request accepted(const char *text)
{
    struct http_request request;
    struct http_refusal refusal;
    assert_int_equal(parse(text, &request, &refusal), http_parse_done);
    return request;
}

static struct http_refusal refused(const char *text)
{
    struct http_request request;
    struct http_refusal refusal;
    assert_int_equal(parse(text, &request, &refusal), http_parse_refused);
    return refusal;
}

static void a_plain_get_is_read(void **state)
{
    (void)state;
    const char text[] = "GET /debug/pprof/heap?debug=1 HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n";
    struct http_request r = accepted(text);
    assert_str(r.method, "GET");
    assert_str(r.target, "/debug/pprof/heap?debug=1");
    assert_str(r.path, "/debug/pprof/heap");
    assert_str(r.query, "debug=1");
    assert_int_equal(r.minor, 1);
    assert_true(r.keep_alive);
    assert_int_equal(r.body_size, 0);
    assert_int_equal(r.head_size, strlen(text));
}

static void a_request_is_read_however_it_is_split(void **state)
{
    (void)state;
    const char text[] = "POST /debug/pprof/symbol HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n0x123";
    size_t head = strlen(text) - 5;
    for (size_t step = 1; step < sizeof text; step++) {
        struct http_request request;
        struct http_refusal refusal;
        size_t scanned = 0, size = 0;
        enum http_parse is = http_parse_more;
        while (is == http_parse_more) {
            size = size + step < strlen(text) ? size + step : strlen(text);
            is = http_request_parse(text, size, &scanned, &request, &refusal);
            assert_true(is == http_parse_more ? size < head : size >= head);
        }
        assert_int_equal(is, http_parse_done);
        assert_int_equal(request.head_size, head);
        assert_int_equal(request.body_size, 5);
    }
}

static void pipelined_requests_are_read_one_by_one(void **state)
{
    (void)state;
    const char *text = "GET /a HTTP/1.1\nHost: x\n\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_request first = accepted(text), second = accepted(text + first.head_size);
    assert_str(first.path, "/a");
    assert_str(second.method, "HEAD");
    assert_str(second.path, "/b");
}

static void connections_are_kept_as_the_version_and_the_header_say(void **state)
{
    (void)state;
    assert_true(accepted("GET / HTTP/1.1\r\nHost: x\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo , close\r\n\r\n").keep_alive);
    assert_false(accepted("GET / HTTP/1.0\r\n\r\n").keep_alive);
    assert_true(accepted("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

static void bodies_are_announced(void **state)
{
    (void)state;
    assert_int_equal(accepted("POST / HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 0042 \r\n\r\n").body_size, 42);
    assert_int_equal(accepted("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n").body_size,
                     7);
    assert_true(accepted("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
    assert_true(accepted("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
    assert_true(accepted("POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n").expects_other);
}

static void targets_are_split_as_go_splits_them(void **state)
{
    (void)state;
    struct str path, query;
    assert_true(http_target_split(STR("/a?b?c#d"), &path, &query));
    assert_str(path, "/a");
    assert_str(query, "b?c#d");
    assert_true(http_target_split(STR("http://host:1/a?b"), &path, &query));
    assert_str(path, "/a");
    assert_true(http_target_split(STR("http://host?b"), &path, &query));
    assert_str(path, "/");
    assert_str(query, "b");
    assert_true(http_target_split(STR("*"), &path, &query));
    assert_true(http_target_split(STR("/a?%zz"), &path, &query));
    assert_false(http_target_split(STR("/a%zz"), &path, &query));
    assert_false(http_target_split(STR("/a%4"), &path, &query));
    assert_false(http_target_split(STR("a"), &path, &query));
    assert_false(http_target_split(STR("1http://host/"), &path, &query));
    assert_false(http_target_split(STR(""), &path, &query));
    assert_false(http_target_split(STR("/\x7f"), &path, &query));
    assert_false(http_target_split(STR("/\x01"), &path, &query));
}

static void what_is_not_http_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "BAD\r\n\r\n",
        "\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: x\r\n\r\n",
        "GET / HTTP/11\r\nHost: x\r\n\r\n",
        "GET / http/1.1\r\nHost: x\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost x\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_refusal refusal = refused(bad[i]);
        assert_int_equal(refusal.status, 400);
        assert_null(refusal.detail);
    }
}

static void refusals_say_what_is_wrong_where_go_does(void **state)
{
    (void)state;
    assert_string_equal(refused("GET / HTTP/1.1\r\n\r\n").detail, "missing required Host header");
    assert_string_equal(refused("GET / HTTP/1.1\r\nHost : x\r\n\r\n").detail, "invalid header name");
    assert_int_equal(refused("GET / HTTP/3.1\r\nHost: x\r\n\r\n").status, 505);
    struct http_refusal encoding = refused("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n");
    assert_int_equal(encoding.status, 501);
    assert_string_equal(encoding.body, "Unsupported transfer encoding");
}

static void a_head_that_is_too_large_is_refused(void **state)
{
    (void)state;
    static char text[http_head_most + 100];
    struct http_request request;
    struct http_refusal refusal;
    size_t scanned = 0;
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    assert_int_equal(http_request_parse(text, http_head_most - 1, &scanned, &request, &refusal), http_parse_more);
    assert_int_equal(http_request_parse(text, http_head_most, &scanned, &request, &refusal), http_parse_refused);
    assert_int_equal(refusal.status, 431);
    /* also where its end has come, and in lines */
    memcpy(text + http_head_most, "\r\n\r\n", 4);
    scanned = 0;
    assert_int_equal(http_request_parse(text, sizeof text, &scanned, &request, &refusal), http_parse_refused);
    assert_int_equal(refusal.status, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_get_is_read),
        cmocka_unit_test(a_request_is_read_however_it_is_split),
        cmocka_unit_test(pipelined_requests_are_read_one_by_one),
        cmocka_unit_test(connections_are_kept_as_the_version_and_the_header_say),
        cmocka_unit_test(bodies_are_announced),
        cmocka_unit_test(targets_are_split_as_go_splits_them),
        cmocka_unit_test(what_is_not_http_is_refused),
        cmocka_unit_test(refusals_say_what_is_wrong_where_go_does),
        cmocka_unit_test(a_head_that_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
