/* The kernel's list of its symbols, as /proc/kallsyms shows it: "ffffffff81000000 T _text", and behind a tab the name
 * of the module in brackets. */
#ifndef SONDE_SYMBOL_KALLSYMS_H
#define SONDE_SYMBOL_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

struct kernel_symbol {
    uint64_t start, end;
    struct str name, module; /* module with its brackets; "" for the kernel itself */
    uint8_t rank;
};

struct kallsyms {
    struct mem *mem;
    VEC(struct kernel_symbol) at; /* of code, by start; of several that begin at one address only the best */
    bool hidden;                  /* there were symbols, but all without addresses */
};

/* Reads a list, whose text must outlive it; lines that are none are passed over. False on exhaustion. */
bool kallsyms_init(struct kallsyms *symbols, struct str text, struct mem *mem);
void kallsyms_finish(struct kallsyms *symbols);

/* The symbol that holds an address; NULL for none. */
const struct kernel_symbol *kallsyms_find(const struct kallsyms *symbols, uint64_t address);

/* The address of a symbol of the kernel itself (any kind); 0 where there is none. */
uint64_t kallsyms_address(struct str text, struct str name);

#endif
