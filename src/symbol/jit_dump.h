/* What a JIT compiler tells perf of its code in a file jit-PID.dump: names, files and lines, in records one after the
 * other (https://github.com/torvalds/linux/blob/master/tools/perf/Documentation/jitdump-specification.txt).
 *
 *     "DTiJ"  version u32  header's size u32  machine u32  0 u32  pid u32  time u64  flags u64
 *     each record: id u32 | size u32 | time u64 | ...
 *         0  code was made       pid u32  tid u32  vma u64  address u64  size u64  number u64  name\0  code
 *         1  code was moved      pid u32  tid u32  vma u64  old address u64  new address u64  size u64  number u64
 *         2  lines of the code that the next record makes     address u64  entries u64  { address u64  line u32
 *                                                             discriminator u32  file\0 }
 *
 * All in the byte order of whoever wrote it. Code is replaced as a program runs, and a profile does not tell when it
 * was: of records for one address the last is right. */
#ifndef SONDE_SYMBOL_JIT_DUMP_H
#define SONDE_SYMBOL_JIT_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"

/* What is known of an address; "" and 0 for what is not. */
struct jit_place {
    struct str name, file;
    uint32_t line;
};

/* The process that a dump is of; 0 where the bytes are no such file. */
uint32_t jit_dump_pid(struct str bytes);

/* Tells of each of n addresses (ascending) where it lies; texts lie in the bytes. What follows a record that is broken
 * or cut off is passed over. False on exhaustion. */
bool jit_dump_resolve(struct str bytes, const uint64_t *addresses, size_t n, struct jit_place *places, struct mem *mem);

#endif
