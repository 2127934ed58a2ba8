/* The oldest traces have no reader any more that could be asked: of those in the corpus it is known how many events Go
 * 1.19's tool printed. The corpus is where CORPUS says; without it these tests are skipped. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "trace/reader.h"
#include "trace/v1.h"

static void read_file(const char *name, struct buf *out)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/v1/%s", getenv("CORPUS"), name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        buf_bytes(out, block, n);
    fclose(file);
}

/* Parses, orders and checks a trace; how many events it has. */
static size_t count_events(const char *name)
{
    struct buf file;
    buf_init(&file, mem_libc());
    read_file(name, &file);
    struct trace_fault fault = {0};
    struct v1_trace trace;
    v1_init(&trace, mem_libc());
    unsigned version = trace_header_version(buf_text(&file), &fault);
    bool good = v1_parse(&trace, version, str_skip(buf_text(&file), trace_header_size), trace_header_size, &fault) &&
                v1_order(&trace, &fault) && v1_check(&trace, &fault);
    if (!good)
        print_message("# %s: at %llu: %s\n", name, (unsigned long long)fault.offset, fault.rule);
    size_t n = good ? trace.order.n : 0;
    v1_finish(&trace);
    buf_finish(&file);
    return n;
}

static void traces_of_go_1_7_have_all_their_events(void **state)
{
    (void)state;
    assert_int_equal(count_events("http_1_7_good"), 38);
    assert_int_equal(count_events("stress_1_7_good"), 129510);
    assert_int_equal(count_events("stress_start_stop_1_7_good"), 60);
}

static void traces_of_go_1_9_have_all_their_events(void **state)
{
    (void)state;
    assert_int_equal(count_events("http_1_9_good"), 39);
    assert_int_equal(count_events("stress_1_9_good"), 111490);
    assert_int_equal(count_events("stress_start_stop_1_9_good"), 1247);
}

static void traces_of_go_1_10_have_all_their_events(void **state)
{
    (void)state;
    assert_int_equal(count_events("http_1_10_good"), 43);
    assert_int_equal(count_events("stress_1_10_good"), 113873);
    assert_int_equal(count_events("stress_start_stop_1_10_good"), 1237);
}

static void traces_of_go_1_11_and_1_19_have_all_their_events(void **state)
{
    (void)state;
    assert_int_equal(count_events("http_1_11_good"), 55);
    assert_int_equal(count_events("stress_1_11_good"), 104474);
    assert_int_equal(count_events("stress_start_stop_1_11_good"), 632);
    assert_int_equal(count_events("user_task_region_1_11_good"), 37);
    assert_int_equal(count_events("http_1_19_good"), 2005);
    assert_int_equal(count_events("stress_1_19_good"), 85206);
    assert_int_equal(count_events("stress_start_stop_1_19_good"), 1199);
    assert_int_equal(count_events("user_task_region_1_19_good"), 36);
}

static void traces_of_go_1_5_are_ordered_by_their_numbers(void **state)
{
    (void)state;
    assert_true(count_events("http_1_5_good") > 0);
    assert_true(count_events("stress_1_5_good") > 0);
    assert_true(count_events("stress_start_stop_1_5_good") > 0);
}

static void a_trace_whose_time_goes_back_is_refused(void **state)
{
    (void)state;
    assert_int_equal(count_events("stress_1_5_unordered"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_of_go_1_7_have_all_their_events),
        cmocka_unit_test(traces_of_go_1_9_have_all_their_events),
        cmocka_unit_test(traces_of_go_1_10_have_all_their_events),
        cmocka_unit_test(traces_of_go_1_11_and_1_19_have_all_their_events),
        cmocka_unit_test(traces_of_go_1_5_are_ordered_by_their_numbers),
        cmocka_unit_test(a_trace_whose_time_goes_back_is_refused),
    };
    const char *corpus = getenv("CORPUS");
    if (!corpus || access(corpus, R_OK) != 0) {
        printf("1..0 # SKIP there is no corpus\n");
        return EXIT_SUCCESS;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
