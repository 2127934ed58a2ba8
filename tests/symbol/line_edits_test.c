#include "symbol/line_edits.h"

#include "profile/decode.h"
#include "profile/small.h"
#include "symbol/symbolize.h"
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

/* Gives a location two lines, and another none. False on exhaustion. */
static bool edit(struct profile *profile)
{
    struct line_edits edits;
    line_edits_init(&edits, profile);
    uint32_t inner = profile_string(profile, STR("inner")), outer = profile_string(profile, STR("outer"));
    struct profile_function first = {.name = inner, .system_name = inner}, second = {.name = outer};
    bool fine = inner != PROFILE_NONE && outer != PROFILE_NONE && line_edits_begin(&edits, 2) &&
                line_edits_add(&edits, first, 11, 1) && line_edits_add(&edits, second, 12, 2) &&
                line_edits_begin(&edits, 1) && line_edits_begin(&edits, 0) && line_edits_add(&edits, first, 13, 0) &&
                line_edits_apply(&edits);
    line_edits_finish(&edits);
    return fine;
}

static void lines_are_replaced_where_asked(void **state)
{
    (void)state;
    struct profile profile = small_profile(mem_libc());
    uint32_t functions = profile.nfunctions;
    assert_true(edit(&profile));
    assert_int_equal(profile.nfunctions, functions + 2);
    const uint32_t *start = profile.line_start;
    assert_true(start[0] == 0 && start[1] == 1 && start[2] == 1 && start[3] == 3);
    assert_int_equal(profile.lines[0].line, 13);
    assert_int_equal(profile.lines[0].function, profile.lines[1].function);
    assert_int_equal(profile.lines[2].line, 12);
    assert_int_equal(profile.functions[functions].id, functions + 1);
    assert_false(profile.locations[2].is_folded);
    profile_finish(&profile);
}

static void exhaustion_is_told_and_leaks_nothing(void **state)
{
    bool done = false;
    (void)state;
    for (size_t successes = 0; !done; successes++) {
        struct failing_mem failing = failing_mem(SIZE_MAX);
        struct profile profile = small_profile(&failing.mem);
        failing.left = successes;
        done = edit(&profile);
        failing.left = SIZE_MAX;
        assert_true(profile.line_start[profile.nlocations] > 0);
        profile_finish(&profile);
    }
}

static struct symbolize_mode mode_of(const char *words, bool *told)
{
    struct buf notes;
    buf_init(&notes, mem_libc());
    struct symbolize_mode mode = symbolize_mode_parse(str_of(words), &notes);
    *told = notes.n > 0;
    buf_finish(&notes);
    return mode;
}

static void modes_are_gos_words(void **state)
{
    bool told;
    (void)state;
    struct symbolize_mode mode = mode_of("", &told);
    assert_true(mode.local && mode.remote && !mode.none && !mode.force && !told);
    mode = mode_of("NONE", &told);
    assert_true(mode.none && !told);
    mode = mode_of("fastlocal:Force", &told);
    assert_true(mode.local && mode.fast && !mode.remote && mode.force && !told);
    mode = mode_of("remote:demangle=full", &told);
    assert_true(!mode.local && mode.remote && mode.force && mode.demangle == demangle_full && !told);
    mode = mode_of("demangle=default", &told);
    assert_true(!mode.force && mode.demangle == demangle_default && !told);
    mode = mode_of("loccal", &told);
    assert_true(told && mode.local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_replaced_where_asked),
        cmocka_unit_test(exhaustion_is_told_and_leaks_nothing),
        cmocka_unit_test(modes_are_gos_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
