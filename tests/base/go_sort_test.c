/* What Go's sort.Sort does to the same keys (printed by a Go program). */
#include "base/go_sort.h"

#include "testing.h"

static bool smaller(const void *context, const void *a, const void *b)
{
    const uint32_t *keys = context;
    return keys[*(const uint32_t *)a] < keys[*(const uint32_t *)b];
}

static void assert_sorted_as(const uint32_t *keys, const uint32_t *expected, size_t n)
{
    uint32_t places[100];
    for (uint32_t i = 0; i < n; i++)
        places[i] = i;
    go_sort(&(struct go_sort){places, sizeof *places, smaller, keys}, n);
    assert_memory_equal(places, expected, n * sizeof *places);
}

static void equal_elements_come_out_as_in_go(void **state)
{
    (void)state;
    static const uint32_t twenty[] = {10, 5, 15, 0, 13, 3, 18, 8, 6, 16, 1, 11, 9, 14, 4, 19, 12, 2, 17, 7};
    static const uint32_t sixty[] = {46, 44, 2,  58, 30, 56, 6,  54, 8,  52, 10, 50, 12, 48, 14, 0,  16, 28, 18, 42,
                                     20, 40, 22, 38, 24, 36, 26, 34, 32, 4,  45, 11, 1,  33, 27, 35, 25, 37, 23, 29,
                                     21, 41, 19, 39, 31, 43, 9,  17, 13, 49, 47, 51, 15, 53, 7,  55, 5,  57, 3,  59};
    uint32_t keys[60];
    for (uint32_t i = 0; i < 20; i++)
        keys[i] = i * 7 % 5;
    assert_sorted_as(keys, twenty, 20);
    for (uint32_t i = 0; i < 60; i++)
        keys[i] = i * i * 31 % 4;
    assert_sorted_as(keys, sixty, 60);
}

static void what_is_almost_in_order_is_repaired_as_in_go(void **state)
{
    (void)state;
    static const uint32_t hundred[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
                                       20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
                                       40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
                                       60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
                                       80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99};
    uint32_t keys[100];
    for (uint32_t i = 0; i < 100; i++)
        keys[i] = i / 3 ^ (i == 50);
    assert_sorted_as(keys, hundred, 100);
}

static void few_and_bad_elements_are_sorted_too(void **state)
{
    (void)state;
    enum { many = 5000 };
    static uint32_t keys[many], places[many];
    go_sort(&(struct go_sort){places, sizeof *places, smaller, keys}, 0);
    go_sort(&(struct go_sort){places, sizeof *places, smaller, keys}, 1);
    for (uint32_t i = 0; i < many; i++) {
        keys[i] = i % 2 ? many - i : i * 2654435761u >> 20;
        places[i] = i;
    }
    go_sort(&(struct go_sort){places, sizeof *places, smaller, keys}, many);
    for (uint32_t i = 1; i < many; i++)
        assert_true(keys[places[i - 1]] <= keys[places[i]]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_elements_come_out_as_in_go),
        cmocka_unit_test(what_is_almost_in_order_is_repaired_as_in_go),
        cmocka_unit_test(few_and_bad_elements_are_sorted_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
