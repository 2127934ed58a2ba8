/* Symbol tables of an ELF image. */
#ifndef SONDE_ELF_SYMBOLS_H
#define SONDE_ELF_SYMBOLS_H

#include "elf/image.h"

enum elf_symbol_type { elf_symbol_none = 0, elf_symbol_object = 1, elf_symbol_function = 2, elf_symbol_ifunc = 10 };

struct elf_symbol {
    struct str name;
    uint64_t address, size;
    uint8_t type;     /* an elf_symbol_type or another */
    uint8_t binding;  /* 0 local, 1 global, 2 weak */
    uint16_t section; /* 0: not defined here */
};

struct elf_symbols {
    struct str entries, names;
    uint32_t n;
    bool narrow; /* of a 32-bit image */
};

/* The full table (.symtab) of a file; false where it was stripped or the image is a loaded one. */
bool elf_symbols_full(const struct elf_image *image, struct elf_symbols *symbols);

/* The dynamic linker's table (.dynsym), by the section headers or else through the dynamic segment. False where there
 * is none. */
bool elf_symbols_dynamic(const struct elf_image *image, struct elf_symbols *symbols);

/* One symbol; false for a number that there is none of. A name outside of the string table is empty. */
bool elf_symbol_at(const struct elf_symbols *symbols, uint32_t number, struct elf_symbol *symbol);

/* Whether it names code of this image. */
static inline bool elf_symbol_is_code(const struct elf_symbol *symbol)
{
    return (symbol->type == elf_symbol_function || symbol->type == elf_symbol_ifunc) && symbol->section != 0 &&
           symbol->name.n > 0;
}

#endif
