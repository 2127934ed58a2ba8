/* The line table of a unit: a program for a small machine, each of whose steps makes a row (address, file, line,
 * column). The rows that hold the addresses asked for are picked out as the program runs; none are kept. */
#ifndef SONDE_SYMBOL_DWARF_LINES_H
#define SONDE_SYMBOL_DWARF_LINES_H

#include "base/arena.h"
#include "symbol/dwarf.h"

/* An address, and the row that holds it. */
struct dwarf_place {
    uint64_t address;
    uint64_t row; /* the row's own address */
    uint32_t file, line, column;
    bool found;
};

/* Finds the rows of n addresses (ascending). Of rows that overlap the one that begins nearest is taken, as in code that
 * a linker has put in place of other. */
void dwarf_lines_find(const struct dwarf_unit *unit, struct dwarf_place *places, size_t n);

/* The files that a unit has numbered. */
struct dwarf_files {
    const struct dwarf_unit *unit;
    struct arena *arena;
    uint32_t n, ndirectories;
    struct dwarf_source *at; /* the arena's, as is all below */
    struct str *directories;
};

struct dwarf_source {
    struct str name;
    uint32_t directory;
    struct str path; /* once it was asked for */
};

/* Reads the list of a unit's files; an empty one where it is broken. False on exhaustion. */
bool dwarf_files_read(struct dwarf_files *files, const struct dwarf_unit *unit, struct arena *arena);

/* The path of a file, absolute where the unit tells enough; "" for a number that there is no file of, and on
 * exhaustion. */
struct str dwarf_file_path(struct dwarf_files *files, uint64_t number);

#endif
