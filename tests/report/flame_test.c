#include "report/flame.h"

#include <stdio.h>
#include <stdlib.h>

#include "markup.h"
#include "report/flame_module.h"
#include "sample.h"

#include "testing.h"

/* The boxes of a tree, one a line: depth, name, and what it is worth. */
static void put_tree(struct flame *flame, struct buf *out)
{
    for (uint32_t i = 0; i < flame->tree.n; i++) {
        const struct flame_box *box = &flame->tree.at[i];
        struct str name = flame_name(flame, box);
        buf_printf(out, "%*s%.*s %lld\n", (int)box->depth, "", STR_ARG(name),
                   (long long)flame_worth(flame, &box->value));
    }
    buf_byte(out, 0);
}

/* A job such as report_write makes of options. */
static void with_tree(const struct profile *profile, struct flame_limits limits, bool mean, const char *expected)
{
    struct report_options options = sample_options(report_flame_svg);
    struct report_basis basis;
    struct buf out, error;
    struct flame flame;
    options.mean = mean;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(report_basis_init(&basis, profile, 1, mean, mem_libc()));
    struct job job = {.profile = profile,
                      .options = &options,
                      .basis = &basis,
                      .figures = {.from = STR("nanoseconds"), .to = STR("minimum"), .total = basis.total},
                      .rules = {.entry = {.function = true}, .sample_index = 1, .mean = mean},
                      .mem = mem_libc(),
                      .out = &out,
                      .error = &error};
    arena_init(&job.arena, mem_libc());
    assert_true(flame_init(&flame, &job, &limits));
    put_tree(&flame, &out);
    assert_string_equal(out.p, expected);
    flame_finish(&flame);
    arena_finish(&job.arena);
    report_basis_finish(&basis);
    buf_finish(&out);
    buf_finish(&error);
}

static void boxes_add_up_from_the_widest_on(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    with_tree(&profile, (struct flame_limits){.most = 100}, false,
              "all 100000000\n"
              " main 95000000\n"
              "  work 65000000\n"
              "   alloc 65000000\n"
              "    helper 65000000\n"
              "  alloc 20000000\n"
              "   helper 20000000\n"
              " [app] 5000000\n");
}

static void narrow_boxes_are_merged_with_what_they_call(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    with_tree(&profile, (struct flame_limits){.most = 100, .least_share = 0.3}, false,
              "all 100000000\n"
              " main 95000000\n"
              "  work 65000000\n"
              "   alloc 65000000\n"
              "    helper 65000000\n"
              "  1 narrow frame 20000000\n"
              " 1 narrow frame 5000000\n");
}

static void the_widest_boxes_are_kept_where_there_may_be_few(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    with_tree(&profile, (struct flame_limits){.most = 3}, false,
              "all 100000000\n"
              " main 95000000\n"
              "  work 65000000\n"
              "   1 narrow frame 65000000\n"
              "  1 narrow frame 20000000\n"
              " 1 narrow frame 5000000\n");
}

static void a_mean_is_that_of_a_box(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    with_tree(&profile, (struct flame_limits){.most = 3}, true,
              "all 9090909\n"
              " main 9500000\n"
              "  work 9285714\n"
              "   1 narrow frame 9285714\n"
              "  1 narrow frame 10000000\n"
              " 1 narrow frame 5000000\n");
}

static void losses_are_wide_and_negative(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    int64_t values[10];
    memcpy(values, sample_values, sizeof values);
    values[1] = -60000000; /* all of main, work, alloc but 5 ms of another sample */
    profile.values = values;
    with_tree(&profile, (struct flame_limits){.most = 3}, false,
              "all -20000000\n"
              " main -25000000\n"
              "  work -55000000\n"
              "   1 narrow frame -55000000\n"
              "  1 narrow frame 20000000\n"
              " 1 narrow frame 5000000\n");
    with_tree(&profile, (struct flame_limits){.most = 100, .drop_negative = true}, false,
              "all -20000000\n"
              " [app] 5000000\n");
}

static void a_profile_without_values_has_a_root(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    profile.nsamples = 0;
    with_tree(&profile, (struct flame_limits){.most = 3}, false, "all 0\n");
}

