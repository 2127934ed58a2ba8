/* Traces made by hand to break the reader: each is refused with a reason, or read, and memory stays in bounds. */
#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "made_trace.h"
#include "trace/delays.h"
#include "trace/dump.h"
#include "trace/raw.h"
#include "trace/reader.h"
#include "trace/summary.h"

/* Reads a trace, dumping it on the way; how many events came. */
static size_t read_with(struct str bytes, enum trace_look_ahead look_ahead, struct mem *mem, struct trace_fault *fault)
{
    struct trace_reader *reader = trace_reader_create(bytes, mem, fault);
    if (!reader)
        return 0;
    struct trace_dump dump;
    struct buf text;
    size_t n = 0;
    buf_init(&text, mem);
    trace_dump_init(&dump, mem);
    trace_reader_look_ahead(reader, look_ahead);
    for (const struct trace_event *e; (e = trace_reader_next(reader)); n++) {
        text.n = 0;
        trace_dump_event(&dump, e, &text);
    }
    *fault = *trace_reader_fault(reader);
    trace_dump_finish(&dump);
    buf_finish(&text);
    trace_reader_destroy(reader);
    return n;
}

/* The same with and without a thread that decodes ahead, which must make no difference. */
static size_t read_all(struct str bytes, struct mem *mem, struct trace_fault *fault)
{
    struct trace_fault ahead = {0};
    size_t n = read_with(bytes, look_ahead_never, mem, fault);
    if (mem != mem_libc())
        return n;
    assert_int_equal(read_with(bytes, look_ahead_always, mem, &ahead), n);
    assert_int_equal(ahead.set, fault->set);
    assert_string_equal(ahead.rule, fault->rule);
    assert_int_equal(ahead.offset, fault->offset);
    return n;
}

/* Expects a refusal whose reason contains some words. */
static void expect_refused(struct made *made, const char *words)
{
    struct trace_fault fault = {0};
    read_all(buf_text(&made->bytes), mem_libc(), &fault);
    if (!fault.set || !strstr(fault.rule, words))
        print_message("expected \"%s\", got \"%s\"\n", words, fault.set ? fault.rule : "no fault");
    assert_true(fault.set);
    assert_non_null(strstr(fault.rule, words));
    assert_true(fault.offset <= made->bytes.n);
    finish(made);
}

static void expect_read(struct made *made, size_t events)
{
    struct trace_fault fault = {0};
    size_t n = read_all(buf_text(&made->bytes), mem_libc(), &fault);
    if (fault.set)
        print_message("refused: %s\n", fault.rule);
    assert_false(fault.set);
    assert_int_equal(n, events);
    finish(made);
}

static void a_trace_made_by_hand_is_read(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    ADD(&made, ev_go_create, 5, 2, 0, 0, ev_go_stop, 1, 0, 0, ev_go_start, 1, 2, 1);
    end_batch(&made, 1, 1);
    expect_read(&made, 7);
}

static void a_batch_of_2_to_the_60_bytes_is_refused(void **state)
{
    (void)state;
    struct made made = begin("22");
    uint64_t head[] = {ev_event_batch, 1, 1, 1, (uint64_t)1 << 60};
    put_all(&made.bytes, head, 5);
    expect_refused(&made, "at most 65536");
}

static void a_stack_of_a_million_frames_is_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    ADD(&made, ev_stacks, ev_stack, 1, 1 << 20);
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "a stack of 1048576 frames");
}

static void a_stack_that_ends_early_is_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    ADD(&made, ev_stacks, ev_stack, 1, 128, 1, 2);
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "a batch of stacks");
}

static void a_string_of_2_to_the_60_bytes_is_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    ADD(&made, ev_strings, ev_string, 1, (uint64_t)1 << 60);
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "at most 1024");
}

static void a_number_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    buf_byte(&made.batch, ev_heap_alloc);
    buf_fill(&made.batch, (char)0xff, 10);
    buf_byte(&made.batch, 1);
    end_batch(&made, 1, 1);
    expect_refused(&made, "arguments are cut off or not numbers");
}

static void ids_that_are_given_twice_are_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    ADD(&made, ev_strings, ev_string, 9, 1, 'a', ev_string, 9, 1, 'b');
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "string 9 is defined twice");
    made = begin("23");
    ADD(&made, ev_stacks, ev_stack, 3, 0, ev_stack, 3, 0);
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "stack 3 is defined twice");
}

