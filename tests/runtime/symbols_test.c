#include "runtime/symbols.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/pages.h"
#include "testing.h"

static const char *plugin_path, *other_path;

static bool is_named(const void *address, size_t offset, const char *name)
{
    struct symbol symbol;
    uint64_t pc = (uint64_t)(uintptr_t)address;
    return symbols_find(pc + offset, &symbol) && str_equal(symbol.name, str_of(name)) && symbol.start == pc;
}

static __attribute__((noinline)) int a_static_function(int n)
{
    __asm__ volatile("nop");
    return n + 1;
}

static void functions_of_the_program_have_their_names(void **state)
{
    (void)state;
    assert_int_equal(a_static_function(1), 2);
    assert_true(is_named((void *)(uintptr_t)a_static_function, 0, "a_static_function"));
    assert_true(is_named((void *)(uintptr_t)a_static_function, 1, "a_static_function"));
    assert_true(is_named((void *)(uintptr_t)symbols_find, 5, "symbols_find"));
}

static void functions_of_libc_have_their_public_names(void **state)
{
    (void)state;
    assert_true(is_named(dlsym(RTLD_DEFAULT, "qsort"), 3, "qsort"));
    assert_true(is_named(dlsym(RTLD_DEFAULT, "strtol"), 1, "strtol"));
}

static void what_is_no_function_has_no_name(void **state)
{
    (void)state;
    struct symbol symbol = {.size = 42};
    assert_false(symbols_find(0, &symbol));
    assert_false(symbols_find(UINT64_MAX, &symbol));
    assert_false(symbols_find((uint64_t)(uintptr_t)&symbol, &symbol));
    assert_false(symbols_find((uint64_t)(uintptr_t)&plugin_path, &symbol));
    assert_int_equal(symbol.size, 42);
}

static void functions_of_the_vdso_have_names(void **state)
{
    (void)state;
    const struct module_list *list = modules_current();
    struct symbol symbol;
    uint32_t found = 0;
    for (uint32_t i = 0; i < list->n; i++)
        if (strcmp(list->modules[i]->path, "[vdso]") == 0)
            for (uint64_t pc = list->modules[i]->start; pc < list->modules[i]->limit; pc += 16)
                found += symbols_find(pc, &symbol) && symbol.name.n > 3;
    assert_true(found > 3);
}

static void copy_file(const char *from, const char *to)
{
    struct stat status;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    assert_true(in >= 0 && out >= 0 && fstat(in, &status) == 0);
    assert_int_equal(sendfile(out, in, NULL, (size_t)status.st_size), status.st_size);
    close(in);
    close(out);
}

static uint64_t inner_of(void *handle)
{
    /* The only function of the plugin that it doesn't export stands between those that it does, or beside them. */
    uint64_t call = (uint64_t)(uintptr_t)dlsym(handle, "plugin_call");
    struct symbol symbol;
    for (uint64_t pc = call - 256; pc < call + 256; pc++)
        if (symbols_find(pc, &symbol) && str_equal(symbol.name, STR("plugin_inner")))
            return symbol.start;
    return 0;
}

static void a_file_that_is_gone_or_another_leaves_the_exported_names(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonde-symbols-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/plugin%d.so", folder, i);
        copy_file(plugin_path, path);
        void *handle = dlopen(path, RTLD_NOW);
        assert_non_null(handle);
        modules_refresh();
        if (i > 0)
            unlink(path);
        if (i > 1)
            copy_file(other_path, path);
        assert_true(is_named(dlsym(handle, "plugin_call"), 2, "plugin_call"));
        assert_int_equal(inner_of(handle) != 0, i == 0);
        unlink(path); /* and it stays loaded: its place is not to be taken by the next */
    }
    rmdir(folder);
}

int main(int count, char **arguments)
{
    if (count != 3 || modules_start(pages_mem()) != 0)
        return 1;
    plugin_path = arguments[1];
    other_path = arguments[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_the_program_have_their_names),
        cmocka_unit_test(functions_of_libc_have_their_public_names),
        cmocka_unit_test(what_is_no_function_has_no_name),
        cmocka_unit_test(functions_of_the_vdso_have_names),
        cmocka_unit_test(a_file_that_is_gone_or_another_leaves_the_exported_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
