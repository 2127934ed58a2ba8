#include "base/map.h"

#include "base/arena.h"
#include "testing.h"

static void numbers_are_found_with_the_value_first_given(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, mem_libc());
    assert_null(map_find(&map, 0));
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(*map_add(&map, i * 0x100000001u, i), i);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(*map_add(&map, i * 0x100000001u, 7), i);
    assert_int_equal(map.n, 10000);
    assert_null(map_find(&map, 5));
    map_finish(&map);
}

static void removing_a_number_leaves_all_others(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, mem_libc());
    assert_false(map_remove(&map, 1));
    uint64_t seed = 1;
    bool in[512] = {false};
    for (int step = 0; step < 20000; step++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t key = (uint32_t)(seed >> 40) % 512;
        if (seed >> 63) {
            assert_int_equal(*map_add(&map, key, key), key);
            in[key] = true;
        } else {
            assert_int_equal(map_remove(&map, key), in[key]);
            in[key] = false;
        }
    }
    uint32_t n = 0;
    for (uint32_t key = 0; key < 512; key++) {
        uint32_t *value = map_find(&map, key);
        assert_int_equal(value != NULL, in[key]);
        assert_true(!value || *value == key);
        n += in[key];
    }
    assert_int_equal(map.n, n);
    map_finish(&map);
}

static void strings_are_found_by_their_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    struct str_map map;
    str_map_init(&map, mem_libc());
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(*str_map_add(&map, arena_printf(&arena, "name%u", i), i), i);
    assert_int_equal(*str_map_find(&map, STR("name4711")), 4711);
    assert_null(str_map_find(&map, STR("name")));
    assert_int_equal(*str_map_add(&map, STR(""), 1), 1);
    assert_int_equal(*str_map_find(&map, (struct str){0}), 1);
    str_map_finish(&map);
    arena_finish(&arena);
}

static void many_strings_are_looked_up_at_once(void **state)
{
    (void)state;
    struct arena arena;
    struct str_map map;
    struct str keys[100];
    uint32_t values[100];
    arena_init(&arena, mem_libc());
    str_map_init(&map, mem_libc());
    for (uint32_t i = 0; i < 100; i++)
        keys[i] = arena_printf(&arena, "name%u", i);
    str_map_find_all(&map, keys, 100, 7, values);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(values[i], 7);
    for (uint32_t i = 0; i < 100; i += 3)
        str_map_add(&map, keys[i], 1000 + i);
    str_map_find_all(&map, keys, 100, 7, values);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(values[i], i % 3 == 0 ? 1000 + i : 7);
    str_map_finish(&map);
    arena_finish(&arena);
}

static void exhaustion_gives_null_and_loses_nothing(void **state)
{
    (void)state;
    struct failing_mem failing = failing_mem(1);
    struct map map;
    map_init(&map, &failing.mem);
    uint64_t key = 0;
    while (map_add(&map, key, (uint32_t)key))
        key++;
    assert_true(key > 0);
    for (uint64_t i = 0; i < key; i++)
        assert_int_equal(*map_find(&map, i), i);
    map_finish(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_with_the_value_first_given),
        cmocka_unit_test(removing_a_number_leaves_all_others),
        cmocka_unit_test(strings_are_found_by_their_bytes),
        cmocka_unit_test(many_strings_are_looked_up_at_once),
        cmocka_unit_test(exhaustion_gives_null_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
