/* What debug information said of some addresses of one binary, as bytes: what the symbol cache keeps. Names are the
 * linker's, so that every way of demangling starts from the same.
 *
 *     "sondesym" | version u32 | 0 u32 | checksum u64 of all that follows
 *     key u64 | naddresses u32 | nframes u32 | nstrings u32 | text size u32
 *     addresses  u64[naddresses]       ascending
 *     first      u32[naddresses + 1]   frame of each, innermost first; the top bit: from debug information
 *     frames     { name u32, file u32, line u32, column u32, start line u32 }[nframes]
 *     ends       u32[nstrings]         of each string in the text; the first begins at 0
 *     text
 *
 * All little-endian. The checksum tells what a disk or a crash did, not what an enemy does: every number is checked
 * when it is used. */
#ifndef SONDE_SYMBOL_ANSWERS_H
#define SONDE_SYMBOL_ANSWERS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "symbol/binary.h"

/* --- Reading --- */

struct answers {
    uint64_t key;
    uint32_t naddresses, nframes, nstrings;
    struct str addresses, first, frames, ends, text;
};

/* Reads answers with a key, which must outlive it; false where the bytes are none, are broken, or have another key. */
bool answers_read(struct str bytes, uint64_t key, struct answers *answers);

/* The number of an address at or after `from`, or naddresses where it is not there. */
uint32_t answers_find(const struct answers *answers, uint64_t address, uint32_t from);

/* The address of a number. */
uint64_t answers_address(const struct answers *answers, uint32_t number);

/* Passes the frames of an address (by its number) on to a sink as that of `index`; not where nothing is known of it.
 * False where the sink stopped it. Frames that lead nowhere are left out. */
bool answers_tell(const struct answers *answers, uint32_t number, size_t index, binary_sink *sink, void *to);

/* --- Writing --- */

struct answer {
    uint64_t address;
    uint32_t first, n;
    bool from_debug;
};

struct answer_frame {
    uint32_t name, file, line, column, start_line;
};

struct answer_set {
    struct mem *mem;
    VEC(struct answer) answers;
    VEC(struct answer_frame) frames;
    VEC(struct str) strings;
    struct str_map string_ids;
    struct arena *arena; /* of the strings; not owned */
};

void answer_set_init(struct answer_set *set, struct mem *mem, struct arena *arena);
void answer_set_finish(struct answer_set *set);

/* Adds what is known of an address, n frames; at most once. False on exhaustion. */
bool answer_set_add(struct answer_set *set, uint64_t address, const struct binary_frame *frames, size_t n,
                    bool from_debug);

/* Appends the answers as bytes. False on exhaustion, or where they are too many for the format. */
bool answer_set_write(struct answer_set *set, uint64_t key, struct buf *out);

#endif
