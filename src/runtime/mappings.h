/* The executable parts of the address space, as profiles list them: which bytes of which file stand where. */
#ifndef SONDE_RUNTIME_MAPPINGS_H
#define SONDE_RUNTIME_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"

struct mapping {
    uint64_t start, limit, offset; /* [start, limit) holds the file from byte offset on */
    struct str file;
    struct str build_id; /* in hexadecimal; empty where there is none */
};

struct mappings {
    struct mem *mem;
    VEC(struct mapping) list; /* by address, without overlap */
    size_t program;           /* index of the program's own, which profiles list first */
};

void mappings_init(struct mappings *mappings, struct mem *mem);
void mappings_finish(struct mappings *mappings);

/* Appends one that lies above all others; its strings are not copied. False on exhaustion. */
bool mappings_add(struct mappings *mappings, const struct mapping *mapping);

/* The mapping that holds an address; NULL where there is none. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

#endif
