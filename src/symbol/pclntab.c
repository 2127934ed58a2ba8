#include "symbol/pclntab.h"

enum {
    magic_go12 = (int)0xfffffffb,
    magic_go116 = (int)0xfffffffa,
    magic_go118 = (int)0xfffffff0,
    magic_go120 = (int)0xfffffff1,
};
enum { header_size = 8 }; /* before the counts and offsets */

/* Fields of a function behind its entry, 4 bytes each. */
enum { field_name, field_args, field_deferreturn, field_pcsp, field_pcfile, field_pcln, field_npcdata, field_cu };

/* Fixed-width numbers anywhere in a part of the table; false where they are outside. */
static bool read_u32(struct str part, uint64_t at, uint32_t *value)
{
    if (at > part.n)
        return false;
    struct cursor c = cursor_over(part.p + at, part.n - at, at);
    *value = cursor_u32le(&c);
    return cursor_ok(&c);
}

static bool read_number(struct str part, uint64_t at, unsigned size, uint64_t *value)
{
    if (at > part.n)
        return false;
    struct cursor c = cursor_over(part.p + at, part.n - at, at);
    *value = size == 4 ? cursor_u32le(&c) : cursor_u64le(&c);
    return cursor_ok(&c);
}

static struct str c_string_at(struct str part, uint64_t at)
{
    if (at >= part.n)
        return STR("");
    struct cursor c = cursor_over(part.p + at, part.n - at, at);
    struct str text = cursor_c_string(&c);
    return text.n > 0 ? text : STR("");
}

static bool version_of(uint32_t magic, enum pclntab_version *version)
{
    switch ((int)magic) {
    case magic_go12:
        *version = pclntab_go12;
        return true;
    case magic_go116:
        *version = pclntab_go116;
        return true;
    case magic_go118:
        *version = pclntab_go118;
        return true;
    case magic_go120:
        *version = pclntab_go120;
        return true;
    default:
        return false;
    }
}

/* The size of a number in functab. */
static unsigned entry_size(const struct pclntab *table)
{
    return table->version >= pclntab_go118 ? 4 : table->pointer_size;
}

static uint64_t functab_size(const struct pclntab *table)
{
    return ((uint64_t)table->nfunctions * 2 + 1) * entry_size(table);
}

/* Reads the n-th number behind the first eight bytes. */
static uint64_t header_word(struct cursor *c, struct str bytes, unsigned pointer_size, unsigned n)
{
    uint64_t value = 0;
    if (!read_number(bytes, header_size + (uint64_t)n * pointer_size, pointer_size, &value))
        cursor_fail_at(c, bytes.n, "a longer header of a pclntab");
    return value;
}

static struct str part_at(struct cursor *c, struct str bytes, unsigned pointer_size, unsigned n)
{
    uint64_t offset = header_word(c, bytes, pointer_size, n);
    if (offset > bytes.n)
        cursor_fail_at(c, header_size + (uint64_t)n * pointer_size, "an offset within the pclntab");
    return offset > bytes.n ? (struct str){0} : str_skip(bytes, offset);
}

/* Go 1.2: all offsets are from the table's begin, and the files stand behind the functions. */
static void read_go12(struct pclntab *table, struct cursor *c, struct str bytes)
{
    uint32_t files = 0, count = 0;
    table->nfunctions = (uint32_t)header_word(c, bytes, table->pointer_size, 0);
    table->names = table->pctab = table->strings = bytes;
    table->functions = str_skip(bytes, header_size + (size_t)table->pointer_size);
    if (!read_u32(table->functions, functab_size(table), &files) || files > bytes.n ||
        !read_u32(str_skip(bytes, files), 0, &count) || count > (bytes.n - files) / 4)
        cursor_fail_at(c, header_size, "a pclntab's files");
    else
        table->files = str_first(str_skip(bytes, files), (size_t)count * 4);
    table->nfiles = count;
}

/* Go 1.16 and later: counts, from 1.18 on the text's start, and offsets. */
static void read_go116(struct pclntab *table, struct cursor *c, struct str bytes)
{
    unsigned size = table->pointer_size, first = table->version >= pclntab_go118 ? 3 : 2;
    table->nfunctions = (uint32_t)header_word(c, bytes, size, 0);
    table->nfiles = (uint32_t)header_word(c, bytes, size, 1);
    table->header_text_start = first == 3 ? header_word(c, bytes, size, 2) : 0;
    table->names = part_at(c, bytes, size, first);
    table->cutab = part_at(c, bytes, size, first + 1);
    table->files = part_at(c, bytes, size, first + 2);
    table->pctab = part_at(c, bytes, size, first + 3);
    table->functions = part_at(c, bytes, size, first + 4);
}

