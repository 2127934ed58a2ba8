#include "report/shorten.h"

#include "testing.h"

static void assert_short(const char *name, const char *shorter)
{
    struct arena arena;
    arena_init(&arena, mem_libc());
    struct str got = shorten_function(str_of(name), &arena);
    if (!str_equal(got, str_of(shorter)))
        fail_msg("\"%s\" became \"%.*s\", not \"%s\"", name, STR_ARG(got), shorter);
    arena_finish(&arena);
}

static void go_names_lose_path_and_version(void **state)
{
    (void)state;
    assert_short("root", "root");
    assert_short("main.main", "main.main");
    assert_short("net/http.(*conn).serve", "http.(*conn).serve");
    assert_short("github.com/a-b/c.d/pkg.Func", "pkg.Func");
    assert_short("github.com/x/y/v2.Func", "y.Func");
    assert_short("github.com/x/y/v10/z.Func", "z.Func");
    assert_short("github.com/x/y/v1.Func", "v1.Func");
    assert_short("github.com/x/y/v0.Func", "v0.Func");
    assert_short("github.com/foo/bar", "github.com/foo/bar");
    assert_short("a/b/c.d/e", "c.d/e");
    assert_short("a/b/.hidden", "b/.hidden");
}

static void java_names_lose_package_and_arguments(void **state)
{
    (void)state;
    assert_short("java.util.concurrent.ThreadPoolExecutor.runWorker(Ljava/lang/Object;)V",
                 "ThreadPoolExecutor.runWorker");
    assert_short("com.example.Outer$Inner.<init>", "Outer$Inner.<init>");
    assert_short("com.example.Outer$Inner.<init>(I)", "Outer$Inner.<init>");
    assert_short("com.foo.Bar.run$1", "Bar.run$1");
    assert_short("com.foo.Bar.Baz", "com.foo.Bar.Baz");
    assert_short("com.foo.Bar.run x", "com.foo.Bar.run x");
}

static void cpp_names_lose_namespaces_before_the_class(void **state)
{
    (void)state;
    assert_short("ns::Class::Method", "Class::Method");
    assert_short("a::b::Class::~Class", "Class::~Class");
    assert_short("a::_Class::method<int, b::c>(int)", "_Class::method<int, b::c>");
    assert_short("(anonymous namespace)::a::Class::Run", "Class::Run");
    assert_short("a::A::B::c", "B::c");
    assert_short("a::A::B::c::d", "B::c");
    assert_short("a::b::c", "a::b::c");
    assert_short("Class::Method", "Class::Method");
    assert_short("a::Class::operator<", "Class::operator");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_names_lose_path_and_version),
        cmocka_unit_test(java_names_lose_package_and_arguments),
        cmocka_unit_test(cpp_names_lose_namespaces_before_the_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
