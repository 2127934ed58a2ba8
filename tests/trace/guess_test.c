/* Events are merged ahead on the guess that none has to wait for another: where that is wrong they come as if nothing
 * had been guessed, with another thread and without. */
#include "testing.h"

#include <string.h>

#include "made_trace.h"
#include "trace/reader.h"

enum { look_aheads = 2 };

static const enum trace_look_ahead both[look_aheads] = {look_ahead_never, look_ahead_always};

static struct trace_reader *open_made(const struct made *made, enum trace_look_ahead look_ahead)
{
    struct trace_fault fault = {0};
    struct trace_reader *reader = trace_reader_create(buf_text(&made->bytes), mem_libc(), &fault);
    assert_non_null(reader);
    trace_reader_look_ahead(reader, look_ahead);
    return reader;
}

static void add_noise(struct made *made, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ADD(made, ev_heap_alloc, 0, i);
}

/* Thread 1 creates goroutines, thread 2 runs each of them at a time before that. */
static struct made make_waits(unsigned waits, unsigned noise)
{
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    for (unsigned i = 0; i < waits; i++) {
        ADD(&made, ev_go_create, 100, 10 + i, 0, 0);
        add_noise(&made, noise);
    }
    end_batch(&made, 1, 1);
    ADD(&made, ev_proc_status, 1, 1, proc_status_running);
    for (unsigned i = 0; i < waits; i++)
        ADD(&made, ev_go_start, i == 0 ? 50 : 99, 10 + i, 1, ev_go_destroy, 1);
    end_batch(&made, 1, 2);
    return made;
}

/* Reads such a trace; every goroutine must be created before it starts. */
static void expect_in_order(const struct made *made, enum trace_look_ahead look_ahead, unsigned waits, unsigned noise)
{
    struct trace_reader *reader = open_made(made, look_ahead);
    uint64_t events = 0, created = 10, started = 10;
    int64_t last = INT64_MIN;
    for (const struct trace_event *e; (e = trace_reader_next(reader)); events++) {
        assert_true(e->time > last || e->type == ev_mark);
        last = e->time;
        if (e->type == ev_go_create)
            assert_int_equal(e->args[0], created++);
        if (e->type != ev_go_start)
            continue;
        assert_int_equal(e->args[0], started++);
        assert_true(started <= created);
    }
    assert_false(trace_reader_fault(reader)->set);
    assert_int_equal(started, 10 + waits);
    assert_int_equal(events, 2 + 2 + 1 + (uint64_t)waits * (noise + 3));
    trace_reader_destroy(reader);
}

static void events_that_wait_come_when_they_can(void **state)
{
    (void)state;
    static const unsigned cases[][2] = {{1, 5000}, {40, 130}, {300, 0}, {700, 7}, {9, 1500}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made made = make_waits(cases[i][0], cases[i][1]);
        for (int k = 0; k < look_aheads; k++)
            expect_in_order(&made, both[k], cases[i][0], cases[i][1]);
        finish(&made);
    }
}

/* Adds threads whose events need nothing, two each. */
static void add_threads(struct made *made, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ADD(made, ev_proc_status, 1 + i * 7919 % 50, i, proc_status_idle);
        ADD(made, ev_proc_status, 1 + i * 104729 % 50, i, proc_status_idle);
        end_batch(made, 1, i);
    }
}

static void more_threads_than_a_run_has_events_are_merged(void **state)
{
    (void)state;
    enum { threads = 3000 };
    struct made made = begin("23");
    add_clock(&made, 1);
    add_threads(&made, threads);
    for (int k = 0; k < look_aheads; k++) {
        struct trace_reader *reader = open_made(&made, both[k]);
        unsigned events = 0, seen[threads] = {0};
        for (const struct trace_event *e; (e = trace_reader_next(reader)); events++) {
            if (e->type == ev_proc_status)
                seen[e->args[0]]++;
        }
        assert_false(trace_reader_fault(reader)->set);
        assert_int_equal(events, 2 * threads + 2);
        for (unsigned i = 0; i < threads; i++)
            assert_int_equal(seen[i], 2);
        trace_reader_destroy(reader);
    }
    finish(&made);
}

/* What comes before something broken is the same, wherever in a run that is. */
static void what_is_broken_behind_a_wait_is_found_there(void **state)
{
    (void)state;
    for (unsigned noise = 0; noise < 2200; noise += 157) {
        struct made made = make_waits(3, noise);
        ADD(&made, ev_proc_status, 1, 2, proc_status_idle, ev_proc_status, 1000, 3, 99);
        end_batch(&made, 1, 3);
        uint64_t events[look_aheads] = {0}, offsets[look_aheads];
        for (int k = 0; k < look_aheads; k++) {
            struct trace_reader *reader = open_made(&made, both[k]);
            while (trace_reader_next(reader))
                events[k]++;
            assert_true(trace_reader_fault(reader)->set);
            assert_non_null(strstr(trace_reader_fault(reader)->rule, "status 99"));
            offsets[k] = trace_reader_fault(reader)->offset;
            trace_reader_destroy(reader);
        }
        assert_int_equal(events[0], events[1]);
        assert_int_equal(offsets[0], offsets[1]);
        assert_int_equal(made.bytes.p[offsets[0]], ev_proc_status);
        finish(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_that_wait_come_when_they_can),
        cmocka_unit_test(more_threads_than_a_run_has_events_are_merged),
        cmocka_unit_test(what_is_broken_behind_a_wait_is_found_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
