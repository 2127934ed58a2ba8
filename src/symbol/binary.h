/* An ELF file with what tells names and lines about it: its own debug information, or that of a separate file (build-id
 * directory, .gnu_debuglink, debuginfod), and its symbol tables. Addresses are those of the file ("virtual addresses"
 * of its program headers), not of a process. */
#ifndef SONDE_SYMBOL_BINARY_H
#define SONDE_SYMBOL_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "symbol/debug_server.h"

struct binary;

/* A function that an address lies in. Strings are never NULL. */
struct binary_frame {
    struct str name;    /* as the linker knows it, where that is known */
    struct str file;    /* "" where unknown */
    int64_t line;       /* 0 where unknown */
    int64_t column;     /* 0 where unknown */
    int64_t start_line; /* where the function begins; 0 where unknown */
};

/* Receives the frames of the address at `index`, innermost first; n is at least 1. from_debug is false where only a
 * symbol table knows the address. Frames and their strings are valid during the call. False stops. */
typedef bool binary_sink(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug);

/* Opens a file; NULL with one line in error where it cannot be read or is no ELF file. */
struct binary *binary_create(const char *path, struct mem *mem, struct buf *error);
void binary_destroy(struct binary *binary);

/* Lets a server (NULL for none) be asked where no debug information is on this machine. It must outlive the binary. */
void binary_set_server(struct binary *binary, struct debug_server *server);

/* The build id in lower-case hexadecimal, "" where the file has none. Lives as long as the binary. */
struct str binary_build_id(const struct binary *binary);

/* Where in the file's addresses an address of a process is, given the mapping that it lies in: [start, ...) holds the
 * file from byte `offset` on. A start of 0 says that addresses are the file's already. */
uint64_t binary_address(const struct binary *binary, uint64_t start, uint64_t offset, uint64_t address);

/* Finds the functions of n addresses (in the file's terms, ascending), each once. Addresses about which nothing is
 * known are left out. With names_only debug information is not read. False where the sink stopped it, or on exhaustion.
 */
bool binary_resolve(struct binary *binary, const uint64_t *addresses, size_t n, bool names_only, binary_sink *sink,
                    void *to);

/* What tells this binary's debug information from other that has the same build id (that was stripped, or rewritten):
 * a number that is the same for every copy. *size is how much there is in bytes, compressed where it is; both 0 where
 * there is none. */
uint64_t binary_debug_key(struct binary *binary, uint64_t *size);

/* Whether all that the debug information refers to was found, in what was resolved so far. */
bool binary_is_whole(const struct binary *binary);

/* Whether the bytes of a file begin as ELF. False where it cannot be read. */
bool binary_is_elf(const char *path);

#endif
