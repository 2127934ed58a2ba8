#include "symbol/dwarf_lines.h"

/* What stands before the program. */
struct header {
    struct dwarf_format format;
    uint8_t least_instruction, operations, line_range, opcode_base;
    int8_t line_base;
    uint8_t operands[256]; /* of each standard opcode */
    struct cursor lists;   /* directories and files */
    struct cursor program;
};

static bool read_header(const struct dwarf_unit *unit, struct header *header)
{
    struct str section = unit->dwarf->sections.line;
    struct cursor all = cursor_over(section.p, section.n, 0);
    cursor_bytes(&all, unit->lines);
    *header = (struct header){.format = unit->format, .operations = 1};
    uint64_t length = cursor_u32le(&all);
    header->format.offset_size = length == UINT32_MAX ? 8 : 4;
    if (length == UINT32_MAX)
        length = cursor_u64le(&all);
    struct cursor c = cursor_sub(&all, length);
    header->format.version = cursor_u16le(&c);
    if (header->format.version >= 5) {
        header->format.address_size = cursor_u8(&c);
        cursor_u8(&c); /* the size of segment selectors */
    }
    uint64_t to_program = header->format.offset_size == 4 ? cursor_u32le(&c) : cursor_u64le(&c);
    header->lists = cursor_sub(&c, to_program);
    header->program = c;
    header->least_instruction = cursor_u8(&header->lists);
    if (header->format.version >= 4)
        header->operations = cursor_u8(&header->lists);
    cursor_u8(&header->lists); /* whether rows begin a statement unless told: not looked at */
    header->line_base = (int8_t)cursor_u8(&header->lists);
    header->line_range = cursor_u8(&header->lists);
    header->opcode_base = cursor_u8(&header->lists);
    for (unsigned i = 1; i < header->opcode_base; i++)
        header->operands[i] = cursor_u8(&header->lists);
    return cursor_ok(&all) && cursor_ok(&header->lists) && header->format.version >= 2 && header->format.version <= 5 &&
           header->line_range > 0 && header->operations > 0 &&
           (header->format.address_size == 4 || header->format.address_size == 8);
}

/* --- The program --- */

struct machine {
    const struct header *header;
    struct dwarf_place *places;
    size_t n;
    uint64_t lowest;

    uint64_t address;
    uint32_t operation, file, line, column;

    bool any; /* a row of this sequence was made, which lasts from `from` on: */
    uint64_t from;
    uint32_t row_file, row_line, row_column;
    size_t next;     /* the first place at or behind `from` */
    uint64_t wanted; /* its address; the greatest where there is none */
};

static void set_next(struct machine *m, uint64_t address)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->places[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    m->next = low;
    m->wanted = low < m->n ? m->places[low].address : UINT64_MAX;
}

static void begin_sequence(struct machine *m)
{
    m->address = 0;
    m->operation = 0;
    m->file = 1;
    m->line = 1;
    m->column = 0;
    m->any = false;
}

/* The row before lasts up to here: gives it to the places that it holds. */
static void end_row(struct machine *m)
{
    for (; m->wanted < m->address; m->wanted = m->next < m->n ? m->places[m->next].address : UINT64_MAX) {
        struct dwarf_place *place = &m->places[m->next++];
        if (place->found && place->row > m->from)
            continue;
        *place = (struct dwarf_place){place->address, m->from, m->row_file, m->row_line, m->row_column, true};
    }
}

/* A row begins, or with `last` the sequence ends. Of rows at one address the last counts. */
static inline void make_row(struct machine *m, bool last)
{
    if (m->any && m->address < m->from)
        m->any = false; /* as no compiler would have it: the row before has no end */
    if (m->any && m->wanted < m->address && m->from >= m->lowest)
        end_row(m);
    if (!m->any && !last)
        set_next(m, m->address);
    if (last) {
        begin_sequence(m);
        return;
    }
    m->any = true;
    m->from = m->address;
    m->row_file = m->file;
    m->row_line = m->line;
    m->row_column = m->column;
}

