/* What a program takes from its libraries: the slots that the dynamic linker fills (.got), and the stubs that jump
 * through them (.plt). Neither has a symbol of its own, and calls into libraries lead to one or the other. */
#ifndef SONDE_SYMBOL_IMPORTS_H
#define SONDE_SYMBOL_IMPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/vec.h"
#include "elf/image.h"

struct import {
    uint64_t address;
    struct str name; /* of the symbol that is imported */
};

struct imports {
    struct mem *mem;
    VEC(struct import) slots, stubs; /* by address */
};

/* Reads those of an image, whose bytes must outlive them. Of machines other than x86-64 there are no stubs. False on
 * exhaustion; nothing is owned then. */
bool imports_init(struct imports *imports, const struct elf_image *image, struct mem *mem);
void imports_finish(struct imports *imports);

/* The name of what the slot, or the stub, at an address stands for; p is NULL where there is none. */
struct str imports_slot(const struct imports *imports, uint64_t address);
struct str imports_stub(const struct imports *imports, uint64_t address);

#endif
