/* The modules (the program, shared libraries, the vdso) that are or were loaded, with their unwind tables. The list is
 * made in normal context and published as a whole through one atomic pointer, so that signal handlers read it without
 * a lock; a list that was published is never changed or freed.
 *
 * dlopen is not interposed: the C library looks at its caller to find libraries, and that would be us. A module that
 * is not in the list yet is unwound from its own data (slower, just as right) and marks the list as stale; whoever
 * runs in normal context now and then calls modules_refresh. dlclose is interposed, so that what was loaded for
 * a short while still gets its record. */
#ifndef SONDE_RUNTIME_MODULES_H
#define SONDE_RUNTIME_MODULES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "elf/image.h"
#include "unwind/table.h"

struct module {
    uint64_t start, limit; /* addresses of its executable part, whole pages */
    uint64_t offset;       /* where that part begins in the file */
    uint64_t bias;         /* address in this process = the image's own address + bias */
    const char *path;      /* as /proc/self/maps has it: "/usr/bin/app", "[vdso]"; never NULL, lives for ever */
    char build_id[elf_build_id_hex_max]; /* hexadecimal, or "" */
    /* By the image's own addresses; NULL until it was compiled: then the module's own data is read. */
    _Atomic(const struct unwind_table *) unwind;
    atomic_bool loaded; /* false after it was unloaded; the record stays */
};

struct module_list {
    const struct module_list *previous; /* the list before this; somebody may still be reading it */
    uint32_t n;                         /* modules, in ascending order of their addresses, without overlap */
    uint64_t *starts;                   /* their starts, for the search */
    struct module **modules;            /* their records */
    const struct module *program;       /* the program itself */
};

/* Makes the first list, with memory from `mem` from now on (which must be safe to use from any thread). Compiles no
 * unwind tables yet, for most programs end before they would pay. 0 or an errno value; harmless to repeat. */
int modules_start(struct mem *mem);

/* Brings the list up to date with what is loaded, and compiles the unwind tables that are missing; cheap where nothing
 * was loaded or unloaded since. For normal context only: it takes the dynamic linker's lock. Never waits for a lock
 * while holding another that the dynamic linker or an allocator takes. 0, ENOMEM (then the old list stays), or EINVAL
 * before modules_start. */
int modules_refresh(void);

/* The same without the tables. */
int modules_note(void);

/* The current list; never NULL. Async-signal-safe. */
const struct module_list *modules_current(void);

/* A number that changes whenever an address may have got another meaning, for caches: to be read before the list that
 * is used with it. Async-signal-safe. */
uint32_t modules_generation(void);

/* The module that an address lies in, or NULL; it may have been unloaded. Async-signal-safe. */
const struct module *modules_find(const struct module_list *list, uint64_t pc);

/* Whether a walk has met a module that the list doesn't have. Async-signal-safe. */
bool modules_stale(void);
void modules_set_stale(void);

/* In a child after fork: another thread may have held the lock. */
void modules_fork_child(void);

#endif
