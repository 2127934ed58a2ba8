/* Compressed parts of ELF files: sections (zlib, zstd) and symbol tables that distributions add to stripped programs
 * (xz). Rare, so zstd's and xz's libraries are loaded when such a part is met. */
#ifndef SONDE_SYMBOL_PACKED_H
#define SONDE_SYMBOL_PACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* What the header of a compressed section says (ELFCOMPRESS_*). */
enum packing { packing_zlib = 1, packing_zstd = 2 };

/* Unpacks into exactly `size` bytes. False where the bytes are broken or of another size, or the library is missing. */
bool packed_unpack(enum packing packing, struct str bytes, void *out, size_t size);

/* Whether the library for a kind of packing is here. */
bool packed_is_known(enum packing packing);

/* Appends what an xz stream holds, up to a limit. False where it is broken, or the library is missing. */
bool packed_unpack_xz(struct str bytes, uint64_t limit, struct buf *out);

#endif
