/* A small trace whose every figure can be computed by hand, whole and in parts, and what a hostile one may do. */
#include "testing.h"

#include "made_trace.h"
#include "trace/collector.h"
#include "trace/pass.h"

struct found {
    struct activity activity;
    struct collector collector;
};

static bool take(void *state, const struct trace_event *e)
{
    struct found *f = state;
    return activity_add(&f->activity, e) && collector_add(&f->collector, e);
}

static bool find(struct found *f, struct str bytes, struct trace_range range, struct mem *mem)
{
    struct trace_extent extent;
    struct trace_fault fault = {0};
    collector_init(&f->collector, &f->activity, mem);
    if (!activity_init(&f->activity, range, mem))
        return false;
    bool good = trace_pass(bytes, mem, UINT64_MAX, take, f, &extent, &fault) && collector_end(&f->collector) &&
                activity_end(&f->activity) && !fault.set;
    if (good)
        return true;
    collector_finish(&f->collector);
    activity_finish(&f->activity);
    return false;
}

static void drop(struct found *f)
{
    collector_finish(&f->collector);
    activity_finish(&f->activity);
}

/* One processor. Goroutine 1 (main) creates 2 (worker) at 110, blocks at 120; 2 runs from 125 to 145, when it wakes 1
 * and stops for 10 ns of marking in a stopped world, ends at 160; 1 runs from 165, is in a call from 170 to 185,
 * creates 3, which never runs: at 190 it blocks, and the last mark is at 191. */
static struct made small_trace(void)
{
    struct made made = begin("23");
    add_clock(&made, 1);
    ADD(&made, ev_strings, ev_string, 1, 4, 'm', 'a', 'i', 'n', ev_string, 2, 6, 'w', 'o', 'r', 'k', 'e', 'r',
        ev_string, 3, 4, 'c', 'h', 'a', 'n', ev_string, 4, 2, 'G', 'C', ev_string, 5, 1, 'f');
    end_batch(&made, 1, UINT64_MAX);
    ADD(&made, ev_stacks, ev_stack, 1, 1, 0x1000, 1, 5, 7, ev_stack, 2, 1, 0x2000, 2, 5, 8, ev_stack, 3, 2, 0x3000, 5,
        5, 9, 0x1000, 1, 5, 7);
    end_batch(&made, 1, UINT64_MAX);
    ADD(&made, ev_proc_status, 1, 0, proc_status_running, ev_go_status, 1, 1, 1, go_status_running, ev_procs_change, 1,
        1, 0);                                                                          /* 103 */
    ADD(&made, ev_heap_alloc, 2, 1000, ev_go_create, 5, 2, 2, 1);                       /* 105, 110 */
    ADD(&made, ev_go_block, 10, 3, 3, ev_go_start, 5, 2, 1);                            /* 120, 125 */
    ADD(&made, ev_go_unblock, 20, 1, 1, 2, ev_gc_begin, 1, 1, 0);                       /* 145, 146 */
    ADD(&made, ev_stw_begin, 1, 4, 0, ev_stw_end, 8, ev_heap_goal, 1, 5000);            /* 147, 155, 156 */
    ADD(&made, ev_gc_end, 2, 2, ev_go_destroy, 2, ev_go_start, 5, 1, 2);                /* 158, 160, 165 */
    ADD(&made, ev_go_syscall_begin, 5, 1, 3, ev_go_syscall_end, 15);                    /* 170, 185 */
    ADD(&made, ev_go_create, 2, 3, 2, 1, ev_heap_alloc, 1, 3000, ev_go_block, 2, 3, 3); /* 187, 188, 190 */
    end_batch(&made, 1, 1);
    return made;
}

static const struct activity_group *group_named(const struct activity *a, const char *name)
{
    for (size_t i = 0; i < a->groups.n; i++) {
        if (str_equal(a->places.names.at[a->groups.at[i].name], str_of(name)))
            return &a->groups.at[i];
    }
    fail();
    return NULL;
}

