#include "runtime/modules.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <libgen.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/pages.h"
#include "runtime/signal/stack_bounds.h"
#include "runtime/signal/walk.h"
#include "testing.h"

static const char *plugin_path;

static const struct module *module_of(const void *address)
{
    return modules_find(modules_current(), (uint64_t)(uintptr_t)address);
}

static void the_program_libc_and_the_vdso_are_listed(void **state)
{
    (void)state;
    char path[4096] = "";
    const struct module_list *list = modules_current();
    assert_true(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    const struct module *program = module_of((void *)(uintptr_t)the_program_libc_and_the_vdso_are_listed);
    assert_ptr_equal(program, list->program);
    assert_string_equal(program->path, path);
    const struct module *libc = module_of((void *)(uintptr_t)gnu_get_libc_version);
    assert_non_null(strstr(libc->path, "/libc.so.6"));
    assert_int_equal(libc->path[0], '/');
    assert_true(strlen(libc->build_id) == 40);
    bool vdso = false;
    for (uint32_t i = 0; i < list->n; i++) {
        vdso |= strcmp(list->modules[i]->path, "[vdso]") == 0;
        assert_int_equal(list->modules[i]->start % 4096, 0);
        assert_true(i == 0 || list->modules[i - 1]->limit <= list->modules[i]->start);
    }
    assert_true(vdso);
    assert_null(module_of(&list));
    assert_null(modules_find(list, 0));
    assert_null(modules_find(list, UINT64_MAX));
}

static void a_refresh_changes_nothing_where_nothing_was_loaded(void **state)
{
    (void)state;
    const struct module_list *list = modules_current();
    uint32_t generation = modules_generation();
    assert_int_equal(modules_refresh(), 0);
    assert_int_equal(modules_start(pages_mem()), 0);
    assert_ptr_equal(modules_current(), list);
    assert_int_equal(modules_generation(), generation);
}

struct plugin {
    void *handle;
    int (*call)(int (*callback)(void *), void *context);
};

static struct plugin load(const char *path)
{
    struct plugin plugin = {.handle = dlopen(path, RTLD_NOW)};
    if (plugin.handle)
        plugin.call = (int (*)(int (*)(void *), void *))dlsym(plugin.handle, "plugin_call");
    return plugin;
}

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#endif

/* The sanitizers stand in front of dlclose in our stead. */
static void unload(struct plugin plugin)
{
#ifdef SANITIZED
    modules_refresh();
    dlclose(plugin.handle);
    modules_refresh();
#else
    dlclose(plugin.handle);
#endif
}

/* Whether a walk comes through the plugin to the program's start. */
static int walks_to_the_end(void *context)
{
    (void)context;
    uint64_t pcs[64];
    bool truncated;
    uint32_t n = walk_here(pcs, 64, &truncated);
    return !truncated && n > 5;
}

static void a_module_is_walked_before_the_list_has_it(void **state)
{
    (void)state;
    struct plugin plugin = load(plugin_path);
    assert_non_null(plugin.handle);
    const void *address = (void *)(uintptr_t)plugin.call;
    assert_null(module_of(address));
    assert_false(modules_stale());
    assert_true(plugin.call(walks_to_the_end, NULL));
    assert_true(modules_stale());
    assert_int_equal(modules_refresh(), 0);
    assert_false(modules_stale());
    assert_true(plugin.call(walks_to_the_end, NULL));
    assert_false(modules_stale());
    assert_true(module_of(address)->loaded);
    assert_non_null(strstr(module_of(address)->path, "plugin"));
    unload(plugin);
}

static void an_unloaded_module_keeps_its_record_and_gets_it_back(void **state)
{
    (void)state;
    struct plugin plugin = load(plugin_path);
    const void *address = (void *)(uintptr_t)plugin.call;
    unload(plugin); /* which records it */
    const struct module *module = module_of(address);
    assert_non_null(module);
    assert_false(module->loaded);
    const struct module_list *list = modules_current();
    for (int i = 0; i < 10; i++) {
        plugin = load(plugin_path);
        assert_ptr_equal((void *)(uintptr_t)plugin.call, address); /* nothing else took the place */
        assert_true(plugin.call(walks_to_the_end, NULL));
        modules_refresh();
        assert_true(module->loaded);
        assert_true(plugin.call(walks_to_the_end, NULL));
        unload(plugin);
        assert_false(module->loaded);
    }
    assert_ptr_equal(modules_current(), list);
}

static void a_relative_name_becomes_a_whole_path(void **state)
{
    (void)state;
    char folder[4096], relative[4096], name[] = "/libplugin_other.so";
    snprintf(folder, sizeof folder, "%s", plugin_path);
    assert_int_equal(chdir(dirname(folder)), 0);
    snprintf(relative, sizeof relative, ".%s", name);
    struct plugin plugin = load(relative);
    assert_non_null(plugin.handle);
    modules_refresh();
    assert_int_equal(module_of((void *)(uintptr_t)plugin.call)->path[0], '/');
    unload(plugin);
}

/* --- Many at once ------------------------------------------------------------------------------------------------- */

static atomic_bool done;
static atomic_uint walks;

static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    uint64_t pcs[64];
    bool truncated;
    walk_context(context, pcs, 64, &truncated);
    atomic_fetch_add(&walks, 1);
}

