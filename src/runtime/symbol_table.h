/* Names for addresses that someone asks for: /debug/pprof/symbol. */
#ifndef SONDE_RUNTIME_SYMBOL_TABLE_H
#define SONDE_RUNTIME_SYMBOL_TABLE_H

#include "base/buf.h"

/* Appends, as net/http/pprof does, "num_symbols: 1" and a line "0x401136 main" for each address of the question
 * ("0x401136+0x401200") that has a name. */
void symbol_table_write(struct buf *out, struct str question);

#endif
