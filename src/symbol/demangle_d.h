/* Names of D functions. libiberty's own demangler of them does not know what newer compilers write (parameters that are
 * returned and scope), and lets a symbol of a few hundred bytes, whose types refer back to each other, become any
 * length: a profile from somewhere could hang the tool. */
#ifndef SONDE_SYMBOL_DEMANGLE_D_H
#define SONDE_SYMBOL_DEMANGLE_D_H

#include "symbol/demangle.h"

/* Whether a symbol is one of D's. */
bool demangle_d_is(struct str symbol);

/* Appends what a symbol of D stands for, in the words of binutils (c++filt -s dlang) where the mode is demangle_full:
 * demangle_templates leaves parameters out, demangle_default template arguments, too. False, with nothing appended,
 * where it is not understood or too long. The grammar is that of the D language's ABI, "Name Mangling". */
bool demangle_d(struct str symbol, enum demangle_mode mode, struct buf *out);

#endif
