#include "runtime/process_code.h"

#include "runtime/modules.h"
#include "runtime/symbols.h"

static bool find(const struct code *code, uint64_t address, struct code_symbol *symbol)
{
    struct symbol found;
    (void)code;
    if (!symbols_find(address, &found))
        return false;
    *symbol = (struct code_symbol){found.name, found.start};
    return true;
}

/* The path as profiles have it: a file that was replaced since is still called by its name. */
static struct str path_of(const struct module *module)
{
    struct str path = str_of(module->path), deleted = STR(" (deleted)");
    return str_ends_with(path, deleted) ? str_first(path, path.n - deleted.n) : path;
}

bool process_code_read(struct process_code *process, struct mem *mem)
{
    modules_refresh(); /* where it fails the list is as it was */
    const struct module_list *list = modules_current();
    mappings_init(&process->mappings, mem);
    process->code = (struct code){&process->mappings, find};
    for (uint32_t i = 0; i < list->n; i++) {
        const struct module *module = list->modules[i];
        struct mapping mapping = {module->start, module->limit, module->offset, path_of(module),
                                  str_of(module->build_id)};
        if (!mappings_add(&process->mappings, &mapping))
            return false;
        if (module == list->program)
            process->mappings.program = i;
    }
    return true;
}

void process_code_finish(struct process_code *process)
{
    mappings_finish(&process->mappings);
}
