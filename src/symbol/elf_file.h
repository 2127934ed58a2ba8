/* An ELF file, mapped, and its sections as they were before they were compressed. */
#ifndef SONDE_SYMBOL_ELF_FILE_H
#define SONDE_SYMBOL_ELF_FILE_H

#include "base/buf.h"
#include "base/vec.h"
#include "elf/image.h"

struct elf_file {
    struct mem *mem;
    struct elf_image image;
    char build_id[elf_build_id_hex_max];
    char *path;
    VEC(struct elf_file_section) sections; /* those that were asked for and are compressed */
    struct buf own;                        /* the bytes of the file where it is not one of its own */
};

struct elf_file_section {
    uint64_t offset; /* in the file */
    struct str bytes;
};

/* Maps a file; NULL with what is wrong in error. */
struct elf_file *elf_file_create(const char *path, struct mem *mem, struct buf *error);

/* The same from bytes, which are taken over and given back also on failure. NULL where they are no ELF file. */
struct elf_file *elf_file_of_bytes(struct buf *bytes, struct mem *mem);

void elf_file_destroy(struct elf_file *file);

/* The bytes of a section by its name, unpacked where it is compressed; that of ".zdebug_x" for ".debug_x", where older
 * compilers compress it. Empty where there is none, or it is broken. As long as the file. */
struct str elf_file_section(struct elf_file *file, struct str name);

/* The lowest address of code; 0 where it is not known. */
uint64_t elf_file_lowest_code(const struct elf_file *file);

#endif
