#include "profile/filter.h"

#include "profile/decode.h"
#include "profile/small.h"
#include "profile/tags.h"
#include "testing.h"

/* Stacks of the small profile, leaf first: 0x9000 | inlined, work | 0x400100, which has no lines. */
static struct profile small(void)
{
    struct buf bytes;
    struct profile profile;
    struct fault fault;
    buf_init(&bytes, mem_libc());
    put_small_profile(&bytes);
    assert_true(profile_decode(buf_text(&bytes), mem_libc(), &profile, &fault));
    buf_finish(&bytes);
    return profile;
}

static struct pattern *compile(const char *expression)
{
    struct buf error;
    buf_init(&error, mem_libc());
    struct pattern *pattern = pattern_create(str_of(expression), mem_libc(), &error);
    assert_non_null(pattern);
    return pattern;
}

static struct tag_filter *compile_tags(const char *value)
{
    struct buf error;
    buf_init(&error, mem_libc());
    struct tag_filter *filter = tag_filter_create(STR("tagfocus"), str_of(value), mem_libc(), &error);
    assert_non_null(filter);
    return filter;
}

static struct profile_matched filter(struct profile *profile, struct profile_filters filters)
{
    struct profile_matched matched;
    assert_true(profile_filter(profile, &filters, &matched));
    struct pattern *const patterns[] = {filters.focus,     filters.ignore,   filters.hide,     filters.show,
                                        filters.show_from, filters.tag_show, filters.tag_hide, filters.prune_from};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        pattern_destroy(patterns[i]);
    tag_filter_destroy(filters.tag_focus);
    tag_filter_destroy(filters.tag_ignore);
    return matched;
}

static uint64_t depth_of(const struct profile *p, uint32_t sample)
{
    return p->stack_start[p->stack[sample] + 1] - p->stack_start[p->stack[sample]];
}

static void without_filters_all_samples_stay(void **state)
{
    (void)state;
    struct profile p = small();
    struct profile_matched matched = filter(&p, (struct profile_filters){0});
    assert_int_equal(p.nsamples, 4);
    assert_true(matched.focus && matched.ignore && matched.hide && matched.show && matched.show_from);
    assert_true(matched.tag_focus && matched.tag_ignore && matched.tag_show && matched.tag_hide);
    profile_finish(&p);
}

static void focus_and_ignore_choose_samples(void **state)
{
    (void)state;
    struct profile p = small();
    assert_true(filter(&p, (struct profile_filters){.focus = compile("^inlined$")}).focus);
    assert_int_equal(p.nsamples, 3);
    assert_int_equal(p.nstacks, 2);
    assert_false(filter(&p, (struct profile_filters){.focus = compile("work"), .ignore = compile("nothing")}).ignore);
    assert_int_equal(p.nsamples, 3);
    assert_true(filter(&p, (struct profile_filters){.ignore = compile("/bin/app")}).ignore);
    assert_int_equal(p.nsamples, 0);
    assert_int_equal(p.nstacks, 0);
    profile_finish(&p);
}

static void hide_drops_lines_and_then_frames_without_any(void **state)
{
    (void)state;
    struct profile p = small();
    filter(&p, (struct profile_filters){.hide = compile("inlined")});
    assert_int_equal(p.line_start[3], 1);
    assert_str(p.strings[p.functions[p.lines[0].function].name], "work");
    assert_int_equal(depth_of(&p, 0), 3);
    filter(&p, (struct profile_filters){.hide = compile("app")});
    assert_int_equal(p.nsamples, 1);
    assert_int_equal(depth_of(&p, 0), 1);
    profile_finish(&p);
}

static void show_keeps_what_matches(void **state)
{
    (void)state;
    struct profile p = small();
    assert_true(filter(&p, (struct profile_filters){.show = compile("^work$")}).show);
    assert_int_equal(p.line_start[3], 1);
    assert_int_equal(p.nsamples, 3);
    assert_int_equal(depth_of(&p, 0), 1);
    profile_finish(&p);
}

static void show_from_and_prune_from_cut_the_ends(void **state)
{
    (void)state;
    struct profile p = small();
    assert_true(filter(&p, (struct profile_filters){.show_from = compile("inlined")}).show_from);
    assert_int_equal(p.nsamples, 3);
    assert_int_equal(depth_of(&p, 0), 2);
    assert_int_equal(p.line_start[2], 1);
    filter(&p, (struct profile_filters){.prune_from = compile("inlined")});
    assert_int_equal(depth_of(&p, 0), 1);
    assert_false(filter(&p, (struct profile_filters){.show_from = compile("nothing")}).show_from);
    assert_int_equal(p.nsamples, 0);
    profile_finish(&p);
}

