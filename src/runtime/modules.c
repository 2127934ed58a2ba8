#include "runtime/modules.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>

#include "base/vec.h"
#include "runtime/lock.h"
#include "runtime/maps.h"

static struct module_list nothing;
static _Atomic(const struct module_list *) current = &nothing;
static _Atomic uint32_t generation;
static atomic_bool stale;

/* Guards what follows. It is taken only inside of dl_iterate_phdr's callback, that is, under the dynamic linker's own
 * lock, and while it is held nothing is done that takes that lock again: so the order is always the same, whatever
 * lock the program holds when it calls us. */
static struct lock lock;
static struct mem *memory;
static unsigned long long seen_adds, seen_subs;
static bool lacks_tables; /* some module has none */

/* One refresh: the modules that are loaded now. */
struct scan {
    bool compile; /* the tables that are missing */
    bool locked, unchanged, failed, lacks_tables;
    unsigned long long adds, subs;
    VEC(struct module *) found; /* the program first */
    size_t nfresh;
};

const struct module_list *modules_current(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

const struct module *modules_find(const struct module_list *list, uint64_t pc)
{
    const uint64_t *start = list->starts;
    uint32_t n = list->n;
    if (n == 0 || pc < start[0])
        return NULL;
    while (n > 1) {
        uint32_t half = n / 2;
        start += start[half] <= pc ? half : 0;
        n -= half;
    }
    const struct module *module = list->modules[start - list->starts];
    return pc < module->limit ? module : NULL;
}

uint32_t modules_generation(void)
{
    return atomic_load_explicit(&generation, memory_order_acquire);
}

bool modules_stale(void)
{
    return atomic_load_explicit(&stale, memory_order_relaxed);
}

void modules_set_stale(void)
{
    atomic_store_explicit(&stale, true, memory_order_relaxed);
}

static void drop(struct module *module)
{
    unwind_table_destroy((struct unwind_table *)atomic_load(&module->unwind), memory);
    mem_put(memory, (char *)module->path, strlen(module->path) + 1);
    mem_put(memory, module, sizeof *module);
}

/* What the list has at an address, if it is the same module. */
static struct module *known(const struct module *fresh)
{
    const struct module_list *list = modules_current();
    const struct module *module = modules_find(list, fresh->start);
    if (!module || module->start != fresh->start || module->limit != fresh->limit || module->bias != fresh->bias ||
        strcmp(module->build_id, fresh->build_id) != 0)
        return NULL;
    /* Without a build id, a module that was unloaded can't be told from another in its place. */
    if (module->build_id[0] == 0 && !atomic_load_explicit(&module->loaded, memory_order_relaxed))
        return NULL;
    return (struct module *)module;
}

static bool describe(const struct dl_phdr_info *info, struct elf_image *image, struct module *module)
{
    const uint64_t page = 4096;
    uint64_t start, limit, offset;
    if (!elf_image_of_loaded(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, image) ||
        !elf_image_text(image, &start, &limit, &offset))
        return false;
    *module = (struct module){.start = (start + info->dlpi_addr) & ~(page - 1),
                              .limit = (limit + info->dlpi_addr + page - 1) & ~(page - 1),
                              .offset = offset & ~(page - 1),
                              .bias = info->dlpi_addr};
    elf_image_build_id(image, module->build_id);
    atomic_init(&module->loaded, true);
    return true;
}

static char *copy_path(const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = mem_get(memory, size);
    if (copy)
        memcpy(copy, path, size);
    return copy;
}

static struct module *add_module(const struct module *described, const char *name)
{
    struct module *module = mem_get(memory, sizeof *module);
    char *path = copy_path(name);
    if (!module || !path) {
        mem_put(memory, module, sizeof *module);
        if (path)
            mem_put(memory, path, strlen(path) + 1);
        return NULL;
    }
    *module = *described;
    module->path = path;
    return module;
}

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct scan *scan = context;
    if (!scan->locked) {
        lock_take(&lock, lock_rank_modules);
        scan->locked = true;
        scan->adds = info->dlpi_adds;
        scan->subs = info->dlpi_subs;
        scan->unchanged = !memory || (modules_current() != &nothing && scan->adds == seen_adds &&
                                      scan->subs == seen_subs && !(scan->compile && lacks_tables));
        if (scan->unchanged)
            return 1;
    }
    struct elf_image image;
    struct module described;
    if (!describe(info, &image, &described))
        return 0;
    struct module *module = known(&described);
    bool is_fresh = !module;
    if (is_fresh)
        module = add_module(&described, info->dlpi_name);
    if (!module || !vec_push(&scan->found, memory, module)) {
        if (module && is_fresh)
            drop(module);
        scan->failed = true;
        return 1;
    }
    scan->nfresh += is_fresh;
    if (scan->compile && !atomic_load_explicit(&module->unwind, memory_order_relaxed))
        atomic_store_explicit(&module->unwind, unwind_table_create(&image, memory), memory_order_release);
    scan->lacks_tables |= !atomic_load_explicit(&module->unwind, memory_order_relaxed);
    return 0;
}

static bool is_in(const struct module_list *list, const struct module *module)
{
    return modules_find(list, module->start) == module;
}

