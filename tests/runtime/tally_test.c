#include "testing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/tally.h"

static void add(struct snapshot *snapshot, int64_t value, int64_t block_size, uint32_t npcs, const uint64_t *pcs)
{
    struct snapshot_sample *sample = snapshot_add(snapshot, pcs, npcs);
    assert_non_null(sample);
    sample->values[0] = value;
    sample->block_size = block_size;
}

static void equal_stacks_are_one_row(void **state)
{
    (void)state;
    struct snapshot snapshot;
    struct tally tally;
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    add(&snapshot, 1, 0, 2, (uint64_t[]){10, 20});
    add(&snapshot, 2, 0, 1, (uint64_t[]){10});
    add(&snapshot, 3, 0, 2, (uint64_t[]){10, 20});
    add(&snapshot, 4, 8, 2, (uint64_t[]){10, 20});
    add(&snapshot, 5, 0, 0, NULL);
    tally_add(&tally, &snapshot, 1);
    assert_int_equal(tally.rows.n, 4);
    assert_int_equal(tally.rows.at[0].values[0], 4);
    assert_int_equal(tally.rows.at[1].values[0], 2);
    assert_int_equal(tally.rows.at[2].values[0], 4);
    assert_int_equal(tally.rows.at[2].block_size, 8);
    assert_int_equal(tally.rows.at[3].npcs, 0);
    assert_false(tally.failed);
    tally_finish(&tally);
    snapshot_finish(&snapshot);
}

static void leaves_and_marks_become_return_addresses(void **state)
{
    (void)state;
    struct snapshot snapshot;
    struct tally tally;
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    add(&snapshot, 1, 0, 2, (uint64_t[]){10, 20});
    snapshot.samples.at[0].leaf_is_exact = true;
    snapshot.samples.at[0].truncated = true;
    snapshot.lost = 7;
    snapshot.period = 100;
    tally_add(&tally, &snapshot, 1);
    assert_int_equal(tally.rows.n, 2);
    const uint64_t *pcs = tally_stack(&tally, &tally.rows.at[0]);
    assert_int_equal(tally.rows.at[0].npcs, 3);
    assert_int_equal(pcs[0], 11);
    assert_int_equal(pcs[1], 20);
    assert_int_equal(pcs[2], tally_cut);
    assert_int_equal(tally_stack(&tally, &tally.rows.at[1])[0], tally_lost);
    assert_int_equal(tally.rows.at[1].values[0], 7);
    assert_int_equal(tally.rows.at[1].values[1], 700);
    tally_finish(&tally);
    snapshot_finish(&snapshot);
}

/* A tally of one row of a heap profile. */
static void one_row(struct tally *tally, int64_t objects, int64_t bytes)
{
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    tally_init(tally, mem_libc());
    add(&snapshot, objects, objects ? bytes / objects : 0, 1, (uint64_t[]){10});
    snapshot.samples.at[0].values[1] = bytes;
    snapshot.samples.at[0].values[2] = objects;
    tally_add(tally, &snapshot, 1);
    snapshot_finish(&snapshot);
}

/* Values from Go's scaleHeapSample, which rounds 1 - exp(-x) more coarsely for small blocks. */
static void sampled_blocks_stand_for_all(void **state)
{
    (void)state;
    static const int64_t rate = 512 * 1024;
    static const int64_t sizes[] = {1, 16, 100, 4096, 524288, 1 << 20, 100000000, INT64_C(1) << 40};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tally tally;
        one_row(&tally, 3, 3 * sizes[i]);
        tally_unbias(&tally, rate);
        double scale = 1 / -expm1(-(double)sizes[i] / (double)rate);
        int64_t count = (int64_t)(3 * scale), bytes = (int64_t)(3 * (double)sizes[i] * scale);
        assert_true(llabs(tally.rows.at[0].values[0] - count) <= 1);
        assert_true(llabs(tally.rows.at[0].values[1] - bytes) <= 1 + bytes / 1000000000000);
        assert_int_equal(tally.rows.at[0].values[2], 0);
        tally_finish(&tally);
    }
}

static void all_blocks_stand_for_themselves(void **state)
{
    (void)state;
    struct tally tally;
    one_row(&tally, 3, 48);
    tally_unbias(&tally, 1);
    assert_int_equal(tally.rows.at[0].values[0], 3);
    assert_int_equal(tally.rows.at[0].values[1], 48);
    tally_finish(&tally);
}

static void a_difference_keeps_what_changed(void **state)
{
    (void)state;
    struct snapshot before, after;
    struct tally a, b;
    snapshot_init(&before, mem_libc());
    snapshot_init(&after, mem_libc());
    tally_init(&a, mem_libc());
    tally_init(&b, mem_libc());
    add(&before, 1, 0, 1, (uint64_t[]){10});
    add(&before, 2, 0, 1, (uint64_t[]){20});
    add(&after, 1, 0, 1, (uint64_t[]){10});
    add(&after, 7, 0, 1, (uint64_t[]){30});
    tally_add(&a, &before, -1);
    tally_add(&b, &after, 1);
    tally_merge(&a, &b, 1);
    tally_drop_zeros(&a);
    assert_int_equal(a.rows.n, 2);
    assert_int_equal(a.rows.at[0].values[0], -2);
    assert_int_equal(a.rows.at[1].values[0], 7);
    assert_int_equal(tally_stack(&a, &a.rows.at[1])[0], 30);
    tally_finish(&a);
    tally_finish(&b);
    snapshot_finish(&before);
    snapshot_finish(&after);
}

static int by_value(const struct tally *tally, const struct tally_row *a, const struct tally_row *b)
{
    (void)tally;
    return (a->values[0] > b->values[0]) - (a->values[0] < b->values[0]);
}

static void sorting_keeps_the_order_of_equals(void **state)
{
    (void)state;
    struct snapshot snapshot;
    struct tally tally;
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    for (uint64_t i = 0; i < 500; i++)
        add(&snapshot, (int64_t)(i * 7919 % 10), 0, 1, &i);
    tally_add(&tally, &snapshot, 1);
    tally_sort(&tally, by_value);
    for (size_t i = 1; i < tally.rows.n; i++) {
        const struct tally_row *a = &tally.rows.at[i - 1], *b = a + 1;
        assert_true(a->values[0] < b->values[0] || (a->values[0] == b->values[0] && a->pcs < b->pcs));
    }
    tally_finish(&tally);
    snapshot_finish(&snapshot);
}

static void exhaustion_is_seen(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    for (uint64_t i = 0; i < 50; i++)
        add(&snapshot, 1, 0, 1, &i);
    bool done = false;
    for (size_t successes = 0; !done; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct tally tally;
        tally_init(&tally, &failing.mem);
        tally_add(&tally, &snapshot, 1);
        done = !tally.failed;
        if (done)
            assert_int_equal(tally.rows.n, 50);
        tally_finish(&tally);
        assert_in_range(successes, 0, 100);
    }
    snapshot_finish(&snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_stacks_are_one_row),
        cmocka_unit_test(leaves_and_marks_become_return_addresses),
        cmocka_unit_test(sampled_blocks_stand_for_all),
        cmocka_unit_test(all_blocks_stand_for_themselves),
        cmocka_unit_test(a_difference_keeps_what_changed),
        cmocka_unit_test(sorting_keeps_the_order_of_equals),
        cmocka_unit_test(exhaustion_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