static void labels_choose_samples(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        uint32_t left;
    } cases[] = {
        {"request=4kb", 1},  {"4kb", 1},         {"4097b:", 0},        {":4kb", 1},          {"1kb:8kb", 1},
        {"1kb:3kb", 0},      {"1s:", 0},         {"thread=value", 1},  {"thread=^val,x", 1}, {"thread:value", 1},
        {"value,thread", 1}, {"value,other", 0}, {"nothing=value", 0}, {"request=value", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct profile p = small();
        struct profile_matched matched =
            filter(&p, (struct profile_filters){.tag_focus = compile_tags(cases[i].filter)});
        assert_int_equal(p.nsamples, cases[i].left);
        assert_int_equal(matched.tag_focus, cases[i].left > 0);
        profile_finish(&p);
        p = small();
        filter(&p, (struct profile_filters){.tag_ignore = compile_tags(cases[i].filter)});
        assert_int_equal(p.nsamples, 4 - cases[i].left);
        profile_finish(&p);
    }
}

static void label_keys_are_shown_and_hidden(void **state)
{
    (void)state;
    struct profile p = small();
    struct profile_matched matched = filter(&p, (struct profile_filters){.tag_hide = compile("thr")});
    assert_true(matched.tag_hide);
    assert_int_equal(p.label_start[4], 1);
    assert_true(p.labels[0].is_num);
    matched = filter(&p, (struct profile_filters){.tag_show = compile("thr")});
    assert_false(matched.tag_show);
    assert_int_equal(p.label_start[4], 0);
    profile_finish(&p);
}

static void broken_label_filters_are_refused(void **state)
{
    (void)state;
    struct buf error;
    buf_init(&error, mem_libc());
    assert_null(tag_filter_create(STR("tagfocus"), STR("key=a,("), mem_libc(), &error));
    assert_str(buf_text(&error), "parsing tagfocus regexp: error parsing regexp: missing closing ): `(` (at byte 1)");
    error.n = 0;
    assert_null(tag_filter_create(STR("tagfocus"), STR("99999999999999999999:"), mem_libc(), &error));
    assert_true(error.n > 0);
    buf_finish(&error);
}

static void drop_frames_spare_a_stack_without_any_other(void **state)
{
    (void)state;
    struct profile p = small();
    p.drop_frames = profile_string(&p, STR("inlined|wo.*"));
    profile_remove_uninteresting(&p);
    assert_int_equal(depth_of(&p, 0), 1);
    assert_int_equal(depth_of(&p, 2), 0);
    profile_finish(&p);
    p = small();
    p.drop_frames = profile_string(&p, STR("work|inlined"));
    p.keep_frames = profile_string(&p, STR("work"));
    profile_remove_uninteresting(&p);
    assert_int_equal(depth_of(&p, 0), 2);
    assert_int_equal(p.line_start[3], 1);
    profile_finish(&p);
    p = small();
    p.drop_frames = profile_string(&p, STR("("));
    profile_remove_uninteresting(&p);
    assert_int_equal(depth_of(&p, 0), 3);
    profile_finish(&p);
}

static void every_failing_allocation_is_noticed(void **state)
{
    (void)state;
    struct pattern *focus = compile("work"), *hide = compile("inlined"), *from = compile("work");
    for (size_t successes = 0;; successes++) {
        struct profile original = small(), p;
        struct failing_mem failing = failing_mem(SIZE_MAX);
        assert_true(profile_copy(&original, &failing.mem, &p));
        profile_finish(&original);
        failing.left = successes;
        struct profile_matched matched;
        struct profile_filters filters = {
            .focus = focus, .hide = hide, .show_from = from, .tag_show = focus, .prune_from = from};
        bool ok = profile_filter(&p, &filters, &matched);
        profile_finish(&p);
        assert_true(successes < 100);
        if (ok)
            break;
    }
    pattern_destroy(focus);
    pattern_destroy(hide);
    pattern_destroy(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_filters_all_samples_stay),
        cmocka_unit_test(focus_and_ignore_choose_samples),
        cmocka_unit_test(hide_drops_lines_and_then_frames_without_any),
        cmocka_unit_test(show_keeps_what_matches),
        cmocka_unit_test(show_from_and_prune_from_cut_the_ends),
        cmocka_unit_test(labels_choose_samples),
        cmocka_unit_test(label_keys_are_shown_and_hidden),
        cmocka_unit_test(broken_label_filters_are_refused),
        cmocka_unit_test(drop_frames_spare_a_stack_without_any_other),
        cmocka_unit_test(every_failing_allocation_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
