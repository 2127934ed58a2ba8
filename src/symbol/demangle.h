/* Names of C++, Rust and D functions as people write them. What each mode leaves out is what go tool pprof leaves out
 * (which knows no D). */
#ifndef SONDE_SYMBOL_DEMANGLE_H
#define SONDE_SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum demangle_mode {
    demangle_default,   /* std::vector::push_back */
    demangle_templates, /* std::vector<int, std::allocator<int> >::push_back */
    demangle_full,      /* std::vector<int, std::allocator<int> >::push_back(int const&) */
    demangle_none,
};

/* Appends the name that a linker's symbol stands for. False, with nothing appended, where it stands for itself (it is
 * not mangled, or in a way that is not known), or the mode is demangle_none. Memory beside the buffer's is the C
 * library's and bounded by the length of the symbol. */
bool demangle(struct str symbol, enum demangle_mode mode, struct buf *out);

/* Appends a name as compilers write it into debug information (operator()<int>), without template arguments where the
 * mode leaves them out. */
void demangle_bare(struct str name, enum demangle_mode mode, struct buf *out);

/* Appends what is left of a name that was demangled by somebody else, without what the mode leaves out: parameters,
 * template arguments. Names that do not look like C++ are appended as they are. */
void demangle_simplify(struct str name, enum demangle_mode mode, struct buf *out);

#endif
