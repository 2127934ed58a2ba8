#include "symbol/dwarf.h"

#include <stdlib.h>
#include <string.h>

/* --- Tables of abbreviations --- */

/* What a form adds to the size of an entry; false where the value itself tells. */
static bool add_size(struct dwarf_abbrev *abbrev, uint16_t form)
{
    switch (form) {
    case dw_form_flag_present:
    case dw_form_implicit_const:
        return true;
    case dw_form_data1:
    case dw_form_ref1:
    case dw_form_flag:
    case dw_form_strx1:
    case dw_form_addrx1:
        abbrev->bytes += 1;
        return true;
    case dw_form_data2:
    case dw_form_ref2:
    case dw_form_strx2:
    case dw_form_addrx2:
        abbrev->bytes += 2;
        return true;
    case dw_form_data4:
    case dw_form_ref4:
    case dw_form_ref_sup4:
    case dw_form_strx4:
    case dw_form_addrx4:
        abbrev->bytes += 4;
        return true;
    case dw_form_data8:
    case dw_form_ref8:
    case dw_form_ref_sig8:
    case dw_form_ref_sup8:
        abbrev->bytes += 8;
        return true;
    case dw_form_data16:
        abbrev->bytes += 16;
        return true;
    case dw_form_addr:
        abbrev->addresses++;
        return true;
    case dw_form_sec_offset:
    case dw_form_strp:
    case dw_form_line_strp:
    case dw_form_strp_sup:
    case dw_form_gnu_ref_alt:
    case dw_form_gnu_strp_alt:
        abbrev->offsets++;
        return true;
    default:
        return false;
    }
}

/* Reads one abbreviation; false at the end of the table. */
static bool read_abbrev(struct dwarf_abbrevs *table, struct cursor *c, struct mem *mem, struct dwarf_abbrev *abbrev)
{
    uint64_t code = cursor_varint(c);
    if (code == 0)
        return false;
    *abbrev = (struct dwarf_abbrev){.code = code, .sized = true, .first = (uint32_t)table->specs.n};
    abbrev->tag = (uint16_t)cursor_varint(c);
    abbrev->children = cursor_u8(c) != 0;
    for (;;) {
        struct dwarf_spec spec = {.name = (uint16_t)cursor_varint(c)};
        spec.form = (uint16_t)cursor_varint(c);
        if (spec.form == dw_form_implicit_const)
            spec.constant = cursor_sleb128(c);
        if (!cursor_ok(c) || (spec.name == 0 && spec.form == 0))
            break;
        if (!vec_push(&table->specs, mem, spec))
            return false;
        abbrev->n++;
        abbrev->sized = add_size(abbrev, spec.form) && abbrev->sized;
        abbrev->sibling_last = spec.name == dw_at_sibling && spec.form == dw_form_ref4;
        abbrev->has_code = abbrev->has_code || spec.name == dw_at_low_pc || spec.name == dw_at_ranges;
    }
    return cursor_ok(c);
}

static int by_code(const void *a, const void *b)
{
    const struct dwarf_abbrev *x = a, *y = b;
    return (x->code > y->code) - (x->code < y->code);
}

static void table_destroy(struct dwarf_abbrevs *table, struct mem *mem)
{
    vec_finish(&table->at, mem);
    vec_finish(&table->specs, mem);
    mem_put(mem, table, sizeof *table);
}

/* Reads the table at an offset; of it only the entry of one code where that is not 0. NULL on exhaustion. */
static struct dwarf_abbrevs *table_create(const struct dwarf *dwarf, uint64_t offset, uint64_t only)
{
    struct dwarf_abbrevs *table = mem_get(dwarf->mem, sizeof *table);
    struct cursor c = cursor_over(dwarf->sections.abbrev.p, dwarf->sections.abbrev.n, 0);
    struct dwarf_abbrev abbrev;
    bool in_order = true;
    if (!table)
        return NULL;
    *table = (struct dwarf_abbrevs){.offset = offset};
    cursor_bytes(&c, offset);
    while (read_abbrev(table, &c, dwarf->mem, &abbrev)) {
        if (only != 0 && abbrev.code != only)
            continue;
        in_order = in_order && (table->at.n == 0 || table->at.at[table->at.n - 1].code < abbrev.code);
        if (!vec_push(&table->at, dwarf->mem, abbrev)) {
            table_destroy(table, dwarf->mem);
            return NULL;
        }
        if (only != 0)
            break;
    }
    if (!in_order)
        qsort(table->at.at, table->at.n, sizeof *table->at.at, by_code);
    return table;
}

