/* An executable as go tool pprof sees it for listings: its symbols, its code, and the lines of Go's own table. (Names
 * and lines out of debug information are symbol/binary.h's.) The file is mapped; nothing in it is trusted. */
#ifndef SONDE_SYMBOL_OBJECT_H
#define SONDE_SYMBOL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "symbol/debug_server.h"
#include "symbol/pclntab.h"

struct object;

struct object_symbol {
    struct str name;
    uint64_t start, size; /* of bytes; not 0 */
};

/* Maps a file; where its symbols were stripped and nothing here has them, a server (NULL for none) is asked for them.
 * NULL with one line in error, in Go's words, where it cannot be opened or is not read here. */
struct object *object_create(const char *path, struct debug_server *server, struct mem *mem, struct buf *error);
void object_destroy(struct object *object);

/* The same from the bytes of a file, which are taken over and given back also on failure. */
struct object *object_of_bytes(struct buf *bytes, struct mem *mem);

/* The build id in lower-case hexadecimal, "" where the file has none. */
struct str object_build_id(const struct object *object);

/* Its headers. */
const struct elf_image *object_image(const struct object *object);

/* An elf_machine. */
uint16_t object_machine(const struct object *object);

/* Where in the file's addresses an address of a process lies, given the mapping [start, ...) that holds the file from
 * byte `offset` on, less that address: the process's addresses are the file's and this. */
uint64_t object_bias(const struct object *object, uint64_t start, uint64_t offset);

/* Its symbols by address, equal ones in the table's order: those of .symtab; where that was stripped, the functions of
 * Go's table; where there is none either, the .symtab of the file with its debug information, or what the dynamic
 * linker knows. */
const struct object_symbol *object_symbols(const struct object *object, size_t *n);

/* Whether they are those of .symtab. */
bool object_has_symtab(const struct object *object);

/* The symbol that holds an address; NULL for none. */
const struct object_symbol *object_symbol_at(const struct object *object, uint64_t address);

/* Go's table; NULL where the file has none. */
const struct pclntab *object_pclntab(const struct object *object);

/* Cuts the range [*start, *end), where it reaches over an end of the section .text. */
void object_clip(const struct object *object, uint64_t *start, uint64_t *end);

/* The bytes of code in [start, end), cut where the section .text ends (or, for code of another section, its segment);
 * empty where there are none. */
struct str object_code(const struct object *object, uint64_t start, uint64_t end);

#endif
