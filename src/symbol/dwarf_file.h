/* The debug information of an object, with what it refers to in other files: what several files share (dwz), and the
 * units that were split off when it was compiled, in .dwo files or in one .dwp. */
#ifndef SONDE_SYMBOL_DWARF_FILE_H
#define SONDE_SYMBOL_DWARF_FILE_H

#include "symbol/debug_server.h"
#include "symbol/dwarf.h"
#include "symbol/elf_file.h"

struct dwarf_file_split;

struct dwarf_file {
    struct mem *mem;
    struct elf_file *object; /* not owned */
    struct elf_file *shared_object;
    struct dwarf dwarf, shared;
    VEC(struct dwarf_file_split *) splits; /* opened: each .dwo, or the .dwp first */
    bool package_sought, has_package;
    bool lacks_parts; /* a file that is referred to was not found */
};

/* Whether an object has debug information of its own. */
bool dwarf_file_is_there(struct elf_file *object);

/* Reads the debug information of an object, whose code begins at `lowest`; `binary` is the path of the program, beside
 * which a .dwp is looked for; the server (or NULL) may be asked for what it shares with others. The object must outlive
 * it. False on exhaustion. */
bool dwarf_file_init(struct dwarf_file *file, struct elf_file *object, uint64_t lowest, struct debug_server *server);
void dwarf_file_finish(struct dwarf_file *file);

/* Finds the unit that was split off from a skeleton: in PATH.dwp for the path of the binary or the debug file, or in
 * the .dwo file that it names. NULL for none. To be called as debug_find_split with the file. */
struct dwarf_unit *dwarf_file_find_split(void *file, const struct dwarf_unit *skeleton);

#endif
