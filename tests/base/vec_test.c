#include "base/vec.h"

#include "testing.h"

static void pushed_values_stay_in_order(void **state)
{
    (void)state;
    VEC(uint32_t) ids = {0};
    for (uint32_t i = 0; i < 1000; i++)
        assert_true(vec_push(&ids, mem_libc(), i));
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(ids.at[i], i);
    vec_finish(&ids, mem_libc());
    assert_int_equal(ids.n, 0);
}

static void exhaustion_and_overflow_leave_the_vector_alone(void **state)
{
    (void)state;
    struct failing_mem failing = failing_mem(1);
    VEC(uint32_t) ids = {0};
    assert_true(vec_push(&ids, &failing.mem, 1));
    assert_false(vec_reserve(&ids, &failing.mem, 1000));
    assert_false(vec_reserve(&ids, mem_libc(), SIZE_MAX / 2));
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.at[0], 1);
    vec_finish(&ids, &failing.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushed_values_stay_in_order),
        cmocka_unit_test(exhaustion_and_overflow_leave_the_vector_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
