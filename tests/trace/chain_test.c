/* A task whose goroutine waits for another, which was created meanwhile. */
#include "testing.h"

#include "made_trace.h"
#include "trace/chain.h"

/* Goroutine 1 begins task 7 at 103, creates 2 at 110, waits from 120 to 150; 2 waits for the processor until 125, runs,
 * waits for a timer from 130 to 140, for the processor until 142, wakes 1 at 150 and ends at 152; 1 runs from 155 and
 * ends the task at 160. */
static struct made small_trace(void)
{
    struct made made = begin("23");
    add_clock(&made, 1);
    ADD(&made, ev_strings, ev_string, 1, 3, 'j', 'o', 'b', ev_string, 2, 4, 'c', 'h', 'a', 'n', ev_string, 3, 5, 's',
        'l', 'e', 'e', 'p', ev_string, 4, 1, 'f');
    end_batch(&made, 1, UINT64_MAX);
    ADD(&made, ev_stacks, ev_stack, 1, 1, 0x1000, 4, 4, 7);
    end_batch(&made, 1, UINT64_MAX);
    add_running(&made);
    ADD(&made, ev_user_task_begin, 1, 7, 0, 1, 1, ev_go_create, 7, 2, 1, 1);                         /* 103, 110 */
    ADD(&made, ev_go_block, 10, 2, 1, ev_go_start, 5, 2, 1, ev_go_block, 5, 3, 1);                   /* 120, 125, 130 */
    ADD(&made, ev_go_unblock, 10, 2, 2, 0, ev_go_start, 2, 2, 3, ev_go_unblock, 8, 1, 1, 1);         /* 140, 142, 150 */
    ADD(&made, ev_go_destroy, 2, ev_go_start, 3, 1, 2, ev_user_task_end, 5, 7, 1, ev_go_destroy, 1); /* 152, 155, 160 */
    end_batch(&made, 1, 1);
    return made;
}

static void expect_step(const struct chain *c, size_t i, int64_t start, int64_t goroutine, uint8_t state)
{
    assert_true(i < c->steps.n);
    assert_int_equal(c->steps.at[i].start, start);
    assert_int_equal(c->steps.at[i].goroutine, goroutine);
    assert_int_equal(c->steps.at[i].state, state);
    assert_int_equal(c->steps.at[i].end, i + 1 < c->steps.n ? c->steps.at[i + 1].start : c->task.end);
}

static void wakers_are_followed_while_one_waits(void **state)
{
    (void)state;
    struct made made = small_trace();
    struct chain c;
    struct trace_extent extent;
    struct trace_fault fault = {0};
    assert_true(chain_find(&c, buf_text(&made.bytes), 7, STR(""), mem_libc(), &extent, &fault));
    assert_false(fault.set);
    assert_str(c.places.names.at[c.task.type], "job");
    assert_int_equal(c.task.start, 103);
    assert_int_equal(c.task.end, 160);
    assert_int_equal(c.steps.n, 8);
    expect_step(&c, 0, 103, 1, go_running);
    expect_step(&c, 1, 120, 2, go_runnable);
    expect_step(&c, 2, 125, 2, go_running);
    expect_step(&c, 3, 130, 2, go_waiting);
    expect_step(&c, 4, 140, 2, go_runnable);
    expect_step(&c, 5, 142, 2, go_running);
    expect_step(&c, 6, 150, 1, go_runnable);
    expect_step(&c, 7, 155, 1, go_running);
    assert_str(c.places.names.at[c.steps.at[3].reason], "sleep");
    assert_int_equal(c.steps.at[3].waiter, 1);
    assert_str(c.places.names.at[c.steps.at[3].waiter_reason], "chan");
    assert_int_equal(c.steps.at[7].waiter, TRACE_NO_GOROUTINE);
    chain_finish(&c);
    finish(&made);
}

static void the_longest_of_a_type_is_found(void **state)
{
    (void)state;
    struct made made = small_trace();
    struct chain c;
    struct trace_extent extent;
    struct trace_fault fault = {0};
    assert_true(chain_find(&c, buf_text(&made.bytes), 0, STR("job"), mem_libc(), &extent, &fault));
    assert_int_equal(c.task.id, 7);
    chain_finish(&c);
    assert_false(chain_find(&c, buf_text(&made.bytes), 0, STR("none"), mem_libc(), &extent, &fault));
    assert_true(fault.set);
    fault.set = false;
    assert_false(chain_find(&c, buf_text(&made.bytes), 8, STR(""), mem_libc(), &extent, &fault));
    assert_true(fault.set);
    finish(&made);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct made made = small_trace();
    for (size_t n = 0;; n++) {
        struct failing_mem failing = failing_mem(n);
        struct chain c;
        struct trace_extent extent;
        struct trace_fault fault = {0};
        bool good = chain_find(&c, buf_text(&made.bytes), 7, STR(""), &failing.mem, &extent, &fault);
        assert_true(good || fault.set);
        if (good)
            chain_finish(&c);
        if (good && !fault.set && failing.left > 0)
            break;
        assert_true(n < 10000);
    }
    finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wakers_are_followed_while_one_waits),
        cmocka_unit_test(the_longest_of_a_type_is_found),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