static void *load_and_unload(void *context)
{
    (void)context;
    while (!atomic_load(&done)) {
        struct plugin plugin = load(plugin_path);
        if (plugin.handle) {
            plugin.call(walks_to_the_end, NULL);
            unload(plugin);
        }
    }
    return NULL;
}

static void *refresh(void *context)
{
    (void)context;
    while (!atomic_load(&done))
        modules_refresh();
    return NULL;
}

static int refresh_inside(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)info;
    (void)size;
    (void)context;
    return modules_refresh();
}

static void loading_walking_and_refreshing_go_together(void **state)
{
    (void)state;
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    pthread_t threads[3];
    sigaction(SIGUSR1, &action, NULL);
    atomic_store(&done, false);
    assert_int_equal(pthread_create(&threads[0], NULL, load_and_unload, NULL), 0);
#ifdef SANITIZED /* the dynamic linker's own locks are not seen, and its races are not ours */
    assert_int_equal(pthread_create(&threads[1], NULL, refresh, NULL), 0);
#else
    assert_int_equal(pthread_create(&threads[1], NULL, load_and_unload, NULL), 0);
#endif
    assert_int_equal(pthread_create(&threads[2], NULL, refresh, NULL), 0);
    for (int i = 0; i < 300; i++) {
        pthread_kill(threads[i % 3], SIGUSR1);
        dl_iterate_phdr(refresh_inside, NULL);
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&walks) > 0);
}

int main(int count, char **arguments)
{
    if (count != 2)
        return 1;
    plugin_path = arguments[1];
    alarm(120); /* a deadlock ends */
    stack_bounds_set_self();

    /* Memory that runs out at any point leaves the list as it was, and the next attempt can succeed. */
    int result = ENOMEM;
    static struct failing_mem failing;
    failing = failing_mem(0);
    for (size_t i = 0; i < 10000 && result == ENOMEM; i++) {
        failing.left = i;
        if (modules_current()->n != 0)
            return 1;
        result = modules_start(&failing.mem);
    }
    if (result != 0)
        return 1;
    failing.left = SIZE_MAX;

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_libc_and_the_vdso_are_listed),
        cmocka_unit_test(a_refresh_changes_nothing_where_nothing_was_loaded),
        cmocka_unit_test(a_module_is_walked_before_the_list_has_it),
        cmocka_unit_test(an_unloaded_module_keeps_its_record_and_gets_it_back),
        cmocka_unit_test(a_relative_name_becomes_a_whole_path),
        cmocka_unit_test(loading_walking_and_refreshing_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