static void times_are_what_they_are(void **state)
{
    (void)state;
    struct made made = small_trace();
    struct found f;
    assert_true(find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, mem_libc()));
    const struct activity *a = &f.activity;
    const struct activity_group *mains = group_named(a, "main"), *workers = group_named(a, "worker");
    assert_int_equal(a->begin, 100);
    assert_int_equal(a->last, 191);
    assert_int_equal(mains->time[go_running], 20 + 5 + 5);
    assert_int_equal(mains->time[go_waiting], 25 + 1);
    assert_int_equal(mains->time[go_runnable], 20);
    assert_int_equal(mains->time[go_syscall], 15);
    assert_int_equal(workers->time[go_running], 35);
    assert_int_equal(workers->time[go_runnable], 15 + 4);
    assert_int_equal(workers->created, 2);
    assert_int_equal(workers->ended, 1);
    assert_int_equal(workers->alive, 1);
    assert_int_equal(a->created, 2);
    assert_int_equal(a->alive_at_begin, 1);
    assert_int_equal(a->most_alive, 2);
    assert_int_equal(a->procs.n, 1);
    assert_int_equal(a->procs.at[0].busy, 65);
    assert_int_equal(a->procs.at[0].running, 91);
    assert_true(course_sum(&a->busy, 100, 100 + course_first) == 65);
    assert_int_equal(a->saturated, 10 + 15 + 3);
    assert_int_equal(a->latency.count, 2);
    assert_int_equal(a->latency.most, 20);
    assert_int_equal(a->nworst, 2);
    assert_int_equal(a->worst[0].goroutine, 1);
    assert_int_equal(a->worst[0].time, 165);
    assert_int_equal(a->worst[1].length, 15);
    drop(&f);
    finish(&made);
}

static void waits_and_wakeups_are_known_by_place(void **state)
{
    (void)state;
    struct made made = small_trace();
    struct found f;
    assert_true(find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, mem_libc()));
    const struct activity *a = &f.activity;
    assert_int_equal(a->waits.n, 2);
    assert_str(a->places.names.at[a->waits.at[0].reason], "chan");
    assert_int_equal(a->waits.at[0].count, 2);
    assert_int_equal(a->waits.at[0].total, 25 + 1);
    assert_int_equal(a->waits.at[0].most, 25);
    assert_int_equal(places_depth(&a->places, a->waits.at[0].stack), 2);
    assert_str(a->places.names.at[places_frame(&a->places, a->waits.at[0].stack, 0)->func], "f");
    assert_true(a->waits.at[1].is_syscall);
    assert_int_equal(a->waits.at[1].total, 15);
    assert_int_equal(a->wakeups.n, 1);
    assert_int_equal(a->wakeups.at[0].waited, 25);
    assert_ptr_equal(&a->groups.at[a->wakeups.at[0].waker], group_named(a, "worker"));
    assert_ptr_equal(&a->groups.at[a->wakeups.at[0].woken], group_named(a, "main"));
    assert_int_equal(a->leaks.n, 1);
    assert_int_equal(a->leaks.at[0].goroutine, 1);
    assert_int_equal(a->leaks.at[0].created, 0);
    assert_int_equal(a->leaks.at[0].longest, 1);
    drop(&f);
    finish(&made);
}

static void the_collector_is_followed(void **state)
{
    (void)state;
    struct made made = small_trace();
    struct found f;
    assert_true(find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, mem_libc()));
    const struct collector *c = &f.collector;
    assert_int_equal(c->cycles.n, 1);
    assert_int_equal(c->cycles.at[0].start, 146);
    assert_int_equal(c->cycles.at[0].end, 158);
    assert_int_equal(c->cycles.at[0].pauses, 1);
    assert_int_equal(c->cycles.at[0].longest_pause, 8);
    assert_int_equal(c->cycles.at[0].heap_at_start, 1000);
    assert_int_equal(c->marking, 12);
    assert_int_equal(c->paused, 8);
    assert_int_equal(c->first_heap, 1000);
    assert_int_equal(c->heap, 3000);
    assert_int_equal(c->goal, 5000);
    drop(&f);
    finish(&made);
}

/* All that adds up over parts of the time. */
static void add_up(const struct found *f, double *sums)
{
    const struct activity *a = &f->activity;
    size_t n = 0;
    for (size_t i = 0; i < a->groups.n; i++) {
        for (int k = go_runnable; k <= go_syscall; k++)
            sums[n + (size_t)k] += (double)a->groups.at[i].time[k];
    }
    n += go_syscall + 1;
    sums[n++] += (double)a->created;
    sums[n++] += (double)a->ended;
    sums[n++] += (double)a->latency.count;
    sums[n++] += (double)a->saturated;
    sums[n++] += a->procs.n > 0 ? (double)a->procs.at[0].busy : 0;
    sums[n++] += a->procs.n > 0 ? (double)a->procs.at[0].running : 0;
    sums[n++] += (double)f->collector.marking;
    sums[n++] += (double)f->collector.paused;
    for (size_t i = 0; i < a->waits.n; i++)
        sums[n] += (double)a->waits.at[i].total;
    n++;
    sums[n] += (double)a->events;
}

