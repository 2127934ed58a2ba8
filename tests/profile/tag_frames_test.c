#include "profile/tag_frames.h"

#include "profile/decode.h"
#include "profile/small.h"
#include "testing.h"

static struct profile small_profile(struct mem *mem)
{
    struct profile profile;
    struct fault fault;
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    put_small_profile(&bytes);
    assert_true(profile_decode(buf_text(&bytes), mem, &profile, &fault));
    buf_finish(&bytes);
    return profile;
}

/* The function name of the frame at a place of a sample's stack, from the leaf on. */
static struct str name_at(const struct profile *profile, uint32_t sample, uint64_t place)
{
    uint64_t at = profile->stack_start[profile->stack[sample]] + place;
    uint32_t line = profile->line_start[profile->frames[at]];
    return profile_text(profile, profile->functions[profile->lines[line].function].name);
}

static uint64_t depth_of(const struct profile *profile, uint32_t sample)
{
    return profile->stack_start[profile->stack[sample] + 1] - profile->stack_start[profile->stack[sample]];
}

static void roots_go_above_and_leaves_below(void **state)
{
    bool roots = false, leaves = false;
    struct profile profile = small_profile(mem_libc());
    (void)state;
    assert_true(profile_add_tag_frames(&profile, STR("thread,none"), STR("request"), STR("minimum"), &roots, &leaves));
    assert_true(roots && leaves);
    assert_int_equal(depth_of(&profile, 0), 3 + 3);
    assert_str(name_at(&profile, 0, 0), "4kB");
    assert_str(name_at(&profile, 0, 4), "");
    assert_str(name_at(&profile, 0, 5), "value");
    assert_str(name_at(&profile, 1, 0), "");
    profile_finish(&profile);
}

static void equal_values_share_a_location(void **state)
{
    bool roots = false, leaves = true;
    struct profile profile = small_profile(mem_libc());
    uint32_t before = profile.nlocations;
    (void)state;
    assert_true(profile_add_tag_frames(&profile, STR("thread"), STR(""), STR(""), &roots, &leaves));
    assert_int_equal(profile.nlocations, before + 2);
    assert_false(leaves);
    for (uint32_t l = before; l < profile.nlocations; l++)
        assert_true(profile.locations[l].mapping == PROFILE_NONE && profile.locations[l].id > before);
    profile_finish(&profile);
}

static void without_keys_nothing_changes(void **state)
{
    bool roots = true, leaves = true;
    struct profile profile = small_profile(mem_libc());
    uint32_t stacks = profile.nstacks;
    (void)state;
    assert_true(profile_add_tag_frames(&profile, STR(",,"), STR(""), STR(""), &roots, &leaves));
    assert_true(!roots && !leaves && profile.nstacks == stacks);
    profile_finish(&profile);
}

static void exhaustion_is_told_and_leaks_nothing(void **state)
{
    bool done = false, roots, leaves;
    (void)state;
    for (size_t successes = 0; !done; successes++) {
        struct failing_mem failing = failing_mem(SIZE_MAX);
        struct profile profile = small_profile(&failing.mem);
        failing.left = successes;
        done = profile_add_tag_frames(&profile, STR("thread,x"), STR("request"), STR(""), &roots, &leaves);
        failing.left = SIZE_MAX;
        profile_finish(&profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_go_above_and_leaves_below),
        cmocka_unit_test(equal_values_share_a_location),
        cmocka_unit_test(without_keys_nothing_changes),
        cmocka_unit_test(exhaustion_is_told_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
