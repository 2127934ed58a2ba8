#include "testing.h"

#include "trace/histogram.h"

static unsigned class_of(int64_t ns)
{
    struct histogram histogram = {0};
    histogram_add(&histogram, ns);
    assert_int_equal(histogram.count, 1);
    for (unsigned i = 0; i < histogram_classes; i++) {
        if (histogram.in_class[i])
            return i;
    }
    return histogram_classes;
}

static void there_are_five_classes_to_a_power_of_ten(void **state)
{
    (void)state;
    assert_int_equal(class_of(-5), 0);
    assert_int_equal(class_of(0), 0);
    assert_int_equal(class_of(1000), 14);
    assert_int_equal(class_of(1001), 15);
    assert_int_equal(class_of(10000), 19);
    assert_int_equal(class_of(1000000001), 45);
    assert_int_equal(class_of(INT64_MAX), histogram_classes - 1);
}

static void classes_ascend(void **state)
{
    (void)state;
    for (unsigned i = 0; i < histogram_classes; i++)
        assert_true(histogram_start[i] <= histogram_start[i + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_five_classes_to_a_power_of_ten),
        cmocka_unit_test(classes_ascend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
