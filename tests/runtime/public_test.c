/* The public functions, as a program that is linked with the library calls them. */
#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sonde/sonde.h"

struct text {
    char bytes[1 << 20];
    size_t size;
    int error; /* what collecting answers with */
};

static struct text text;

static int collect(void *context, const void *bytes, size_t size)
{
    struct text *to = context;
    if (size > sizeof to->bytes - to->size)
        return EFBIG;
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    return to->error;
}

static struct str collected(void)
{
    return (struct str){text.bytes, text.size};
}

static int setup(void **state)
{
    (void)state;
    text.size = 0;
    text.error = 0;
    errno = 4711;
    return 0;
}

static int errno_is_kept(void **state)
{
    (void)state;
    return errno == 4711 ? 0 : -1;
}

static bool is_gzip(void)
{
    return text.size > 100 && memcmp(text.bytes, "\x1f\x8b\x08", 3) == 0;
}

static void profiles_are_written_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text.size = 0;
        assert_int_equal(sonde_write_profile_to(names[i], 0, collect, &text), 0);
        assert_true(is_gzip());
        text.size = 0;
        assert_int_equal(sonde_write_profile_to(names[i], 1, collect, &text), 0);
        assert_true(text.size > 10 && !is_gzip());
    }
    text.size = 0;
    assert_int_equal(sonde_write_profile_to("goroutine", 2, collect, &text), 0);
    assert_true(str_starts_with(collected(), STR("goroutine ")));
    assert_true(str_find(collected(), STR("profiles_are_written_by_name(...)\n"), 0) < text.size);
}

static void an_unknown_profile_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sonde_write_profile_to("nope", 0, collect, &text), ENOENT);
    assert_int_equal(sonde_write_profile_to("", 0, collect, &text), ENOENT);
    assert_int_equal(sonde_write_profile("cpu", 0, 1), ENOENT);
    assert_int_equal(text.size, 0);
}

static void what_the_writer_says_is_returned(void **state)
{
    (void)state;
    text.error = EIO;
    assert_int_equal(sonde_write_profile_to("heap", 0, collect, &text), EIO);
    assert_int_equal(sonde_http_handle("GET", "/debug/pprof/heap", NULL, 0, collect, &text), EIO);
}

static void a_full_disk_and_a_closed_pipe_are_told(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY), ends[2];
    assert_int_equal(sonde_write_profile("heap", 0, full), ENOSPC);
    assert_int_equal(sonde_start_cpu_profile(full), 0);
    assert_int_equal(sonde_stop_cpu_profile(), ENOSPC);
    close(full);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(sonde_write_profile("heap", 0, ends[1]), EPIPE); /* and no SIGPIPE ends the test */
    close(ends[1]);
    assert_int_equal(sonde_write_profile("heap", 0, ends[1]), EBADF);
    sigset_t pending;
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    errno = 4711;
}

static void burn(double seconds)
{
    clock_t begun = clock();
    while ((double)(clock() - begun) / CLOCKS_PER_SEC < seconds)
        continue;
}

static void a_cpu_profile_is_written_when_it_is_stopped(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_int_equal(sonde_set_cpu_profile_rate(1001), EINVAL);
    assert_int_equal(sonde_start_cpu_profile_to(collect, &text), 0);
    assert_int_equal(sonde_start_cpu_profile(fileno(file)), EBUSY);
    assert_int_equal(sonde_start_cpu_profile_to(collect, &text), EBUSY);
    burn(0.1);
    assert_int_equal(text.size, 0);
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_true(is_gzip());
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_int_equal(sonde_start_cpu_profile(fileno(file)), 0);
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_true(lseek(fileno(file), 0, SEEK_END) > 100);
    fclose(file);
    errno = 4711;
}

static void the_endpoint_leaves_the_programs_own_cpu_profile_alone(void **state)
{
    (void)state;
    assert_int_equal(sonde_start_cpu_profile_to(collect, &text), 0);
    static struct text answer;
    answer.size = 0;
    assert_int_equal(sonde_http_handle("GET", "/debug/pprof/profile?seconds=1", NULL, 0, collect, &answer), 0);
    assert_true(
        str_starts_with((struct str){answer.bytes, answer.size}, STR("HTTP/1.1 500 Internal Server Error\r\n")));
    assert_int_equal(text.size, 0);
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_true(is_gzip());
}

static void assert_answer(const char *method, const char *target, const char *body, const char *begins,
                          const char *ends)
{
    text.size = 0;
    assert_int_equal(sonde_http_handle(method, target, body, body ? strlen(body) : 0, collect, &text), 0);
    assert_true(str_starts_with(collected(), str_of(begins)));
    assert_true(str_ends_with(collected(), str_of(ends)));
}

