/* What the writers ask about the program's code: the seam between formats and the loaded modules, so that the formats
 * can be tested on code that is made up. */
#ifndef SONDE_RUNTIME_CODE_H
#define SONDE_RUNTIME_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "runtime/mappings.h"

struct code_symbol {
    struct str name; /* lives as long as the struct code */
    uint64_t start;  /* the function's first address */
};

struct code {
    const struct mappings *mappings;

    /* The function that holds an address; false where none is known. */
    bool (*find)(const struct code *code, uint64_t address, struct code_symbol *symbol);
};

#endif
