#include "base/arena.h"

#include "testing.h"

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    char *before = NULL;
    for (size_t i = 1; i < 3000; i++) {
        uint64_t *block = arena_new(&arena, uint64_t, i % 7 + 1);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % alignof(uint64_t), 0);
        assert_int_equal(block[i % 7], 0);
        block[0] = i;
        assert_ptr_not_equal(block, before);
        before = (char *)block;
    }
    arena_finish(&arena);
}

static void a_block_larger_than_any_chunk_is_given(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    char *block = arena_new(&arena, char, 5 << 20);
    assert_non_null(block);
    block[(5 << 20) - 1] = 1;
    arena_finish(&arena);
}

static void an_overflowing_product_is_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    assert_null(arena_new(&arena, uint64_t, SIZE_MAX / 4));
    assert_null(arena_new(&arena, char, SIZE_MAX / 2 + 1));
    arena_finish(&arena);
}

static void exhaustion_gives_null_and_leaves_the_arena_usable(void **state)
{
    (void)state;
    struct failing_mem failing = failing_mem(1);
    struct arena arena;
    arena_init(&arena, &failing.mem);
    assert_non_null(arena_new(&arena, char, 8));
    assert_null(arena_new(&arena, char, 1 << 20));
    assert_non_null(arena_new(&arena, char, 8));
    arena_finish(&arena);
}

static void strings_are_copied_with_a_final_nul(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    struct str copy = arena_str(&arena, str_first(STR("threads"), 6));
    assert_str(copy, "thread");
    assert_int_equal(copy.p[6], 0);
    assert_str(arena_printf(&arena, "%d of %s", 3, "10"), "3 of 10");
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_block_larger_than_any_chunk_is_given),
        cmocka_unit_test(an_overflowing_product_is_refused),
        cmocka_unit_test(exhaustion_gives_null_and_leaves_the_arena_usable),
        cmocka_unit_test(strings_are_copied_with_a_final_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
