#include "cli/url.h"

#include "testing.h"

/* The URL that a source means, "(none)" where it is none; valid until the next call. */
static struct str url_of(const char *source, int64_t seconds)
{
    static struct profile_url url;
    buf_finish(&url.text);
    buf_init(&url.text, mem_libc());
    if (!url_of_profile(source, seconds, -1, &url))
        buf_str(&url.text, STR("(none)"));
    return buf_text(&url.text);
}

static int64_t timeout_of(const char *source, int64_t seconds, int64_t timeout)
{
    struct profile_url url;
    buf_init(&url.text, mem_libc());
    assert_true(url_of_profile(source, seconds, timeout, &url));
    buf_finish(&url.text);
    return url.timeout;
}

static struct str symbols_of(const char *profile)
{
    static struct buf out;
    buf_finish(&out);
    buf_init(&out, mem_libc());
    if (!url_of_symbols(str_of(profile), &out))
        buf_str(&out, STR("(none)"));
    return buf_text(&out);
}

static void files_are_no_urls(void **state)
{
    (void)state;
    assert_str(url_of("cpu.prof", -1), "(none)");
    assert_str(url_of("/tmp/cpu.prof", -1), "(none)");
    assert_str(url_of("file:///tmp/cpu.prof", -1), "(none)");
    assert_str(url_of("", -1), "(none)");
    assert_str(url_of("a b:c", -1), "(none)");
}

static void a_host_and_port_are_http(void **state)
{
    (void)state;
    assert_str(url_of("localhost:6060/debug/pprof/heap", -1), "http://localhost:6060/debug/pprof/heap");
    assert_str(url_of("127.0.0.1:6060/x", -1), "http://127.0.0.1:6060/x");
    assert_str(url_of(":6060/x", -1), "http://:6060/x");
    assert_str(url_of("https+insecure://h/x", -1), "https+insecure://h/x");
}

static void a_socket_is_the_host_of_a_url(void **state)
{
    (void)state;
    assert_str(url_of("unix:/run/app.sock:/debug/pprof/heap", -1), "http+unix://%2Frun%2Fapp.sock/debug/pprof/heap");
    assert_str(url_of("unix:///run/app.sock", -1), "http+unix://%2Frun%2Fapp.sock/debug/pprof/profile");
    assert_str(url_of("unix:name", -1), "(none)");
}

static void an_empty_path_is_the_cpu_profile(void **state)
{
    (void)state;
    assert_str(url_of("http://h", -1), "http://h/debug/pprof/profile");
    assert_str(url_of("h:1/", -1), "http://h:1/debug/pprof/profile");
    assert_str(url_of("http://h?seconds=5", -1), "http://h/debug/pprof/profile?seconds=5");
}

static void queries_are_sorted_and_get_the_seconds(void **state)
{
    (void)state;
    assert_str(url_of("http://h/p?z=1&a=x y&gc", -1), "http://h/p?a=x+y&gc=&z=1");
    assert_str(url_of("http://h/p?seconds=5&a=1", 30), "http://h/p?a=1&seconds=30");
    assert_str(url_of("http://h/p?a=%2f&b=%zz&a=2", -1), "http://h/p?a=%2F&a=2");
    assert_str(url_of("http://u:p@h/p%20q r#frag", -1), "http://u:p@h/p%20q%20r");
}

static void the_timeout_follows_the_seconds(void **state)
{
    (void)state;
    assert_int_equal(timeout_of("http://h/p", -1, -1), 60);
    assert_int_equal(timeout_of("http://h/p?seconds=5", -1, -1), 7);
    assert_int_equal(timeout_of("http://h/p?seconds=5", 20, -1), 30);
    assert_int_equal(timeout_of("http://h/p?seconds=5", 20, 3), 3);
}

static void symbols_are_beside_the_profile(void **state)
{
    (void)state;
    assert_str(symbols_of("http://h/debug/pprof/heap?gc=1"), "http://h/debug/pprof/symbol");
    assert_str(symbols_of("http://h/pprof/growth"), "http://h/pprof/symbol");
    assert_str(symbols_of("http://h/custom/heapz"), "http://h/custom/symbolz");
    assert_str(symbols_of("/tmp/file"), "(none)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_no_urls),
        cmocka_unit_test(a_host_and_port_are_http),
        cmocka_unit_test(a_socket_is_the_host_of_a_url),
        cmocka_unit_test(an_empty_path_is_the_cpu_profile),
        cmocka_unit_test(queries_are_sorted_and_get_the_seconds),
        cmocka_unit_test(the_timeout_follows_the_seconds),
        cmocka_unit_test(symbols_are_beside_the_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
