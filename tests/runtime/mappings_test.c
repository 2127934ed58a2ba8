#include "testing.h"

#include "made_up_code.h"

static void addresses_are_found_in_their_mapping(void **state)
{
    (void)state;
    struct mappings m;
    made_up_code(&m);
    assert_ptr_equal(mappings_find(&m, 0x401000), &m.list.at[0]);
    assert_ptr_equal(mappings_find(&m, 0x401fff), &m.list.at[0]);
    assert_ptr_equal(mappings_find(&m, 0x7f0000), &m.list.at[1]);
    assert_ptr_equal(mappings_find(&m, 0x7fff7f), &m.list.at[2]);
    assert_null(mappings_find(&m, 0));
    assert_null(mappings_find(&m, 0x400fff));
    assert_null(mappings_find(&m, 0x402000));
    assert_null(mappings_find(&m, UINT64_MAX));
    mappings_finish(&m);
}

static void nothing_is_found_in_none(void **state)
{
    (void)state;
    struct mappings m;
    mappings_init(&m, mem_libc());
    assert_null(mappings_find(&m, 0x401000));
    mappings_finish(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found_in_their_mapping),
        cmocka_unit_test(nothing_is_found_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
