/* Which functions .eh_frame describes: by the table that the linker has put into .eh_frame_hdr, or by reading all. */
#ifndef SONDE_UNWIND_INDEX_H
#define SONDE_UNWIND_INDEX_H

#include "base/vec.h"
#include "elf/image.h"
#include "unwind/cfi.h"

/* A function's description: where it begins and its offset in .eh_frame. */
struct unwind_entry {
    uint64_t start, offset;
};

struct unwind_index {
    VEC(struct unwind_entry) entries;
};

/* The section for cfi_next. */
struct cfi_section unwind_section(const struct elf_unwind *unwind);

/* Lists the functions in ascending order of their starts; false on exhaustion. */
bool unwind_index_make(const struct elf_unwind *unwind, struct unwind_index *index, struct mem *mem);
void unwind_index_finish(struct unwind_index *index, struct mem *mem);

/* The offset in .eh_frame of the last function that begins at or before an address, by the linker's table; false where
 * there is none, or no table. Needs no memory. */
bool unwind_index_search(const struct elf_unwind *unwind, uint64_t address, uint64_t *offset);

#endif