static void modules_are_packages_or_files(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"main.main", "main"},
        {"net/http.(*conn).serve", "net/http"},
        {"github.com/a/b.c/d.F[go.shape.int]", "github.com/a/b.c/d"},
        {"std::vector<int>::push_back(int)", "std"},
        {"<alloc::vec::Vec<T> as core::ops::Drop>::drop", "alloc"},
        {"memcpy", ""},
        {"operator new(unsigned long)", ""},
        {"", ""},
        {"a/.b", ""},
        {"::x", ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str got = flame_package(str_of(names[i][0]));
        if (!str_equal(got, str_of(names[i][1])))
            fail_msg("%s: %.*s", names[i][0], STR_ARG(got));
    }
    assert_int_equal(flame_hue(STR("")), flame_no_hue);
    assert_int_equal(flame_hue(STR("runtime")), flame_hue(STR("runtime")));
    assert_true(flame_hue(STR("main")) < 360);
}

static void assert_readable(const struct profile *profile, enum report_format format, const char *part)
{
    struct report_options options = sample_options(format);
    struct buf out, error;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(report_write(profile, &options, &out, &error));
    const char *wrong =
        format == report_flame_svg ? markup_check_xml(buf_text(&out)) : markup_check_page(buf_text(&out));
    if (wrong)
        fail_msg("%s", wrong);
    if (str_find(buf_text(&out), str_of(part), 0) == out.n)
        fail_msg("no %s", part);
    buf_finish(&out);
    buf_finish(&error);
}

static void names_cannot_break_out(void **state)
{
    (void)state;
    static struct str strings[ntexts];
    struct profile profile = sample_profile();
    memcpy(strings, sample_strings, sizeof strings);
    strings[text_main] = STR("</script><script>alert(1)</script>]]>\"'&amp;");
    strings[text_work] = STR("\x01\xff\xed\xa0\x80\xef\xbf\xbf\n<!--\x7f");
    strings[text_binary] = STR("/bin/</title><b>&");
    strings[text_cpu] = STR("<cpu>\"");
    profile.strings = strings;
    assert_readable(&profile, report_flame_svg, "&#60;/script&#62;&#60;script&#62;alert(1)");
    assert_readable(&profile, report_flame_html, "\\u003c/script>\\u003cscript>alert(1)");
    assert_readable(&profile, report_flame_html, "<title>&#60;cpu&#62;");
}

static void both_forms_are_readable(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    assert_readable(&profile, report_flame_svg, "<title>main\n95ms, 95.00%\napp</title>");
    assert_readable(&profile, report_flame_html, "[\"main\",\"\",0,");
    profile.nsamples = 0;
    assert_readable(&profile, report_flame_svg, "<title>all\n0, 0%</title>");
    assert_readable(&profile, report_flame_html, "\"up\":[0]");
}

static void exhaustion_is_an_error(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    enum report_format formats[] = {report_flame_svg, report_flame_html};
    for (size_t f = 0; f < 2; f++) {
        bool good = false;
        for (size_t successes = 0; !good; successes++) {
            struct failing_mem failing = failing_mem(successes);
            struct report_options options = sample_options(formats[f]);
            struct buf out, error;
            buf_init(&out, &failing.mem);
            buf_init(&error, mem_libc());
            good = report_write(&profile, &options, &out, &error);
            assert_true(good || (error.n > 0 && out.n == 0));
            buf_finish(&out);
            buf_finish(&error);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_add_up_from_the_widest_on),
        cmocka_unit_test(narrow_boxes_are_merged_with_what_they_call),
        cmocka_unit_test(the_widest_boxes_are_kept_where_there_may_be_few),
        cmocka_unit_test(a_mean_is_that_of_a_box),
        cmocka_unit_test(losses_are_wide_and_negative),
        cmocka_unit_test(a_profile_without_values_has_a_root),
        cmocka_unit_test(modules_are_packages_or_files),
        cmocka_unit_test(names_cannot_break_out),
        cmocka_unit_test(both_forms_are_readable),
        cmocka_unit_test(exhaustion_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
