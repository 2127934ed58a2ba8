/* Go's own table of functions and lines, which stands in every Go program, also in one without symbols and debug
 * information ("go build -ldflags=-s -w"), for the runtime walks stacks with it.
 *
 *     header    magic, two zeros, the smallest instruction's size, the pointer's; counts and offsets of what follows
 *     names     of functions, each ended by NUL
 *     cutab     for each file that a package's code is from: where its name is      (Go 1.16 and later)
 *     files     the names
 *     pctab     for values that change along the code: pairs of steps (value, pc)
 *     functab   (entry, offset) for each function by entry, and the end of the last; then what offset leads to:
 *               entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, cu, ...
 *
 * Four layouts: of Go 1.2, 1.16, 1.18 (entries relative to the text's start) and 1.20 (a function's first line). Little
 * endian only. The bytes are not trusted. */
#ifndef SONDE_SYMBOL_PCLNTAB_H
#define SONDE_SYMBOL_PCLNTAB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/str.h"

enum pclntab_version { pclntab_go12, pclntab_go116, pclntab_go118, pclntab_go120 };

struct pclntab {
    enum pclntab_version version;
    uint8_t quantum, pointer_size;
    uint64_t text_start;        /* what entries are relative to, from Go 1.18 on */
    uint64_t header_text_start; /* the same as the table has it; 0 where it has none (before 1.18, from 1.26 on) */
    uint32_t nfunctions, nfiles;
    struct str names, cutab, files, pctab, functions; /* from their begin to the table's end */
    struct str strings;                               /* go12: what offsets of file names are relative to */
};

struct pclntab_function {
    uint64_t entry, end;   /* end: where the next begins */
    struct str name, data; /* data: what is known of it, from its first field on */
    int64_t start_line;    /* 0 where unknown: before Go 1.20 */
};

/* Where a program counter is. As Go's debug/gosym tells it: the function is the one that was compiled, file and line
 * are those of the innermost inlined call. */
struct pclntab_place {
    struct pclntab_function function;
    struct str file; /* "" where unknown */
    int64_t line;    /* -1 where unknown */
};

/* Reads the header. text_start: the address of runtime.text. The bytes must outlive the table. False with the fault set
 * where it is none. */
bool pclntab_init(struct pclntab *table, struct str bytes, uint64_t text_start, struct fault *fault);

/* A function by number; false where there is none or the table is broken there. */
bool pclntab_function(const struct pclntab *table, uint32_t number, struct pclntab_function *function);

/* The function that holds an address; false for none. */
bool pclntab_find(const struct pclntab *table, uint64_t address, struct pclntab_function *function);

/* File and line too. False where no function holds the address. */
bool pclntab_place(const struct pclntab *table, uint64_t address, struct pclntab_place *place);

/* A table of values along a function's code, read up to the value of [from, end). */
struct pclntab_run {
    struct cursor c;
    uint64_t entry, from, end;
    uint32_t value;
};

/* Places of one address after the other, which cost less where they ascend. Begin with {.table = table}. */
struct pclntab_walk {
    const struct pclntab *table;
    struct pclntab_function function; /* of the last address; an end of 0: none */
    struct pclntab_run files, lines;
};

/* As pclntab_place. */
bool pclntab_walk_to(struct pclntab_walk *walk, uint64_t address, struct pclntab_place *place);

/* The name at an offset of the names; "" where there is none. */
struct str pclntab_name(const struct pclntab *table, uint32_t offset);

/* The value at an address of one of the function's tables that follow the code (-1 where it has none): PCDATA number.
 */
int32_t pclntab_pcdata(const struct pclntab *table, const struct pclntab_function *function, uint32_t number,
                       uint64_t address);

/* FUNCDATA: an address (before Go 1.18), or an offset from the runtime's symbol go:func.*; false where the function has
 * none of that number. */
bool pclntab_funcdata(const struct pclntab *table, const struct pclntab_function *function, uint32_t number,
                      uint64_t *value);

#endif
