/* What JIT compilers write about their code: which line names an address. */
#include "symbol/perf_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

enum { naddresses = 5 };

static const uint64_t addresses[naddresses] = {0x1000, 0x1008, 0x1010, 0x2000, 0xffffffffffffff00};

static void resolve(struct str text, struct str names[naddresses])
{
    assert_true(perf_map_resolve(text, addresses, naddresses, names, mem_libc()));
}

static void lines_name_what_they_hold(void **state)
{
    struct str names[naddresses];
    (void)state;
    resolve(STR("1000 10 LazyCompile:*main /src/a b.js:1:2\n0x1010 0x8 java.lang.String::hashCode\n"), names);
    assert_str(names[0], "LazyCompile:*main /src/a b.js:1:2");
    assert_str(names[1], "LazyCompile:*main /src/a b.js:1:2");
    assert_str(names[2], "java.lang.String::hashCode");
    assert_str(names[3], "");
}

static void of_lines_that_overlap_the_last_is_right(void **state)
{
    struct str names[naddresses];
    (void)state;
    resolve(STR("1000 2000 old\n1008 8 new\n1000 4 first"), names);
    assert_str(names[0], "first");
    assert_str(names[1], "new");
    assert_str(names[2], "old");
    assert_str(names[3], "old");
}

static void lines_that_are_none_are_passed_over(void **state)
{
    struct str names[naddresses];
    (void)state;
    resolve(STR("\n\n1000\n1000 10\n1000 10 \nx 10 a\n1000 x a\n1000 0 empty\n10000000000000000 5 long\n"), names);
    for (size_t i = 0; i < naddresses; i++)
        assert_str(names[i], "");
    resolve(STR("ffffffffffffff00 ffffffffffffffff all\n"), names);
    assert_str(names[4], "all");
    assert_str(names[0], "");
}

/* Each line holds every address: a program that looked at each again would not end. */
static void lines_that_all_hold_everything_cost_no_more(void **state)
{
    enum { many = 300000 };
    static const char line[] = "0 ffffffff all\n";
    uint64_t *all = malloc(many * sizeof *all);
    struct str *names = malloc(many * sizeof *names);
    char *text = malloc(many * (sizeof line - 1));
    (void)state;
    assert_true(all && names && text);
    for (size_t i = 0; i < many; i++) {
        all[i] = i;
        memcpy(text + i * (sizeof line - 1), line, sizeof line - 1);
    }
    assert_true(perf_map_resolve((struct str){text, many * (sizeof line - 1)}, all, many, names, mem_libc()));
    assert_str(names[many - 1], "all");
    free(text);
    free(names);
    free(all);
}

static void exhaustion_is_told(void **state)
{
    struct failing_mem failing = failing_mem(0);
    struct str names[naddresses];
    (void)state;
    assert_false(perf_map_resolve(STR("0 1 a\n"), addresses, naddresses, names, &failing.mem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_what_they_hold),
        cmocka_unit_test(of_lines_that_overlap_the_last_is_right),
        cmocka_unit_test(lines_that_are_none_are_passed_over),
        cmocka_unit_test(lines_that_all_hold_everything_cost_no_more),
        cmocka_unit_test(exhaustion_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
