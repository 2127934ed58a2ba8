/* Go's table of lines in an executable, with what its header does not tell: where the program's text begins, and where
 * the trees of inlined calls are. The runtime's record of the module (moduledata) knows; it is found by its first word,
 * the table's address. */
#ifndef SONDE_SYMBOL_GO_TABLE_H
#define SONDE_SYMBOL_GO_TABLE_H

#include <stddef.h>

#include "elf/image.h"
#include "symbol/binary.h"
#include "symbol/pclntab.h"

struct go_table {
    const struct elf_image *image;
    struct pclntab lines;
    uint64_t funcdata; /* the address that offsets of FUNCDATA count from; 0 where it is not known */
};

/* Finds the table of an image, which must outlive it. False where there is none. */
bool go_table_find(const struct elf_image *image, struct go_table *table);

/* The functions that an address lies in, innermost inlined call first, at most `most` (of at least 1); 0 where the
 * table does not know. Strings live as long as the image's bytes. */
size_t go_table_frames(const struct go_table *table, uint64_t address, struct binary_frame *frames, size_t most);

#endif
