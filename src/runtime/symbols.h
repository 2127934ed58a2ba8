/* Names for addresses, from the modules' own symbol tables: .symtab of the file on disk, where it has one and is still
 * the file that was loaded, or else the dynamic linker's table. Read when first asked for; names are as the linker
 * has them, not demangled. For normal context only. */
#ifndef SONDE_RUNTIME_SYMBOLS_H
#define SONDE_RUNTIME_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "runtime/modules.h"

struct symbol {
    struct str name; /* lives as long as the process */
    uint64_t start;  /* the address of its first instruction */
    uint64_t size;   /* 0 where the table doesn't say */
};

/* The function that a pc lies in; false where there is none, or no memory to read the tables. Any thread may call
 * it. */
bool symbols_find(uint64_t pc, struct symbol *symbol);

/* In a child after fork: another thread may have held the lock. */
void symbols_fork_child(void);

#endif