static void advance(struct machine *m, uint64_t operations)
{
    const struct header *header = m->header;
    if (header->operations == 1) {
        m->address += operations * header->least_instruction;
        return;
    }
    operations += m->operation;
    m->address += operations / header->operations * header->least_instruction;
    m->operation = (uint32_t)(operations % header->operations);
}

static void extended(struct machine *m, struct cursor *c)
{
    struct cursor operand = cursor_sub(c, cursor_varint(c));
    switch (cursor_u8(&operand)) {
    case dw_lne_end_sequence:
        make_row(m, true);
        break;
    case dw_lne_set_address:
        m->address = cursor_left(&operand) == 4 ? cursor_u32le(&operand) : cursor_u64le(&operand);
        m->operation = 0;
        break;
    default:
        break;
    }
}

static void standard(struct machine *m, struct cursor *c, uint8_t opcode)
{
    const struct header *header = m->header;
    switch (opcode) {
    case dw_lns_copy:
        make_row(m, false);
        break;
    case dw_lns_advance_pc:
        advance(m, cursor_varint(c));
        break;
    case dw_lns_advance_line:
        m->line += (uint32_t)cursor_sleb128(c);
        break;
    case dw_lns_set_file:
        m->file = (uint32_t)cursor_varint(c);
        break;
    case dw_lns_set_column:
        m->column = (uint32_t)cursor_varint(c);
        break;
    case dw_lns_const_add_pc:
        advance(m, (uint64_t)(255 - header->opcode_base) / header->line_range);
        break;
    case dw_lns_fixed_advance_pc:
        m->address += cursor_u16le(c);
        m->operation = 0;
        break;
    default:
        for (unsigned i = 0; i < header->operands[opcode]; i++)
            cursor_varint(c);
    }
}

void dwarf_lines_find(const struct dwarf_unit *unit, struct dwarf_place *places, size_t n)
{
    struct header header;
    if (!unit->has_lines || n == 0 || !read_header(unit, &header))
        return;
    struct machine m = {.header = &header, .places = places, .n = n, .lowest = unit->dwarf->lowest};
    struct { /* what each special opcode adds */
        uint8_t operations;
        int16_t lines;
    } special[256];
    for (unsigned i = header.opcode_base; i < 256; i++) {
        special[i].operations = (uint8_t)((i - header.opcode_base) / header.line_range);
        special[i].lines = (int16_t)(header.line_base + (int)((i - header.opcode_base) % header.line_range));
    }
    begin_sequence(&m);
    struct cursor c = header.program;
    while (cursor_left(&c) > 0) {
        uint8_t opcode = cursor_u8(&c);
        if (opcode >= header.opcode_base) {
            advance(&m, special[opcode].operations);
            m.line += (uint32_t)special[opcode].lines;
            make_row(&m, false);
        } else if (opcode > 0) {
            standard(&m, &c, opcode);
        } else {
            extended(&m, &c);
        }
    }
}

/* --- Files --- */

enum { most_parts = 16 };

/* What the entries of a list are made of (version 5). */
struct parts {
    struct dwarf_spec at[most_parts];
    unsigned n;
};

static bool read_parts(struct cursor *c, struct parts *parts)
{
    parts->n = cursor_u8(c);
    for (unsigned i = 0; i < parts->n && i < most_parts; i++) {
        parts->at[i] = (struct dwarf_spec){.name = (uint16_t)cursor_varint(c)};
        parts->at[i].form = (uint16_t)cursor_varint(c);
    }
    return cursor_ok(c) && parts->n <= most_parts;
}

static struct dwarf_source read_entry(struct cursor *c, const struct header *header, const struct dwarf_unit *unit,
                                      const struct parts *parts)
{
    struct dwarf_source file = {.name = STR("")};
    for (unsigned i = 0; i < parts->n; i++) {
        struct dwarf_value value;
        dwarf_value_read(c, &header->format, &parts->at[i], &value);
        if (parts->at[i].name == dw_lnct_path)
            file.name = dwarf_text(unit, &value);
        else if (parts->at[i].name == dw_lnct_directory_index)
            file.directory = (uint32_t)value.number;
    }
    return file;
}

