#include "base/parallel.h"

#include <sched.h>
#include <signal.h>
#include <stdint.h>

#include "testing.h"

struct counts {
    unsigned calls[parallel_most];
};

static void count(void *context, unsigned index)
{
    struct counts *counts = context;
    counts->calls[index]++;
}

static void each_part_runs_once(void **state)
{
    (void)state;
    for (unsigned n = 0; n <= parallel_most; n++) {
        struct counts counts = {{0}};
        parallel_run(n, count, &counts);
        for (unsigned i = 0; i < parallel_most; i++)
            assert_int_equal(counts.calls[i], i < n);
    }
}

static void the_width_is_that_of_the_processors_allowed(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    }
    assert_true(parallel_width() >= 1 && parallel_width() <= parallel_most);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(parallel_width(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void keep_mask(void *context)
{
    pthread_sigmask(SIG_SETMASK, NULL, context);
}

static void a_helper_takes_no_signals_and_leaves_the_callers_mask(void **state)
{
    (void)state;
    struct helper helper;
    sigset_t inside, after;
    sigemptyset(&inside);
    if (!helper_start(&helper, keep_mask, &inside))
        skip_with("no thread to be had");
    helper_join(&helper);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_true(sigismember(&inside, SIGINT) && sigismember(&inside, SIGTERM));
    assert_false(sigismember(&after, SIGINT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_runs_once),
        cmocka_unit_test(the_width_is_that_of_the_processors_allowed),
        cmocka_unit_test(a_helper_takes_no_signals_and_leaves_the_callers_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
