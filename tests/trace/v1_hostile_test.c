/* Traces of the oldest formats made by hand to break their reader: each is refused with a reason, or read. */
#include "testing.h"

#include <string.h>

#include "base/buf.h"
#include "trace/reader.h"
#include "trace/v1.h"

/* Numbers as they are written, behind the header of a version. */
static struct buf begin(const char *version)
{
    struct buf made;
    buf_init(&made, mem_libc());
    buf_printf(&made, "go 1.%s trace", version);
    buf_fill(&made, 0, trace_header_size - made.n);
    return made;
}

static void put(struct buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_byte(out, (char)(value | 0x80));
    buf_byte(out, (char)value);
}

static void put_all(struct buf *out, const uint64_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(out, values[i]);
}

/* Adds an event's type with the count of its arguments in its top bits, and numbers. */
#define ADD(made, type, code, ...)                                                                                     \
    do {                                                                                                               \
        buf_byte((made), (char)((type) | (code) << 6));                                                                \
        put_all((made), (uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t));              \
    } while (0)

/* A batch of processor 0 in which goroutine 1 is made and starts; the clock. */
static struct buf begin_running(void)
{
    struct buf made = begin("11");
    ADD(&made, v1_batch, 1, 0, 100);
    ADD(&made, v1_frequency, 0, 1000000000);
    ADD(&made, v1_go_create, 3, 4, 1, 1, 0, 0);
    ADD(&made, v1_go_waiting, 1, 1, 1);
    return made;
}

static size_t read_all(struct str bytes, struct mem *mem, struct trace_fault *fault)
{
    size_t n = 0;
    struct trace_reader *reader = trace_reader_create(bytes, mem, fault);
    while (reader && trace_reader_next(reader))
        n++;
    if (reader)
        *fault = *trace_reader_fault(reader);
    trace_reader_destroy(reader);
    return n;
}

static void expect_refused(struct buf *made, const char *words)
{
    struct trace_fault fault = {0};
    read_all(buf_text(made), mem_libc(), &fault);
    if (!fault.set || !strstr(fault.rule, words))
        print_message("# expected \"%s\", got \"%s\"\n", words, fault.set ? fault.rule : "no fault");
    assert_true(fault.set);
    assert_non_null(strstr(fault.rule, words));
    assert_true(fault.offset <= made->n);
    buf_finish(made);
}

static void a_trace_made_by_hand_is_read(void **state)
{
    (void)state;
    struct buf made = begin_running();
    struct trace_fault fault = {0};
    assert_true(read_all(buf_text(&made), mem_libc(), &fault) > 2);
    assert_false(fault.set);
    buf_finish(&made);
}

static void a_string_of_2_to_the_60_bytes_is_refused(void **state)
{
    (void)state;
    struct buf made = begin_running();
    ADD(&made, v1_string, 0, 1, (uint64_t)1 << 60);
    expect_refused(&made, "more than a million");
    made = begin("11"); /* also where strings are passed over */
    ADD(&made, v1_string, 0, 1, (uint64_t)1 << 60);
    expect_refused(&made, "more bytes than are left");
}

static void a_stack_of_a_million_frames_is_refused(void **state)
{
    (void)state;
    struct buf made = begin_running();
    ADD(&made, v1_stack, 3, 4, 1, 1 << 20);
    expect_refused(&made, "number of frames");
    made = begin_running();
    ADD(&made, v1_stack, 3, (uint64_t)1 << 60, 1, 1);
    expect_refused(&made, "2048 bytes");
}

static void a_number_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    struct buf made = begin_running();
    buf_byte(&made, (char)(v1_proc_stop));
    buf_fill(&made, (char)0xff, 10);
    buf_byte(&made, 1);
    expect_refused(&made, "a varint of at most 64 bits");
}

static void ids_that_are_given_twice_are_refused(void **state)
{
    (void)state;
    struct buf made = begin_running();
    ADD(&made, v1_string, 0, 1, 1, 'x');
    ADD(&made, v1_string, 0, 1, 1, 'y');
    expect_refused(&made, "defined twice");
}

static void goroutines_that_were_never_made_are_refused(void **state)
{
    (void)state;
    struct buf made = begin_running();
    ADD(&made, v1_go_start_local, 1, 5, 77);
    expect_refused(&made, "");
}

static void events_before_the_first_batch_are_refused(void **state)
{
    (void)state;
    struct buf made = begin("11");
    ADD(&made, v1_frequency, 0, 1000000000);
    expect_refused(&made, "before the first batch");
}

static void a_clock_that_stands_is_refused(void **state)
{
    (void)state;
    struct buf made = begin("11");
    ADD(&made, v1_batch, 1, 0, 100);
    ADD(&made, v1_frequency, 0, 0);
    expect_refused(&made, "clock");
    made = begin("11");
    ADD(&made, v1_batch, 1, 0, 100);
    expect_refused(&made, "without a clock frequency");
}

static void a_processor_beyond_all_numbers_is_refused(void **state)
{
    (void)state;
    struct buf made = begin("11");
    ADD(&made, v1_batch, 1, (uint64_t)1 << 60, 100);
    expect_refused(&made, "too large");
}

static void every_prefix_is_survived(void **state)
{
    (void)state;
    struct buf made = begin_running();
    for (size_t n = 0; n <= made.n; n++) {
        struct trace_fault fault = {0};
        size_t events = read_all(str_first(buf_text(&made), n), mem_libc(), &fault);
        assert_true(fault.set || events > 0);
    }
    buf_finish(&made);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct buf made = begin_running();
    bool read = false;
    for (size_t n = 0; n < 1000 && !read; n++) {
        struct failing_mem failing = failing_mem(n);
        struct trace_fault fault = {0};
        read = read_all(buf_text(&made), &failing.mem, &fault) > 0 && !fault.set;
        assert_true(read || strstr(fault.rule, "out of memory"));
    }
    assert_true(read);
    buf_finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_made_by_hand_is_read),
        cmocka_unit_test(a_string_of_2_to_the_60_bytes_is_refused),
        cmocka_unit_test(a_stack_of_a_million_frames_is_refused),
        cmocka_unit_test(a_number_of_more_than_64_bits_is_refused),
        cmocka_unit_test(ids_that_are_given_twice_are_refused),
        cmocka_unit_test(goroutines_that_were_never_made_are_refused),
        cmocka_unit_test(events_before_the_first_batch_are_refused),
        cmocka_unit_test(a_clock_that_stands_is_refused),
        cmocka_unit_test(a_processor_beyond_all_numbers_is_refused),
        cmocka_unit_test(every_prefix_is_survived),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