/* The table at an offset, read where it is new; NULL on exhaustion. The lock is held. */
static const struct dwarf_abbrevs *find_table(struct dwarf *dwarf, uint64_t offset)
{
    uint32_t *index = map_add(&dwarf->table_of, offset, UINT32_MAX);
    if (!index)
        return NULL;
    if (*index == UINT32_MAX) {
        struct dwarf_abbrevs *table = table_create(dwarf, offset, 0);
        if (!table)
            return NULL;
        if (!vec_push(&dwarf->tables, dwarf->mem, table)) {
            table_destroy(table, dwarf->mem);
            return NULL;
        }
        *index = (uint32_t)dwarf->tables.n - 1;
    }
    return dwarf->tables.at[*index];
}

static const struct dwarf_abbrevs *abbrevs_of(const struct dwarf_unit *unit)
{
    struct dwarf_unit *changed = (struct dwarf_unit *)unit; /* a cache: all see the same once it is set */
    const struct dwarf_abbrevs *table = atomic_load_explicit(&changed->abbrevs, memory_order_acquire);
    if (!table) {
        pthread_mutex_lock(&unit->dwarf->lock);
        table = find_table(unit->dwarf, unit->abbrev_offset);
        pthread_mutex_unlock(&unit->dwarf->lock);
        atomic_store_explicit(&changed->abbrevs, table, memory_order_release);
    }
    return table;
}

/* Codes are 1, 2, 3, ... in what compilers write. */
static const struct dwarf_abbrev *find_abbrev(const struct dwarf_abbrevs *table, uint64_t code)
{
    if (code - 1 < table->at.n && table->at.at[code - 1].code == code)
        return &table->at.at[code - 1];
    struct dwarf_abbrev key = {.code = code};
    return table->at.n == 0 ? NULL : bsearch(&key, table->at.at, table->at.n, sizeof key, by_code);
}

/* --- Entries --- */

bool dwarf_reader_init(struct dwarf_reader *reader, const struct dwarf_unit *unit, uint64_t offset)
{
    if (offset < unit->entries || offset >= unit->end)
        return false;
    reader->unit = unit;
    reader->abbrevs = abbrevs_of(unit);
    reader->c = cursor_over(unit->dwarf->sections.info.p + offset, unit->end - offset, offset);
    return reader->abbrevs != NULL;
}

bool dwarf_next(struct dwarf_reader *reader, struct dwarf_entry *entry)
{
    if (cursor_left(&reader->c) == 0)
        return false;
    entry->offset = cursor_offset(&reader->c);
    uint64_t code = cursor_varint(&reader->c);
    if (code == 0)
        return false;
    entry->abbrev = find_abbrev(reader->abbrevs, code);
    if (!entry->abbrev)
        cursor_fail(&reader->c, "the code of an abbreviation");
    return entry->abbrev != NULL;
}

void dwarf_skip_attributes(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev)
{
    const struct dwarf_format *format = &reader->unit->format;
    struct dwarf_value value;
    if (abbrev->sized) {
        cursor_bytes(&reader->c, abbrev->bytes + (uint64_t)abbrev->addresses * format->address_size +
                                     (uint64_t)abbrev->offsets * format->offset_size);
        return;
    }
    const struct dwarf_spec *specs = reader->abbrevs->specs.at + abbrev->first;
    for (uint32_t i = 0; i < abbrev->n; i++)
        dwarf_value_read(&reader->c, format, &specs[i], &value);
}

/* Moves to the sibling at an offset that an entry told; only forward, so that no loop arises. */
static bool jump(struct dwarf_reader *reader, uint64_t sibling)
{
    uint64_t here = cursor_offset(&reader->c);
    if (sibling < here || sibling > reader->unit->end)
        return false;
    cursor_bytes(&reader->c, sibling - here);
    return true;
}