static void ids_that_are_missing_are_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    ADD(&made, ev_go_block, 1, 77, 0);
    end_batch(&made, 1, 1);
    expect_refused(&made, "not defined");
    made = begin("23");
    add_clock(&made, 1);
    ADD(&made, ev_stacks, ev_stack, 1, 1, 0x1000, 5, 5, 1);
    end_batch(&made, 1, UINT64_MAX);
    expect_refused(&made, "names string 5");
}

static void huge_ids_take_no_huge_tables(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    ADD(&made, ev_strings);
    for (uint64_t i = 0; i < 2000; i++)
        ADD(&made, ev_string, UINT64_MAX - i * (UINT64_MAX / 2001), 1, 'x');
    end_batch(&made, 1, UINT64_MAX);
    add_running(&made);
    ADD(&made, ev_go_block, 1, UINT64_MAX, 0);
    end_batch(&made, 1, 1);
    expect_read(&made, 5);
}

static void threads_that_wait_for_each_other_are_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    for (uint64_t m = 1; m <= 40; m++) {
        ADD(&made, ev_go_start, 1, m, 5);
        end_batch(&made, 1, m);
    }
    expect_refused(&made, "all 40 threads wait");
}

static void time_that_goes_back_is_put_right(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    ADD(&made, ev_heap_alloc, UINT64_MAX, 1, ev_heap_alloc, UINT64_MAX - 5, 1, ev_heap_alloc, (uint64_t)1 << 63, 1);
    end_batch(&made, 1, 1);
    expect_read(&made, 7);
}

static void a_thousand_generations_of_one_byte_end_at_the_first(void **state)
{
    (void)state;
    struct made made = begin("26");
    buf_fill(&made.bytes, ev_end_of_generation, 1000);
    expect_refused(&made, "without a clock frequency");
}

static void generations_that_are_mixed_are_refused(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_clock(&made, 7);
    expect_refused(&made, "within generation 1");
}

static void a_frequency_of_zero_is_survived(void **state)
{
    (void)state;
    struct made made = begin("23");
    ADD(&made, ev_frequency, 0);
    end_batch(&made, 1, UINT64_MAX);
    add_running(&made);
    end_batch(&made, 1, 1);
    expect_read(&made, 4);
}

static void every_single_byte_behind_a_header_is_survived(void **state)
{
    (void)state;
    static const char *const versions[] = {"5", "7", "11", "19", "21", "22", "23", "25", "26"};
    for (size_t v = 0; v < sizeof versions / sizeof *versions; v++) {
        for (unsigned i = 0; i < 256; i++) {
            struct made made = begin(versions[v]);
            if (made.bytes.n < 16)
                buf_byte(&made.bytes, 0);
            buf_byte(&made.bytes, (char)i);
            struct trace_fault fault = {0};
            read_all(buf_text(&made.bytes), mem_libc(), &fault);
            assert_true(fault.set || i == ev_experimental_batch);
            finish(&made);
        }
    }
}

/* A trace of two generations with tables, tasks, regions, ranges, samples and a switch. */
static struct made rich_trace(void)
{
    struct made made = begin("23");
    for (uint64_t generation = 1; generation <= 2; generation++) {
        add_clock(&made, generation);
        ADD(&made, ev_strings, ev_string, 1, 4, 's', 'y', 'n', 'c', ev_string, 5000000, 1, 't');
        end_batch(&made, generation, UINT64_MAX);
        ADD(&made, ev_stacks, ev_stack, 1, 2, 0x1000, 1, 1, 10, 0x2000, 5000000, 1, 20, ev_stack, 900000, 1, 0x1000, 1,
            1, 10);
        end_batch(&made, generation, UINT64_MAX);
        ADD(&made, ev_cpu_samples, ev_cpu_sample, 105, 1, 0, 1, 1, ev_cpu_sample, 103, 1, 0, 0, 900000);
        end_batch(&made, generation, UINT64_MAX);
        add_running(&made);
        if (generation == 1)
            ADD(&made, ev_user_task_begin, 1, 1, 0, 5000000, 1, ev_user_region_begin, 1, 1, 1, 1);
        else
            ADD(&made, ev_user_region_end, 1, 1, 1, 1, ev_user_task_end, 1, 1, 1);
        uint64_t g = 1 + generation;
        ADD(&made, ev_gc_sweep_begin, 1, 1, ev_gc_sweep_end, 1, 4096, 0, ev_stw_begin, 1, 1, 1, ev_stw_end, 1);
        ADD(&made, ev_go_create, 1, g, 1, 900000, ev_go_block, 1, 1, 1, ev_go_start, 1, g, 1, ev_go_unblock, 1, 1, 1, 0,
            ev_go_destroy, 1, ev_go_start, 1, 1, 2);
        end_batch(&made, generation, 1);
    }
    return made;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct made made = rich_trace();
    struct trace_fault none = {0};
    size_t all = read_all(buf_text(&made.bytes), mem_libc(), &none);
    assert_false(none.set);
    assert_int_equal(all, 35);
    for (size_t n = 0;; n++) {
        struct failing_mem failing = failing_mem(n);
        struct trace_fault fault = {0};
        read_all(buf_text(&made.bytes), &failing.mem, &fault);
        if (!fault.set && failing.left > 0)
            break;
        assert_true(n < 10000);
    }
    finish(&made);
}

