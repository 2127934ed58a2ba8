#include "testing.h"

#include "trace/spec.h"

static void the_small_table_agrees_with_the_large_one(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bool timed = type < ev_count && trace_specs[type].timed;
        assert_int_equal(trace_timed_args[type], timed ? trace_specs[type].nargs : 0);
    }
}

static void every_reference_is_to_an_argument(void **state)
{
    (void)state;
    for (unsigned type = 0; type < ev_count; type++) {
        const struct trace_spec *spec = &trace_specs[type];
        assert_true(spec->nargs <= trace_max_args);
        for (int i = 0; i < 2; i++) {
            assert_true(spec->stacks[i] < trace_max_args && spec->strings[i] < trace_max_args);
            assert_true(spec->stacks[i] == 0 || spec->stacks[i] < spec->nargs);
            assert_true(spec->strings[i] == 0 || spec->strings[i] < spec->nargs);
        }
        assert_true(!spec->start || trace_specs[spec->start].timed);
    }
}

static void versions_know_more_and_more_types(void **state)
{
    (void)state;
    assert_int_equal(trace_type_count(21), 0);
    assert_int_equal(trace_type_count(22), ev_user_log + 1);
    assert_int_equal(trace_type_count(23), ev_experimental_batch + 1);
    assert_int_equal(trace_type_count(24), 0);
    assert_int_equal(trace_type_count(25), ev_clock_snapshot + 1);
    assert_int_equal(trace_type_count(26), ev_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_table_agrees_with_the_large_one),
        cmocka_unit_test(every_reference_is_to_an_argument),
        cmocka_unit_test(versions_know_more_and_more_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