bool pclntab_init(struct pclntab *table, struct str bytes, uint64_t text_start, struct fault *fault)
{
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    struct pclntab read = {.text_start = text_start};
    bool known = version_of(cursor_u32le(&c), &read.version);
    uint16_t zeros = cursor_u16le(&c);
    read.quantum = cursor_u8(&c);
    read.pointer_size = cursor_u8(&c);
    if (!known || zeros != 0 || (read.quantum != 1 && read.quantum != 2 && read.quantum != 4) ||
        (read.pointer_size != 4 && read.pointer_size != 8))
        cursor_fail_at(&c, 0, "a pclntab");
    else if (read.version == pclntab_go12)
        read_go12(&read, &c, bytes);
    else
        read_go116(&read, &c, bytes);
    if (cursor_ok(&c) && functab_size(&read) > read.functions.n)
        cursor_fail_at(&c, header_size, "as many functions as a pclntab says it has");
    if (!cursor_ok(&c)) {
        *fault = c.fault;
        return false;
    }
    *table = read;
    return true;
}

/* --- Functions --- */

/* The begin of a function by number; the number of all gives the end of the last. 0 where the table is broken. */
static uint64_t entry_of(const struct pclntab *table, uint32_t number)
{
    uint64_t value = 0;
    unsigned size = entry_size(table);
    read_number(table->functions, (uint64_t)number * 2 * size, size, &value);
    return table->version >= pclntab_go118 ? value + table->text_start : value;
}

/* Where a function's fields behind its entry begin. */
static unsigned fields_at(const struct pclntab *table)
{
    return table->version >= pclntab_go118 ? 4 : table->pointer_size;
}

static bool read_field(const struct pclntab *table, struct str data, unsigned field, uint32_t *value)
{
    return read_u32(data, fields_at(table) + (uint64_t)field * 4, value);
}

struct str pclntab_name(const struct pclntab *table, uint32_t offset)
{
    return c_string_at(table->names, offset);
}

bool pclntab_function(const struct pclntab *table, uint32_t number, struct pclntab_function *function)
{
    uint64_t offset = 0;
    uint32_t name = 0, start_line = 0;
    unsigned size = entry_size(table);
    if (number >= table->nfunctions || !read_number(table->functions, (number * (uint64_t)2 + 1) * size, size, &offset))
        return false;
    /* Up to Go 1.15 offsets are from the table's begin, later from that of the functions. */
    struct str base = table->version == pclntab_go12 ? table->strings : table->functions;
    struct str data = offset <= base.n ? str_skip(base, offset) : (struct str){0};
    if (!read_field(table, data, field_name, &name))
        return false;
    if (table->version == pclntab_go120)
        read_field(table, data, field_cu + 1, &start_line);
    *function = (struct pclntab_function){.entry = entry_of(table, number),
                                          .end = entry_of(table, number + 1),
                                          .name = pclntab_name(table, name),
                                          .data = data,
                                          .start_line = (int32_t)start_line};
    return true;
}