/* Passes over the attributes of an entry, and its children too where it tells where they end. */
static bool skip_by_sibling(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev)
{
    if (abbrev->sized && abbrev->sibling_last) {
        dwarf_skip_attributes(reader, abbrev);
        if (!cursor_ok(&reader->c))
            return true;
        struct cursor last = cursor_over(reader->c.p - 4, 4, 0);
        return jump(reader, reader->unit->offset + cursor_u32le(&last));
    }
    const struct dwarf_spec *specs = reader->abbrevs->specs.at + abbrev->first;
    uint64_t sibling = 0;
    for (uint32_t i = 0; i < abbrev->n; i++) {
        struct dwarf_value value;
        dwarf_value_read(&reader->c, &reader->unit->format, &specs[i], &value);
        if (specs[i].name == dw_at_sibling && !dwarf_target(reader->unit, &value, &sibling))
            sibling = 0;
    }
    return sibling != 0 && jump(reader, sibling);
}

void dwarf_skip_entry(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev)
{
    if (!abbrev->children)
        dwarf_skip_attributes(reader, abbrev);
    else if (!skip_by_sibling(reader, abbrev))
        dwarf_skip_children(reader);
}

void dwarf_skip_children(struct dwarf_reader *reader)
{
    struct dwarf_entry entry;
    uint64_t depth = 1;
    while (depth > 0 && cursor_left(&reader->c) > 0) {
        if (!dwarf_next(reader, &entry))
            depth--;
        else if (!entry.abbrev->children)
            dwarf_skip_attributes(reader, entry.abbrev);
        else if (!skip_by_sibling(reader, entry.abbrev))
            depth++;
    }
}

/* --- Units --- */

static void take_attribute(struct dwarf_unit *unit, uint16_t name, const struct dwarf_value *value,
                           struct dwarf_value *low, struct dwarf_value *directory, struct dwarf_value *split)
{
    switch (name) {
    case dw_at_low_pc:
        *low = *value;
        break;
    case dw_at_ranges:
        unit->has_ranges = true;
        break;
    case dw_at_stmt_list:
        unit->has_lines = true;
        unit->lines += value->number;
        break;
    case dw_at_comp_dir:
        *directory = *value;
        break;
    case dw_at_dwo_name:
    case dw_at_gnu_dwo_name:
        *split = *value;
        break;
    case dw_at_gnu_dwo_id:
        unit->id = value->number;
        break;
    case dw_at_str_offsets_base:
        unit->str_offsets_base = value->number;
        break;
    case dw_at_addr_base:
    case dw_at_gnu_addr_base:
        unit->addr_base = value->number;
        break;
    case dw_at_rnglists_base:
        unit->rnglists_base = value->number;
        break;
    case dw_at_gnu_ranges_base:
        unit->ranges_base = value->number;
        break;
    default:
        break;
    }
}

/* Reads the first entry with a table that has its abbreviation. Strings and addresses wait until the bases that they
 * need are known. */
static bool read_first(struct dwarf_unit *unit, struct dwarf_reader *reader)
{
    struct dwarf_value low = {0}, directory = {0}, split = {0};
    struct dwarf_entry entry;
    if (!dwarf_next(reader, &entry))
        return false;
    const struct dwarf_spec *specs = reader->abbrevs->specs.at + entry.abbrev->first;
    for (uint32_t i = 0; i < entry.abbrev->n && cursor_ok(&reader->c); i++) {
        struct dwarf_value value;
        dwarf_value_read(&reader->c, &unit->format, &specs[i], &value);
        take_attribute(unit, specs[i].name, &value, &low, &directory, &split);
    }
    unit->directory = dwarf_text(unit, &directory);
    unit->split_name = dwarf_text(unit, &split);
    if (!dwarf_address(unit, &low, &unit->low_pc))
        unit->low_pc = 0;
    if (entry.abbrev->tag == dw_tag_partial_unit)
        unit->kind = dw_ut_partial;
    return cursor_ok(&reader->c);
}

/* Most units of a large file are never looked into: only the one abbreviation of their first entry is read. */
bool dwarf_unit_read(struct dwarf_unit *unit)
{
    struct str bytes = str_first(str_skip(unit->dwarf->sections.info, unit->entries), unit->end - unit->entries);
    struct dwarf_reader reader = {.unit = unit, .c = cursor_over(bytes.p, bytes.n, unit->entries)};
    struct cursor c = reader.c;
    struct dwarf_abbrevs *table = table_create(unit->dwarf, unit->abbrev_offset, cursor_varint(&c));
    if (!table)
        return false;
    reader.abbrevs = table;
    bool fine = read_first(unit, &reader);
    table_destroy(table, unit->dwarf->mem);
    return fine;
}

