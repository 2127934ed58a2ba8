#include "report/path.h"

#include "testing.h"

static void assert_clean(const char *path, const char *clean)
{
    struct arena arena;
    arena_init(&arena, mem_libc());
    struct str got = path_clean(str_of(path), &arena);
    if (!str_equal(got, str_of(clean)))
        fail_msg("\"%s\" became \"%.*s\", not \"%s\"", path, STR_ARG(got), clean);
    arena_finish(&arena);
}

static void a_clean_path_has_no_empty_or_dotted_elements(void **state)
{
    (void)state;
    assert_clean("", ".");
    assert_clean("/", "/");
    assert_clean("//", "/");
    assert_clean("a/b", "a/b");
    assert_clean("a//b/", "a/b");
    assert_clean("./a/./b", "a/b");
    assert_clean("/..", "/");
    assert_clean("/../a", "/a");
    assert_clean("a/..", ".");
    assert_clean("a/../..", "..");
    assert_clean("../a/../b", "../b");
    assert_clean("../../a", "../../a");
    assert_clean("/a/b/../c", "/a/c");
    assert_clean("...", "...");
}

static void the_base_is_the_last_element(void **state)
{
    (void)state;
    assert_str(path_base(STR("")), ".");
    assert_str(path_base(STR("///")), "/");
    assert_str(path_base(STR("/a/b/")), "b");
    assert_str(path_base(STR("b")), "b");
}

static void the_directory_is_what_stands_before_it(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, mem_libc());
    assert_str(path_directory(STR("/a/b"), &arena), "/a");
    assert_str(path_directory(STR("/a"), &arena), "/");
    assert_str(path_directory(STR("/"), &arena), "/");
    assert_str(path_directory(STR("a"), &arena), ".");
    assert_str(path_directory(STR(""), &arena), ".");
    arena_finish(&arena);
}

static void a_list_has_an_element_more_than_colons_unless_it_is_empty(void **state)
{
    (void)state;
    struct str element;
    struct path_list none = path_list(STR("")), two = path_list(STR("a:"));
    assert_false(path_next(&none, &element));
    assert_true(path_next(&two, &element));
    assert_str(element, "a");
    assert_true(path_next(&two, &element));
    assert_str(element, "");
    assert_false(path_next(&two, &element));
}

static void a_listed_prefix_is_trimmed_at_an_element_only(void **state)
{
    (void)state;
    assert_str(path_trim(STR("/usr/lib/a.c"), STR("/opt:/usr"), STR("")), "lib/a.c");
    assert_str(path_trim(STR("/usr/lib/a.c"), STR("/usr/"), STR("")), "lib/a.c");
    assert_str(path_trim(STR("/usrlib/a.c"), STR("/usr"), STR("")), "/usrlib/a.c");
    assert_str(path_trim(STR("/proc/self/cwd/./a.c"), STR(""), STR("")), "a.c");
    assert_str(path_trim(STR("/proc/self/cwd/a.c"), STR("/usr"), STR("")), "a.c");
}

static void without_a_list_the_search_path_s_base_name_is_the_border(void **state)
{
    (void)state;
    assert_str(path_trim(STR("/remote/project/a.c"), STR(""), STR("/x:/mine/project")), "a.c");
    assert_str(path_trim(STR("/remote/project/a.c"), STR("/usr"), STR("/mine/project")), "/remote/project/a.c");
    assert_str(path_trim(STR("/remote/projects/a.c"), STR(""), STR("/mine/project")), "/remote/projects/a.c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_path_has_no_empty_or_dotted_elements),
        cmocka_unit_test(the_base_is_the_last_element),
        cmocka_unit_test(the_directory_is_what_stands_before_it),
        cmocka_unit_test(a_list_has_an_element_more_than_colons_unless_it_is_empty),
        cmocka_unit_test(a_listed_prefix_is_trimmed_at_an_element_only),
        cmocka_unit_test(without_a_list_the_search_path_s_base_name_is_the_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
