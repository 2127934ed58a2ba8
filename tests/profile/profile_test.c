#include "profile/profile.h"

#include <stdio.h>

#include "testing.h"

static void equal_texts_have_equal_ids(void **state)
{
    (void)state;
    struct profile profile;
    assert_true(profile_init(&profile, mem_libc()));
    assert_int_equal(profile_string(&profile, STR("")), 0);
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "name%d", i % 300);
        assert_int_equal(profile_string(&profile, str_of(text)), 1 + i % 300);
    }
    assert_str(profile_text(&profile, 300), "name299");
    profile_finish(&profile);
}

static void a_copy_is_independent(void **state)
{
    (void)state;
    struct profile profile, copy;
    assert_true(profile_init(&profile, mem_libc()));
    profile.doc_url = profile_string(&profile, STR("https://example.org/"));
    assert_true(profile_resize(&profile, &profile.comments, 0, 2, sizeof *profile.comments));
    profile.ncomments = 2;
    profile.comments[0] = profile_string(&profile, STR("first"));
    profile.comments[1] = profile_string(&profile, STR("second"));
    assert_true(profile_copy(&profile, mem_libc(), &copy));
    profile_finish(&profile);
    assert_str(profile_text(&copy, copy.doc_url), "https://example.org/");
    assert_str(profile_text(&copy, copy.comments[1]), "second");
    assert_int_equal(profile_string(&copy, STR("first")), copy.comments[0]);
    profile_finish(&copy);
}

static void exhaustion_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct profile profile;
        if (!profile_init(&profile, &failing.mem))
            continue;
        bool added = profile_string(&profile, STR("one more")) == 1;
        profile_finish(&profile);
        if (added)
            break;
        assert_true(successes < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_equal_ids),
        cmocka_unit_test(a_copy_is_independent),
        cmocka_unit_test(exhaustion_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
