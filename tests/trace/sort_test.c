/* Where Go's sort leaves equal elements is compared with Go itself by the dumps; here, that it sorts. */
#include "testing.h"

#include "trace/sort.h"

enum { most = 3000 };

static void check(struct sort_pair *pairs, size_t n)
{
    static unsigned char seen[most];
    memset(seen, 0, sizeof seen);
    sort_pairs(pairs, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || pairs[i - 1].key <= pairs[i].key);
        assert_int_equal(seen[pairs[i].value]++, 0);
    }
}

static void every_length_and_pattern_is_sorted(void **state)
{
    (void)state;
    static struct sort_pair pairs[most];
    uint64_t seed = 7;
    for (size_t n = 0; n < most; n = n < 130 ? n + 1 : n * 3 / 2) {
        for (int pattern = 0; pattern < 6; pattern++) {
            for (size_t i = 0; i < n; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                int64_t keys[] = {(int64_t)seed,         (int64_t)i,        -(int64_t)i,
                                  (int64_t)(seed >> 62), (int64_t)(i % 17), i == n / 2 ? -1 : (int64_t)i};
                pairs[i] = (struct sort_pair){keys[pattern], (uint32_t)i};
            }
            check(pairs, n);
        }
    }
}

/* What slices.SortFunc of Go 1.26 makes of 40 pairs {i * 7 % 5, i}. */
static void equal_keys_end_up_where_go_leaves_them(void **state)
{
    (void)state;
    static const uint32_t expected[] = {20, 10, 35, 30, 0,  5,  25, 15, 28, 3,  8, 38, 33, 13, 18, 23, 26, 11, 1,  36,
                                        6,  21, 16, 31, 34, 14, 24, 39, 19, 29, 9, 4,  7,  12, 22, 2,  32, 37, 17, 27};
    struct sort_pair pairs[40];
    for (uint32_t i = 0; i < 40; i++)
        pairs[i] = (struct sort_pair){i * 7 % 5, i};
    sort_pairs(pairs, 40);
    for (int i = 0; i < 40; i++)
        assert_int_equal(pairs[i].value, expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_pattern_is_sorted),
        cmocka_unit_test(equal_keys_end_up_where_go_leaves_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