/* Names from the kernel: whole paths, where the dynamic linker may have "./libx.so" or the program's "". */
static void name_fresh(struct scan *scan)
{
    struct maps maps;
    if (scan->nfresh == 0 || !maps_open(&maps))
        return;
    struct maps_line line;
    while (maps_next(&maps, &line))
        for (size_t i = 0; i < scan->found.n; i++) {
            struct module *module = scan->found.at[i];
            if (line.start > module->start || line.limit <= module->start || is_in(modules_current(), module) ||
                (line.path[0] != '/' && line.path[0] != '['))
                continue;
            char *path = copy_path(line.path);
            if (path) {
                mem_put(memory, (char *)module->path, strlen(module->path) + 1);
                module->path = path;
            }
        }
    maps_close(&maps);
}

static bool overlaps_loaded(const struct scan *scan, const struct module *module)
{
    for (size_t i = 0; i < scan->found.n; i++)
        if (module != scan->found.at[i] && module->start < scan->found.at[i]->limit &&
            scan->found.at[i]->start < module->limit)
            return true;
    return false;
}

static bool was_found(const struct scan *scan, const struct module *module)
{
    for (size_t i = 0; i < scan->found.n; i++)
        if (module == scan->found.at[i])
            return true;
    return false;
}

static void insert(struct module_list *list, struct module *module)
{
    uint32_t at = list->n++;
    for (; at > 0 && list->starts[at - 1] > module->start; at--) {
        list->starts[at] = list->starts[at - 1];
        list->modules[at] = list->modules[at - 1];
    }
    list->starts[at] = module->start;
    list->modules[at] = module;
}

/* A list of what is loaded and of those unloaded modules whose addresses were not taken by another. */
static struct module_list *make_list(const struct scan *scan)
{
    const struct module_list *old = modules_current();
    size_t room = scan->found.n + old->n;
    struct module_list *list = mem_get(memory, sizeof *list);
    uint64_t *starts = mem_get_array(memory, room, sizeof *starts);
    struct module **modules = mem_get_array(memory, room, sizeof *modules);
    if (!list || !starts || !modules) {
        mem_put(memory, list, sizeof *list);
        mem_put(memory, starts, room * sizeof *starts);
        mem_put(memory, modules, room * sizeof *modules);
        return NULL;
    }
    *list = (struct module_list){
        .previous = old == &nothing ? NULL : old, .starts = starts, .modules = modules, .program = scan->found.at[0]};
    for (size_t i = 0; i < scan->found.n; i++)
        insert(list, scan->found.at[i]);
    for (uint32_t i = 0; i < old->n; i++)
        if (!was_found(scan, old->modules[i]) && !overlaps_loaded(scan, old->modules[i]))
            insert(list, old->modules[i]);
    return list;
}

static void drop_fresh(struct scan *scan)
{
    for (size_t i = 0; i < scan->found.n; i++)
        if (!is_in(modules_current(), scan->found.at[i]))
            drop(scan->found.at[i]);
}

/* Makes the result of a scan the current list. */
static int publish(struct scan *scan)
{
    const struct module_list *old = modules_current();
    const struct module_list *list = old;
    if (!scan->failed && scan->found.n > 0 && scan->nfresh > 0) {
        name_fresh(scan);
        list = make_list(scan);
    }
    if (scan->failed || scan->found.n == 0 || !list) {
        drop_fresh(scan);
        return ENOMEM;
    }
    for (uint32_t i = 0; i < old->n; i++)
        atomic_store(&old->modules[i]->loaded, was_found(scan, old->modules[i]));
    for (size_t i = 0; i < scan->found.n; i++)
        atomic_store(&scan->found.at[i]->loaded, true);
    atomic_store_explicit(&current, list, memory_order_release);
    if (list != old || scan->adds != seen_adds || scan->subs != seen_subs) /* not for tables alone */
        atomic_fetch_add_explicit(&generation, 1, memory_order_release);
    seen_adds = scan->adds;
    seen_subs = scan->subs;
    lacks_tables = scan->lacks_tables;
    return 0;
}

static int refresh(bool compile)
{
    struct scan scan = {.compile = compile};
    int cancel, result = 0, saved = errno;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    atomic_store_explicit(&stale, false, memory_order_relaxed);
    dl_iterate_phdr(visit, &scan);
    if (scan.locked) {
        if (!scan.unchanged)
            result = publish(&scan);
        else if (!memory)
            result = EINVAL;
        if (memory)
            vec_finish(&scan.found, memory);
        lock_give(&lock, lock_rank_modules);
    }
    pthread_setcancelstate(cancel, NULL);
    errno = saved;
    return result;
}

int modules_refresh(void)
{
    return refresh(true);
}

int modules_note(void)
{
    return refresh(false);
}

int modules_start(struct mem *mem)
{
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 35)
    const bool compile = false;
#else
    const bool compile = true; /* without _dl_find_object there is no way but by the tables */
#endif
    lock_take(&lock, lock_rank_modules);
    if (!memory)
        memory = mem;
    lock_give(&lock, lock_rank_modules);
    return refresh(compile);
}

void modules_fork_child(void)
{
    lock = (struct lock){0};
}
