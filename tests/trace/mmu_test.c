/* Functions small enough to be understood, and random ones against a search that looks at every window. */
#include "testing.h"

#include <math.h>
#include <stdlib.h>

#include "trace/logscale.h"
#include "trace/mmu.h"

/* A function of single steps; the last one ends it. */
static struct utilization made(const struct utilization_step *steps, size_t n)
{
    struct utilization u;
    utilization_init(&u, 0, mem_libc());
    assert_true(vec_push(&u.series, u.mem, (struct utilization_series){{0}}));
    for (size_t i = 0; i < n; i++)
        assert_true(vec_push(&u.series.at[0].steps, u.mem, steps[i]));
    return u;
}

static double least(const struct mmu *mmu, int64_t window)
{
    double util = -1;
    assert_true(mmu_least(mmu, window, &util));
    return util;
}

/* One pause of 10 ns in 100. */
static const struct utilization_step pause_steps[] = {{1000, 1}, {1040, 0}, {1050, 1}, {1100, 0}};

static void a_pause_weighs_less_in_longer_windows(void **state)
{
    (void)state;
    struct utilization u = made(pause_steps, 4);
    struct mmu mmu;
    assert_true(mmu_init(&mmu, &u));
    assert_true(least(&mmu, 0) == 0);
    assert_true(least(&mmu, 10) == 0);
    assert_true(least(&mmu, 20) == 0.5);
    assert_true(least(&mmu, 100) == 0.9);
    assert_true(least(&mmu, 1000) == 0.9);
    mmu_finish(&mmu);
    utilization_finish(&u);
}

static void the_worst_windows_do_not_overlap(void **state)
{
    (void)state;
    struct utilization u = made(pause_steps, 4);
    struct mmu mmu;
    struct mmu_window windows[mmu_most_windows];
    size_t n = mmu_most_windows;
    assert_true(mmu_init(&mmu, &u));
    assert_true(mmu_worst(&mmu, 20, windows, &n));
    assert_true(n >= 2 && n <= 5);
    assert_true(windows[0].util == 0.5);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            assert_true(windows[i].time >= windows[k].time + 20 || windows[k].time >= windows[i].time + 20);
        assert_true(i == 0 || windows[i].util >= windows[i - 1].util);
    }
    mmu_finish(&mmu);
    utilization_finish(&u);
}

static void quantiles_say_how_many_windows_are_bad(void **state)
{
    (void)state;
    struct utilization u = made(pause_steps, 4);
    struct mmu mmu;
    /* Of the 90 windows of 10 ns, 10 go down to nothing and 10 up again; the others are whole. */
    const double shares[] = {0, 0.1, 20.0 / 90 - 0.001, 0.5};
    double utils[4];
    assert_true(mmu_init(&mmu, &u));
    assert_true(mmu_quantiles(&mmu, 10, shares, 4, utils));
    assert_true(utils[0] == 0);
    assert_true(fabs(utils[1] - 0.45) < 0.0001);
    assert_true(fabs(utils[2] - 0.9955) < 0.0001);
    assert_true(utils[3] == 1);
    assert_true(mmu_quantiles(&mmu, 100, shares, 1, utils));
    assert_true(isnan(utils[0]));
    mmu_finish(&mmu);
    utilization_finish(&u);
}

/* The least mean over windows, by looking at one after another. */
static double slow_least(const struct utilization_step *steps, size_t n, int64_t window)
{
    int64_t begin = steps[0].time, length = steps[n - 1].time - begin;
    double worst = 1;
    window = window < length ? window : length;
    for (int64_t start = begin; start + window <= begin + length; start++) {
        double sum = 0;
        for (size_t i = 0; i + 1 < n; i++)
            sum += steps[i].util * (double)trace_range_overlap((struct trace_range){start, start + window},
                                                               steps[i].time, steps[i + 1].time);
        worst = sum / (double)window < worst ? sum / (double)window : worst;
    }
    return worst;
}