static void a_program_with_a_server_of_its_own_has_requests_answered(void **state)
{
    (void)state;
    assert_answer("GET", "/debug/pprof/", NULL, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n",
                  "</html>");
    assert_answer("GET", "/debug/pprof/nope", NULL, "HTTP/1.1 404 Not Found\r\n", "\r\n\r\nUnknown profile\n");
    assert_answer("HEAD", "/debug/pprof/heap", NULL, "HTTP/1.1 200 OK\r\n", "\r\n\r\n");
    assert_answer("POST", "/debug/pprof/symbol", "0x1+0x2", "HTTP/1.1 200 OK\r\n", "\r\n\r\nnum_symbols: 1\n");
    assert_answer("POST", "/debug/pprof/heap", "", "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n",
                  "Method Not Allowed\n");
    assert_answer("GET", "/elsewhere", NULL, "HTTP/1.1 404 Not Found\r\n", "404 page not found\n");
    assert_answer("GET", "no path", NULL, "HTTP/1.1 400 Bad Request\r\n", "400 Bad Request");
    assert_answer("GET", "/debug/pprof/heap?seconds=1", NULL,
                  "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; "
                  "filename=\"heap-delta\"\r\n",
                  "");
    assert_answer("GET", "/debug/pprof/profile?seconds=1", NULL,
                  "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; "
                  "filename=\"profile\"\r\n",
                  "");
}

static bool can_connect(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    close(fd);
    return ok;
}

static void wrong_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",          "localhost",     "localhost:",   "localhost:x", "localhost:65536",
                                        "[::1:6060", "example.com:1", "1.2.3.4.5:1",  "127.1:1",     "::1:6060x",
                                        "1.2.3:0",   "[127.0.0.1]:1", "localhost:-1", ":",           "localhost: 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sonde_http_serve(wrong[i]), EINVAL);
    assert_int_equal(sonde_http_serve("192.0.2.1:0"), EADDRNOTAVAIL);
    assert_null(sonde_http_address());
}

static void a_port_that_is_taken_is_told(void **state)
{
    (void)state;
    assert_int_equal(sonde_http_serve("localhost:0"), 0);
    const char *address = sonde_http_address();
    assert_true(str_starts_with(str_of(address), STR("localhost:")) && !str_ends_with(str_of(address), STR(":0")));
    assert_true(can_connect(address));
    assert_int_equal(sonde_http_serve(address), EADDRINUSE);
    assert_ptr_equal(sonde_http_address(), address);
    assert_int_equal(sonde_http_serve("127.0.0.1:0"), 0);
    assert_true(str_starts_with(str_of(sonde_http_address()), STR("127.0.0.1:")));
    assert_int_equal(sonde_http_serve(":0"), 0);
    assert_true(can_connect(sonde_http_address()));
    int error = sonde_http_serve("[::1]:0");
    assert_true(error == 0 || error == EADDRNOTAVAIL || error == EAFNOSUPPORT);
    errno = 4711;
}

static int in_child(int (*run)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(run());
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int serve_in_child(void)
{
    if (sonde_http_address())
        return 1;
    if (sonde_stop_cpu_profile() != 0 || text.size > 0)
        return 2;
    if (sonde_http_serve("127.0.0.1:0") != 0 || !can_connect(sonde_http_address()))
        return 3;
    if (sonde_start_cpu_profile_to(collect, &text) != 0 || sonde_stop_cpu_profile() != 0 || !is_gzip())
        return 4;
    return sonde_write_profile_to("goroutine", 1, collect, &text);
}

static void a_child_has_no_server_and_may_have_its_own(void **state)
{
    (void)state;
    assert_int_equal(sonde_http_serve("127.0.0.1:0"), 0);
    assert_int_equal(sonde_start_cpu_profile_to(collect, &text), 0);
    assert_int_equal(in_child(serve_in_child), 0);
    assert_true(can_connect(sonde_http_address()));
    assert_int_equal(sonde_stop_cpu_profile(), 0);
    assert_true(is_gzip());
    errno = 4711;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(profiles_are_written_by_name, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(an_unknown_profile_is_refused, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(what_the_writer_says_is_returned, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(a_full_disk_and_a_closed_pipe_are_told, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(a_cpu_profile_is_written_when_it_is_stopped, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(the_endpoint_leaves_the_programs_own_cpu_profile_alone, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(a_program_with_a_server_of_its_own_has_requests_answered, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(wrong_addresses_are_refused, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(a_port_that_is_taken_is_told, setup, errno_is_kept),
        cmocka_unit_test_setup_teardown(a_child_has_no_server_and_may_have_its_own, setup, errno_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