static void every_allocation_of_a_profile_may_fail(void **state)
{
    (void)state;
    struct made made = rich_trace();
    for (int kind = trace_delay_net; kind <= trace_delay_sched; kind++) {
        for (size_t n = 0;; n++) {
            struct failing_mem failing = failing_mem(n);
            struct trace_fault fault = {0};
            struct trace_share share;
            struct profile profile;
            bool good =
                trace_delays(buf_text(&made.bytes), (enum trace_delay)kind, &failing.mem, &profile, &share, &fault);
            assert_true(good || fault.set);
            if (good)
                profile_finish(&profile);
            if (good && failing.left > 0)
                break;
            assert_true(n < 10000);
        }
    }
    finish(&made);
}

/* Summarizes a trace; false on exhaustion. */
static bool summarize(struct str bytes, struct mem *mem)
{
    struct trace_fault fault = {0};
    struct summary summary;
    if (!summary_init(&summary, mem))
        return false;
    summary.wants_region_times = true;
    struct trace_reader *reader = trace_reader_create(bytes, mem, &fault);
    bool good = reader != NULL;
    for (const struct trace_event *e; good && (e = trace_reader_next(reader));)
        good = summary_add(&summary, e);
    good = good && !trace_reader_fault(reader)->set && summary_end(&summary);
    if (good) {
        assert_int_equal(summary.goroutines.n, 3);
        assert_int_equal(summary.tasks.n, 1);
        assert_int_equal(summary.goroutines.at[0].ranges.n, 2);
    }
    trace_reader_destroy(reader);
    summary_finish(&summary);
    return good;
}

static void every_allocation_of_a_summary_may_fail(void **state)
{
    (void)state;
    struct made made = rich_trace();
    for (size_t n = 0;; n++) {
        struct failing_mem failing = failing_mem(n);
        if (summarize(buf_text(&made.bytes), &failing.mem))
            break;
        assert_true(n < 10000);
    }
    finish(&made);
}

static void a_broken_tail_leaves_the_profile_of_what_is_good(void **state)
{
    (void)state;
    struct made made = rich_trace();
    size_t whole = made.bytes.n;
    uint64_t head[] = {ev_event_batch, 3, 1, 1, 500};
    put_all(&made.bytes, head, 5);
    struct trace_fault fault = {0};
    struct trace_share share;
    struct profile profile;
    assert_true(trace_delays(buf_text(&made.bytes), trace_delay_sync, mem_libc(), &profile, &share, &fault));
    assert_true(fault.set);
    assert_int_equal(profile.nsamples, 1);
    assert_int_equal(profile.values[0], 2);
    assert_true(share.valid >= whole);
    assert_int_equal(share.size, made.bytes.n);
    profile_finish(&profile);
    finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_made_by_hand_is_read),
        cmocka_unit_test(a_batch_of_2_to_the_60_bytes_is_refused),
        cmocka_unit_test(a_stack_of_a_million_frames_is_refused),
        cmocka_unit_test(a_stack_that_ends_early_is_refused),
        cmocka_unit_test(a_string_of_2_to_the_60_bytes_is_refused),
        cmocka_unit_test(a_number_of_more_than_64_bits_is_refused),
        cmocka_unit_test(ids_that_are_given_twice_are_refused),
        cmocka_unit_test(ids_that_are_missing_are_refused),
        cmocka_unit_test(huge_ids_take_no_huge_tables),
        cmocka_unit_test(threads_that_wait_for_each_other_are_refused),
        cmocka_unit_test(time_that_goes_back_is_put_right),
        cmocka_unit_test(a_thousand_generations_of_one_byte_end_at_the_first),
        cmocka_unit_test(generations_that_are_mixed_are_refused),
        cmocka_unit_test(a_frequency_of_zero_is_survived),
        cmocka_unit_test(every_single_byte_behind_a_header_is_survived),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_a_profile_may_fail),
        cmocka_unit_test(every_allocation_of_a_summary_may_fail),
        cmocka_unit_test(a_broken_tail_leaves_the_profile_of_what_is_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