static void parts_add_up_to_the_whole(void **state)
{
    (void)state;
    enum { nsums = 32 };
    struct made made = small_trace();
    double whole[nsums] = {0};
    struct found f;
    assert_true(find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, mem_libc()));
    add_up(&f, whole);
    drop(&f);
    for (int64_t at = 1; at < 91; at++) {
        double parts[nsums] = {0};
        struct trace_range range[] = {{INT64_MIN, at}, {at, INT64_MAX}};
        for (int i = 0; i < 2; i++) {
            assert_true(find(&f, buf_text(&made.bytes), range[i], mem_libc()));
            add_up(&f, parts);
            struct trace_range span = activity_span(&f.activity);
            assert_int_equal(span.end - span.start, i == 0 ? at : 91 - at);
            drop(&f);
        }
        for (int i = 0; i < nsums; i++)
            assert_true(parts[i] == whole[i]);
    }
    finish(&made);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct made made = small_trace();
    for (size_t n = 0;; n++) {
        struct failing_mem failing = failing_mem(n);
        struct found f;
        if (find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, &failing.mem)) {
            drop(&f);
            break;
        }
        assert_true(n < 10000);
    }
    finish(&made);
}

static void an_id_may_be_used_again(void **state)
{
    (void)state;
    struct made made = begin("23");
    add_clock(&made, 1);
    add_running(&made);
    ADD(&made, ev_go_block, 1, 0, 0);
    for (int i = 0; i < 1000; i++)
        ADD(&made, ev_go_create_syscall, 1, 7, ev_go_syscall_end_blocked, 1, ev_go_start, 1, 7, 1, ev_go_destroy, 1);
    end_batch(&made, 1, 1);
    struct found f;
    if (find(&f, buf_text(&made.bytes), TRACE_RANGE_ALL, mem_libc())) {
        assert_true(f.activity.goroutines.n <= 2);
        drop(&f);
    }
    finish(&made);
}

static void quantiles_are_close_and_the_longest_is_exact(void **state)
{
    (void)state;
    struct quantiles q = {0};
    for (int64_t i = 1; i <= 100000; i++)
        quantiles_add(&q, i * 100);
    assert_int_equal(q.most, 10000000);
    for (int percent = 1; percent < 100; percent++) {
        int64_t exact = percent * 100000, got = quantiles_at(&q, percent / 100.0);
        assert_true(got > exact * 0.97 && got < exact * 1.03);
    }
    assert_int_equal(quantiles_at(&q, 1), 10000000);
    assert_int_equal(quantiles_from(&q, 0), 100000);
    struct quantiles few = {0};
    assert_int_equal(quantiles_at(&few, 0.5), 0);
    quantiles_add(&few, -5);
    quantiles_add(&few, INT64_MAX);
    assert_int_equal(quantiles_at(&few, 0.5), 0);
    assert_int_equal(quantiles_at(&few, 1), INT64_MAX);
}

static void a_course_keeps_its_sum_as_it_grows(void **state)
{
    (void)state;
    struct course t = {0};
    int64_t sum = 0;
    for (int64_t i = 1; i < 1000; i++) {
        course_add(&t, 50, 50 + i * i, 50 + i * i + i);
        sum += i;
    }
    assert_true(course_sum(&t, 50, 50 + 1000 * 1000) == (double)sum);
    double parts = 0;
    for (int64_t at = 50; at < 50 + 1000 * 1000; at += 7777)
        parts += course_sum(&t, at, at + 7777);
    assert_true(parts > (double)sum - 0.01 && parts < (double)sum + 0.01);
    course_add(&t, 50, 0, 10);
    course_add(&t, 50, 100, 90);
    assert_true(course_sum(&t, 50, 50 + 1000 * 1000) == (double)sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_what_they_are),
        cmocka_unit_test(waits_and_wakeups_are_known_by_place),
        cmocka_unit_test(the_collector_is_followed),
        cmocka_unit_test(parts_add_up_to_the_whole),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(an_id_may_be_used_again),
        cmocka_unit_test(quantiles_are_close_and_the_longest_is_exact),
        cmocka_unit_test(a_course_keeps_its_sum_as_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