/* What a unit's tables begin with where it does not say: the header of each. */
static void set_bases(struct dwarf_unit *unit)
{
    bool new = unit->format.version >= 5, wide = unit->format.offset_size == 8;
    unit->addr_base = unit->str_offsets_base = new ? (wide ? 16 : 8) : 0;
    unit->rnglists_base = new ? (wide ? 20 : 12) : 0;
}

/* Reads the header of a unit; false where there are no more that can be. */
static bool read_header(struct cursor *all, struct dwarf_unit *unit)
{
    unit->offset = cursor_offset(all);
    uint64_t length = cursor_u32le(all);
    unit->format.offset_size = length == UINT32_MAX ? 8 : 4;
    if (length == UINT32_MAX)
        length = cursor_u64le(all);
    struct cursor c = cursor_sub(all, length);
    unit->end = cursor_offset(all);
    unit->format.version = cursor_u16le(&c);
    unit->kind = dw_ut_compile;
    if (unit->format.version >= 5) {
        unit->kind = cursor_u8(&c);
        unit->format.address_size = cursor_u8(&c);
    }
    unit->abbrev_offset = unit->format.offset_size == 4 ? cursor_u32le(&c) : cursor_u64le(&c);
    if (unit->format.version < 5)
        unit->format.address_size = cursor_u8(&c);
    if (unit->kind == dw_ut_skeleton || unit->kind == dw_ut_split_compile)
        unit->id = cursor_u64le(&c);
    unit->entries = cursor_offset(&c);
    set_bases(unit);
    return cursor_ok(all);
}

static bool is_readable(const struct dwarf_unit *unit)
{
    return unit->format.version >= 2 && unit->format.version <= 5 && unit->entries < unit->end &&
           (unit->format.address_size == 4 || unit->format.address_size == 8) && unit->kind != dw_ut_type &&
           unit->kind != dw_ut_split_type;
}

static bool list_units(struct dwarf *dwarf)
{
    struct cursor c = cursor_over(dwarf->sections.info.p, dwarf->sections.info.n, 0);
    while (cursor_left(&c) > 0) {
        struct dwarf_unit unit = {.dwarf = dwarf};
        if (!read_header(&c, &unit))
            break;
        if (!is_readable(&unit))
            continue;
        if (!vec_reserve(&dwarf->units, dwarf->mem, 1))
            return false;
        memcpy(&dwarf->units.at[dwarf->units.n++], &unit, sizeof unit);
    }
    return true;
}

bool dwarf_init(struct dwarf *dwarf, const struct dwarf_sections *sections, bool split, struct mem *mem)
{
    *dwarf = (struct dwarf){.mem = mem, .sections = *sections};
    if (pthread_mutex_init(&dwarf->lock, NULL) != 0)
        return false;
    map_init(&dwarf->table_of, mem);
    if (!list_units(dwarf)) {
        dwarf_finish(dwarf);
        return false;
    }
    for (size_t i = 0; i < dwarf->units.n && !split; i++) {
        if (!dwarf_unit_read(&dwarf->units.at[i]))
            dwarf->units.at[i].kind = 0; /* nothing is looked for in it */
    }
    return true;
}

void dwarf_finish(struct dwarf *dwarf)
{
    for (size_t i = 0; i < dwarf->tables.n; i++)
        table_destroy(dwarf->tables.at[i], dwarf->mem);
    vec_finish(&dwarf->tables, dwarf->mem);
    vec_finish(&dwarf->units, dwarf->mem);
    map_finish(&dwarf->table_of);
    pthread_mutex_destroy(&dwarf->lock);
}

struct dwarf_unit *dwarf_unit_at(const struct dwarf *dwarf, uint64_t offset)
{
    size_t low = 0, high = dwarf->units.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dwarf->units.at[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    struct dwarf_unit *unit = low > 0 ? &dwarf->units.at[low - 1] : NULL;
    return unit && offset >= unit->entries && offset < unit->end ? unit : NULL;
}
