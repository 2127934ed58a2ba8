#include "testing.h"

#include "trace/slots.h"

static void places_of_what_is_gone_are_used_again(void **state)
{
    (void)state;
    struct slots slots;
    slots_init(&slots, mem_libc());
    assert_int_equal(slots_find(&slots, 7), NO_SLOT);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(slots_add(&slots, 7 + i), i);
    assert_int_equal(slots_find(&slots, 50), 43);
    slots_remove(&slots, 50);
    slots_remove(&slots, 50);
    slots_remove(&slots, 10);
    assert_int_equal(slots_find(&slots, 50), NO_SLOT);
    assert_int_equal(slots_add(&slots, 1000), 3);
    assert_int_equal(slots_add(&slots, 50), 43);
    assert_int_equal(slots_add(&slots, 10), 100);
    assert_int_equal(slots.n, 101);
    slots_finish(&slots);
}

static void a_place_that_could_not_be_had_is_free(void **state)
{
    (void)state;
    for (size_t allowed = 0; allowed < 4; allowed++) {
        struct failing_mem mem = failing_mem(allowed);
        struct slots slots;
        slots_init(&slots, &mem.mem);
        for (uint64_t id = 0; id < 500; id++) {
            uint32_t slot = slots_add(&slots, id);
            assert_int_equal(slots_find(&slots, id), slot);
            slots_remove(&slots, id / 2);
        }
        slots_finish(&slots);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_of_what_is_gone_are_used_again),
        cmocka_unit_test(a_place_that_could_not_be_had_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
