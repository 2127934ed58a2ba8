/* Machine code as text, through capstone, which is loaded when the first listing is made. Where one instruction ends
 * and the next begins is decided as by go tool pprof, whose listings have a line for each; x86-64 and aarch64. */
#ifndef SONDE_SYMBOL_INSTRUCTIONS_H
#define SONDE_SYMBOL_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "symbol/object.h"

struct disassembler;

struct instruction {
    uint64_t address;
    struct str text; /* ".byte 0x.." for what is no instruction */
};

/* Receives an instruction, valid during the call. False stops. */
typedef bool instruction_sink(void *to, const struct instruction *instruction);

/* Prepares to show the code of an object, which must outlive it, in AT&T's syntax or Intel's. NULL with one line in
 * error where capstone is missing or does not know the machine. */
struct disassembler *disassembler_create(const struct object *object, bool intel, struct mem *mem, struct buf *error);
void disassembler_destroy(struct disassembler *disassembler);

/* Passes on the instructions from `start` on, up to (not including) the one that begins at `end`. Calls and jumps name
 * where they lead to, and data beside the code goes by the name of its symbol. An instruction that reaches beyond the
 * end is shown whole, but as Go's tool does not know it, its other bytes stand behind it as lines of their own. False
 * where the sink stopped it, or on exhaustion. */
bool disassemble(struct disassembler *disassembler, uint64_t start, uint64_t end, instruction_sink *sink, void *to);

#endif
