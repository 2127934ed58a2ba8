#include "testing.h"

#include "http/router.h"

enum { tree, leaf, both };

static const struct http_route routes[] = {
    {STR("/debug/pprof/"), http_get, tree},
    {STR("/debug/pprof/cmdline"), http_get, leaf},
    {STR("/debug/pprof/symbol"), http_get | http_post, both},
};

struct routed {
    enum http_routing is;
    int handler;
    const char *allow;
    char location[100];
};

static struct routed route(const char *method, const char *target)
{
    struct routed routed = {.handler = -1};
    struct http_request request = {.method = str_of(method), .target = str_of(target)};
    struct buf location;
    buf_init(&location, mem_libc());
    assert_true(http_target_split(request.target, &request.path, &request.query));
    routed.is = http_route(routes, 3, &request, &routed.handler, &routed.allow, &location);
    assert_in_range(location.n, 0, sizeof routed.location - 1);
    if (location.n > 0)
        memcpy(routed.location, location.p, location.n);
    buf_finish(&location);
    return routed;
}

static void assert_found(const char *method, const char *target, int handler)
{
    struct routed routed = route(method, target);
    assert_int_equal(routed.is, http_route_found);
    assert_int_equal(routed.handler, handler);
    assert_string_equal(routed.location, "");
}

static void assert_redirect(const char *target, const char *location)
{
    struct routed routed = route("GET", target);
    assert_int_equal(routed.is, http_route_redirect);
    assert_string_equal(routed.location, location);
}

static void the_longest_pattern_wins(void **state)
{
    (void)state;
    assert_found("GET", "/debug/pprof/", tree);
    assert_found("HEAD", "/debug/pprof/heap?debug=1", tree);
    assert_found("GET", "/debug/pprof/cmdline", leaf);
    assert_found("GET", "/debug/pprof/cmdline/", tree);
    assert_found("POST", "/debug/pprof/symbol", both);
    assert_found("GET", "/%64ebug/ppro%66/cmdlin%65", leaf);
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(route("GET", "/").is, http_route_not_found);
    assert_int_equal(route("GET", "/debug").is, http_route_not_found);
    assert_int_equal(route("GET", "/debug/pprofx").is, http_route_not_found);
    assert_int_equal(route("GET", "/debug%2fpprof/").is, http_route_not_found);
    struct routed routed = route("POST", "/debug/pprof/heap");
    assert_int_equal(routed.is, http_route_not_allowed);
    assert_string_equal(routed.allow, "GET, HEAD");
    assert_string_equal(route("DELETE", "/debug/pprof/symbol").allow, "GET, HEAD, POST");
    assert_int_equal(route("get", "/debug/pprof/").is, http_route_not_allowed);
    assert_int_equal(route("POST", "/debug/pprof").is, http_route_not_found);
}

static void paths_are_cleaned_by_a_redirection(void **state)
{
    (void)state;
    assert_redirect("/debug/pprof", "/debug/pprof/");
    assert_redirect("/debug/pprof?a=b", "/debug/pprof/?a=b");
    assert_redirect("//debug/pprof/heap", "/debug/pprof/heap");
    assert_redirect("/debug/./pprof/../pprof/heap?x", "/debug/pprof/heap?x");
    assert_redirect("/../../debug/pprof//", "/debug/pprof/");
    assert_redirect("/..", "/");
    assert_redirect("/a/..//b/.", "/b");
    assert_redirect("/debug/pprof?a=\xc3\xa9\"<>&'", "/debug/pprof/?a=%C3%A9%22%3C%3E&'");
    assert_redirect("//\"%22", "/%22%22");
}

static void a_location_that_does_not_fit_memory_is_not_followed(void **state)
{
    (void)state;
    struct failing_mem failing = failing_mem(0);
    struct http_request request = {.method = STR("GET"), .path = STR("//x")};
    struct buf location;
    int handler;
    const char *allow;
    buf_init(&location, &failing.mem);
    assert_int_equal(http_route(routes, 3, &request, &handler, &allow, &location), http_route_not_found);
    assert_true(location.failed);
    buf_finish(&location);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_pattern_wins),
        cmocka_unit_test(unknown_paths_and_methods_are_told_apart),
        cmocka_unit_test(paths_are_cleaned_by_a_redirection),
        cmocka_unit_test(a_location_that_does_not_fit_memory_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