bool pclntab_find(const struct pclntab *table, uint64_t address, struct pclntab_function *function)
{
    uint32_t low = 0, high = table->nfunctions; /* functions that begin at or before the address */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (entry_of(table, middle) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && address < entry_of(table, low) && pclntab_function(table, low - 1, function);
}

/* --- Values along the code --- */

/* Unsigned numbers of 32 bits; what is beyond those is dropped, as in Go. */
static uint32_t step_number(struct cursor *c)
{
    uint32_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = cursor_u8(c);
        if (shift < 32)
            value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
}

/* Begins with the table at an offset of pctab, of a function that begins at entry. */
static void begin_run(const struct pclntab *table, uint32_t offset, uint64_t entry, struct pclntab_run *run)
{
    struct str rest = str_skip(table->pctab, offset);
    *run = (struct pclntab_run){.c = cursor_over(rest.p, offset > table->pctab.n ? 0 : rest.n, offset),
                                .entry = entry,
                                .from = entry,
                                .end = entry,
                                .value = UINT32_MAX};
}

/* Goes on to the value at an address, not before that of the last one; false where there is none, or the table is
 * broken. */
static bool run_to(const struct pclntab *table, struct pclntab_run *run, uint64_t address)
{
    while (address >= run->end && cursor_ok(&run->c)) {
        uint32_t delta = step_number(&run->c);
        if (delta == 0 && run->end != run->entry) {
            cursor_fail(&run->c, "another value");
            break;
        }
        run->value += delta & 1 ? ~(delta >> 1) : delta >> 1;
        run->from = run->end;
        run->end += (uint64_t)(uint32_t)(step_number(&run->c) * table->quantum);
    }
    return cursor_ok(&run->c);
}

/* The value at an address of a table at an offset of pctab; false where it has none there, or is broken. */
static bool value_at(const struct pclntab *table, uint32_t offset, uint64_t entry, uint64_t address, int32_t *found)
{
    struct pclntab_run run;
    begin_run(table, offset, entry, &run);
    if (!run_to(table, &run, address))
        return false;
    *found = (int32_t)run.value;
    return true;
}

/* The name of a file by what pcfile says; before Go 1.16 a number of the whole program, later of its unit. */
static struct str file_name(const struct pclntab *table, const struct pclntab_function *function, int32_t number)
{
    uint32_t at, unit;
    if (table->version == pclntab_go12) {
        if (number <= 0 || !read_u32(table->files, (uint64_t)number * 4, &at))
            return STR("");
        return c_string_at(table->strings, at);
    }
    if (number < 0 || !read_field(table, function->data, field_cu, &unit))
        return STR("");
    if (!read_u32(table->cutab, (uint64_t)(uint32_t)((unit + (uint32_t)number) * 4), &at) || at == UINT32_MAX)
        return STR("");
    return c_string_at(table->files, at);
}

bool pclntab_place(const struct pclntab *table, uint64_t address, struct pclntab_place *place)
{
    struct pclntab_walk walk = {.table = table};
    return pclntab_walk_to(&walk, address, place);
}

/* The run of the table that a field leads to; one without values where it leads nowhere. */
static void begin_field(struct pclntab_walk *walk, unsigned field, struct pclntab_run *run)
{
    uint32_t offset;
    if (!read_field(walk->table, walk->function.data, field, &offset))
        offset = UINT32_MAX;
    begin_run(walk->table, offset, walk->function.entry, run);
}

/* The value at an address, which may be before the last one. */
static int32_t walk_run(struct pclntab_walk *walk, unsigned field, struct pclntab_run *run, uint64_t address)
{
    if (address < run->from)
        begin_field(walk, field, run);
    return run_to(walk->table, run, address) ? (int32_t)run->value : -1;
}

bool pclntab_walk_to(struct pclntab_walk *walk, uint64_t address, struct pclntab_place *place)
{
    if (address < walk->function.entry || address >= walk->function.end) {
        if (!pclntab_find(walk->table, address, &walk->function)) {
            walk->function.end = 0;
            return false;
        }
        begin_field(walk, field_pcfile, &walk->files);
        begin_field(walk, field_pcln, &walk->lines);
    }
    int32_t file = walk_run(walk, field_pcfile, &walk->files, address);
    *place = (struct pclntab_place){.function = walk->function,
                                    .file = file_name(walk->table, &walk->function, file),
                                    .line = walk_run(walk, field_pcln, &walk->lines, address)};
    return true;
}

/* --- Tables of a function --- */

/* Where the tables' offsets begin in a function's data: behind the fields, which grew over the years. */
static unsigned tables_at(const struct pclntab *table)
{
    static const unsigned fields[] = {[pclntab_go12] = field_cu,
                                      [pclntab_go116] = field_cu + 1,
                                      [pclntab_go118] = field_cu + 1,
                                      [pclntab_go120] = field_cu + 2};
    return fields_at(table) + fields[table->version] * 4 + 4; /* with funcID, flags and nfuncdata */
}

int32_t pclntab_pcdata(const struct pclntab *table, const struct pclntab_function *function, uint32_t number,
                       uint64_t address)
{
    uint32_t count, offset;
    int32_t value;
    if (!read_field(table, function->data, field_npcdata, &count) || number >= count ||
        !read_u32(function->data, tables_at(table) + (uint64_t)number * 4, &offset) || offset == 0 ||
        !value_at(table, offset, function->entry, address, &value))
        return -1;
    return value;
}

bool pclntab_funcdata(const struct pclntab *table, const struct pclntab_function *function, uint32_t number,
                      uint64_t *value)
{
    uint32_t npcdata;
    unsigned at = tables_at(table), size = fields_at(table);
    if (!read_field(table, function->data, field_npcdata, &npcdata) || at > function->data.n ||
        number >= (uint8_t)function->data.p[at - 1])
        return false;
    uint64_t from = at + (uint64_t)npcdata * 4;
    if (size == 8) /* pointers: aligned as the function's own fields are */
        from = (from + 7) & ~(uint64_t)7;
    if (!read_number(function->data, from + (uint64_t)number * size, size, value))
        return false;
    return table->version >= pclntab_go118 ? *value != UINT32_MAX : *value != 0;
}