/* How many entries a list may claim that has these bytes left: each takes one at least. */
static uint32_t count_of(struct cursor *c, uint64_t claimed)
{
    if (claimed > cursor_left(c))
        cursor_fail(c, "as many files as the list says");
    return cursor_ok(c) ? (uint32_t)claimed : 0;
}

static bool read_lists(struct dwarf_files *files, const struct header *header)
{
    struct cursor c = header->lists;
    struct parts parts;
    uint32_t n = read_parts(&c, &parts) ? count_of(&c, cursor_varint(&c)) : 0;
    if (!(files->directories = arena_new(files->arena, struct str, n)))
        return false;
    for (; files->ndirectories < n && cursor_ok(&c); files->ndirectories++)
        files->directories[files->ndirectories] = read_entry(&c, header, files->unit, &parts).name;
    n = read_parts(&c, &parts) ? count_of(&c, cursor_varint(&c)) : 0;
    if (!(files->at = arena_new(files->arena, struct dwarf_source, n)))
        return false;
    for (; files->n < n && cursor_ok(&c); files->n++)
        files->at[files->n] = read_entry(&c, header, files->unit, &parts);
    return true;
}

/* Until version 4 both lists end with an empty name; directory 0 is the unit's, file 0 none. */
static bool read_old_lists(struct dwarf_files *files, const struct header *header)
{
    struct cursor c = header->lists;
    uint32_t ndirectories = 1, n = 1;
    while (cursor_c_string(&c).n > 0)
        ndirectories++;
    while (cursor_c_string(&c).n > 0) {
        for (int i = 0; i < 3; i++)
            cursor_varint(&c);
        n++;
    }
    files->directories = arena_new(files->arena, struct str, ndirectories);
    files->at = arena_new(files->arena, struct dwarf_source, n);
    if (!files->directories || !files->at)
        return false;
    c = header->lists;
    files->directories[0] = files->unit->directory;
    for (files->ndirectories = 1; files->ndirectories < ndirectories;)
        files->directories[files->ndirectories++] = cursor_c_string(&c);
    cursor_c_string(&c);
    for (files->n = 1; files->n < n; files->n++) {
        files->at[files->n].name = cursor_c_string(&c);
        files->at[files->n].directory = (uint32_t)cursor_varint(&c);
        cursor_varint(&c);
        cursor_varint(&c);
    }
    return true;
}

bool dwarf_files_read(struct dwarf_files *files, const struct dwarf_unit *unit, struct arena *arena)
{
    struct header header;
    *files = (struct dwarf_files){.unit = unit, .arena = arena};
    if (!unit->has_lines || !read_header(unit, &header))
        return true;
    return header.format.version >= 5 ? read_lists(files, &header) : read_old_lists(files, &header);
}

struct str dwarf_file_path(struct dwarf_files *files, uint64_t number)
{
    struct dwarf_source *file = number < files->n ? &files->at[number] : NULL;
    if (!file || file->name.n == 0)
        return STR("");
    if (file->path.n > 0)
        return file->path;
    const struct dwarf_unit *unit = files->unit->skeleton ? files->unit->skeleton : files->unit;
    struct str directory = file->directory < files->ndirectories ? files->directories[file->directory] : STR("");
    struct str name = file->name, root = str_starts_with(unit->directory, STR("/")) ? unit->directory : STR("");
    if (name.p[0] == '/' || (name.p[0] == '<' && str_ends_with(name, STR(">")))) /* no file is <autogenerated> */
        return file->path = name;
    if (directory.n > 0 && directory.p[0] != '/' && root.n > 0)
        file->path = arena_printf(files->arena, "%.*s/%.*s/%.*s", STR_ARG(root), STR_ARG(directory), STR_ARG(name));
    else if (directory.n > 0 || root.n > 0)
        file->path =
            arena_printf(files->arena, "%.*s/%.*s", STR_ARG(directory.n > 0 ? directory : root), STR_ARG(name));
    else
        file->path = name;
    return file->path;
}
