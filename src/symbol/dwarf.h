/* DWARF (versions 2 to 5) as far as names and lines of addresses need it: units, entries, attributes. The sections are
 * any bytes and read through the cursor; what is wrong in one unit ends the reading of that unit.
 *
 *     .debug_info:  unit | unit | ...      a unit: header, then a tree of entries, each a code and attribute values
 *     .debug_abbrev: for each code what the entry is (tag) and which attributes it has, in which form
 *
 * Why not libdw: it decodes every row of a line table and sorts them before it answers for one address, walks entries
 * with a search for each attribute, and from one thread only (docs/performance.md has the figures). */
#ifndef SONDE_SYMBOL_DWARF_H
#define SONDE_SYMBOL_DWARF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"
#include "symbol/dwarf_names.h"

/* Empty where a file has none. Of a split file those whose names end with ".dwo". */
struct dwarf_sections {
    struct str info, abbrev, str, line_str, line, addr, str_offsets, ranges, rnglists;
};

/* How numbers are written. */
struct dwarf_format {
    uint16_t version;
    uint8_t address_size; /* 4 or 8 */
    uint8_t offset_size;  /* 4 or 8 */
};

struct dwarf_spec {
    uint16_t name, form;
    int64_t constant; /* of the form implicit_const */
};

struct dwarf_abbrev {
    uint64_t code;
    uint16_t tag;
    bool children;
    bool has_code;     /* an attribute says where its code is */
    bool sized;        /* all of its values have known sizes: */
    bool sibling_last; /* and the last, of 4 bytes, is where the next sibling is */
    uint32_t bytes, addresses, offsets;
    uint32_t first, n; /* its specs */
};

struct dwarf_abbrevs {
    uint64_t offset;             /* of .debug_abbrev */
    VEC(struct dwarf_abbrev) at; /* by code */
    VEC(struct dwarf_spec) specs;
};

struct dwarf;

struct dwarf_unit {
    struct dwarf *dwarf;
    struct dwarf_format format;
    uint8_t kind;                  /* a dw_unit */
    uint64_t offset, entries, end; /* in .debug_info: the header, the first entry, behind the last */
    uint64_t abbrev_offset, id;    /* id: of a split unit and its skeleton */
    _Atomic(const struct dwarf_abbrevs *) abbrevs;

    /* Of the first entry. */
    bool has_lines, has_ranges;
    uint64_t low_pc, lines, str_offsets_base, addr_base, rnglists_base, ranges_base;
    struct str directory, split_name;

    /* Of a split unit the one in the main file, which has its addresses. */
    const struct dwarf_unit *skeleton;
};

/* The debug information of one file. */
struct dwarf {
    struct mem *mem;
    struct dwarf_sections sections;
    struct dwarf *shared; /* what several files share (dwz); NULL for none. Not owned. */
    uint64_t lowest;      /* addresses below are those of code that the linker left out */
    VEC(struct dwarf_unit) units;
    pthread_mutex_t lock; /* the tables: */
    VEC(struct dwarf_abbrevs *) tables;
    struct map table_of; /* from offset to index */
};

/* Lists the units of a file; where `split`, without reading their first entries (dwarf_unit_read does). Sections must
 * outlive it. False on exhaustion, with nothing owned. */
bool dwarf_init(struct dwarf *dwarf, const struct dwarf_sections *sections, bool split, struct mem *mem);
void dwarf_finish(struct dwarf *dwarf);

/* Reads what a unit's first entry says about the whole. False where it cannot. */
bool dwarf_unit_read(struct dwarf_unit *unit);

/* The unit that the byte of .debug_info lies in; NULL for none. */
struct dwarf_unit *dwarf_unit_at(const struct dwarf *dwarf, uint64_t offset);

/* --- Entries --- */

/* Reads the entries of a unit one by one; several may read one unit at a time, in several threads. */
struct dwarf_reader {
    const struct dwarf_unit *unit;
    const struct dwarf_abbrevs *abbrevs;
    struct cursor c;
};

/* An entry; the reader that it came from stands on its attributes. */
struct dwarf_entry {
    uint64_t offset; /* in .debug_info */
    const struct dwarf_abbrev *abbrev;
};

/* Begins to read at an offset of .debug_info that lies in the unit. False where there is nothing to read. */
bool dwarf_reader_init(struct dwarf_reader *reader, const struct dwarf_unit *unit, uint64_t offset);

/* Reads the next entry; false at the end of a list of children, or where the unit is broken. */
bool dwarf_next(struct dwarf_reader *reader, struct dwarf_entry *entry);

/* Passes over the attributes of an entry, to its children where it has some. */
void dwarf_skip_attributes(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev);

/* Passes over the attributes and the children of an entry. */
void dwarf_skip_entry(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev);

/* Passes over the rest of a list of children. */
void dwarf_skip_children(struct dwarf_reader *reader);

/* --- Values --- */

/* The value of an attribute, as it stands in the entry. */
struct dwarf_value {
    uint16_t form;
    uint64_t number;
    struct str bytes; /* of strings and blocks that stand in the entry itself */
};

/* Reads a value in the form that a spec tells. */
void dwarf_value_read(struct cursor *c, const struct dwarf_format *format, const struct dwarf_spec *spec,
                      struct dwarf_value *value);

/* A string; "" where it is none. */
struct str dwarf_text(const struct dwarf_unit *unit, const struct dwarf_value *value);

/* An address; false where it is none. */
bool dwarf_address(const struct dwarf_unit *unit, const struct dwarf_value *value, uint64_t *address);

/* The unit that a reference leads to, and the offset of the entry there; NULL where it leads nowhere. */
const struct dwarf_unit *dwarf_target(const struct dwarf_unit *unit, const struct dwarf_value *value, uint64_t *offset);

/* --- Ranges of addresses --- */

/* Where the code of an entry is, as it says. */
struct dwarf_extent {
    bool has_low, has_high, has_ranges;
    struct dwarf_value low, high, ranges;
    uint64_t sibling; /* offset in .debug_info; 0 where it is not told */
};

/* Reads the attributes of an entry, and keeps what they tell of its extent. */
void dwarf_extent_read(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev, struct dwarf_extent *extent);

struct dwarf_ranges {
    const struct dwarf_unit *unit;
    struct cursor c;
    uint64_t base, low, high; /* low to high is what there is where it is not a list */
    bool list, old, one;
};

/* Begins to go through an extent. */
void dwarf_ranges_init(struct dwarf_ranges *ranges, const struct dwarf_unit *unit, const struct dwarf_extent *extent);

/* The next range that is not empty; false at the end. */
bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *start, uint64_t *end);

#endif