static void random_functions_have_the_minimum_that_a_slow_search_finds(void **state)
{
    (void)state;
    struct utilization_step steps[40];
    uint64_t seed = 7;
    for (int round = 0; round < 40; round++) {
        size_t n = 3 + (size_t)round % 37;
        int64_t time = 100;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            steps[i] = (struct utilization_step){time, (double)(seed >> 62) / 4};
            time += 1 + (int64_t)(seed >> 33) % 9;
        }
        /* Bands of equal length fill it: else, as in Go, windows of the last one reach out of the function. */
        steps[n - 1].time += (int64_t)n - 1 - (steps[n - 1].time - 101) % (int64_t)n;
        struct utilization u = made(steps, n);
        struct mmu mmu;
        assert_true(mmu_init(&mmu, &u));
        double share = 0, lowest;
        for (int64_t window = 1; window < 60; window += 7) {
            if (window % mmu.series.at[0].band_length != 1) /* such a window reaches out by 1 ns, as in Go */
                assert_true(fabs(least(&mmu, window) - slow_least(steps, n, window)) < 1e-12);
            bool fits = window % 2 == 0 && window <= steps[n - 1].time - steps[0].time;
            double whole = slow_least(steps, n, window);
            assert_true(!fits || whole >= least(&mmu, window / 2) - 1e-12);
            assert_true(mmu_quantiles(&mmu, window, &share, 1, &lowest));
            assert_true(isnan(lowest) || fabs(lowest - whole) < 2e-5);
        }
        mmu_finish(&mmu);
        utilization_finish(&u);
    }
}

static void times_that_wrap_around_are_survived(void **state)
{
    (void)state;
    static const struct utilization_step steps[] = {{INT64_MIN, 1}, {-5, 0}, {3, 1}, {INT64_MAX, 0}};
    struct utilization u = made(steps, 4);
    struct mmu mmu;
    struct mmu_plot plot;
    bool exhausted;
    assert_true(mmu_init(&mmu, &u));
    assert_in_range((uint64_t)(least(&mmu, INT64_MAX) * 1000 + 1000), 0, 2000);
    mmu_plot(&mmu, true, &plot, &exhausted);
    assert_false(exhausted);
    mmu_finish(&mmu);
    utilization_finish(&u);
}

static void a_function_is_cut_to_a_range(void **state)
{
    (void)state;
    struct utilization u = made(pause_steps, 4);
    utilization_cut(&u, (struct trace_range){1045, 1060});
    assert_int_equal(u.series.n, 1);
    assert_int_equal(u.series.at[0].steps.n, 3);
    assert_int_equal(u.series.at[0].steps.at[0].time, 1045);
    assert_true(u.series.at[0].steps.at[0].util == 0);
    assert_int_equal(u.series.at[0].steps.at[2].time, 1060);
    assert_true(u.series.at[0].steps.at[2].util == 0);
    utilization_cut(&u, (struct trace_range){2000, 3000});
    assert_int_equal(u.series.n, 0);
    utilization_finish(&u);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct utilization u = made(pause_steps, 4);
    for (size_t n = 0;; n++) {
        struct failing_mem failing = failing_mem(n);
        struct mmu mmu;
        struct mmu_plot plot;
        bool exhausted = true;
        struct mem *mem = u.mem;
        u.mem = &failing.mem;
        bool good = mmu_init(&mmu, &u);
        u.mem = mem;
        if (good && mmu_plot(&mmu, true, &plot, &exhausted))
            exhausted = false;
        if (good)
            mmu_finish(&mmu);
        if (good && !exhausted)
            break;
        assert_true(n < 10000);
    }
    utilization_finish(&u);
}

static void logarithms_are_those_of_the_library_nearly(void **state)
{
    (void)state;
    double x = 1;
    for (int i = 0; i < 80; i++, x *= 1.7) {
        assert_true(fabs(logscale_log(x) - log(x)) <= 1e-15 * fabs(log(x)));
        assert_true(fabs(logscale_exp(log(x)) / exp(log(x)) - 1) < 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_weighs_less_in_longer_windows),
        cmocka_unit_test(the_worst_windows_do_not_overlap),
        cmocka_unit_test(quantiles_say_how_many_windows_are_bad),
        cmocka_unit_test(random_functions_have_the_minimum_that_a_slow_search_finds),
        cmocka_unit_test(times_that_wrap_around_are_survived),
        cmocka_unit_test(a_function_is_cut_to_a_range),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(logarithms_are_those_of_the_library_nearly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
