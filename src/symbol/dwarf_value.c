#include "symbol/dwarf.h"

static uint64_t read_sized(struct cursor *c, unsigned size)
{
    switch (size) {
    case 1:
        return cursor_u8(c);
    case 2:
        return cursor_u16le(c);
    case 4:
        return cursor_u32le(c);
    default:
        return cursor_u64le(c);
    }
}

static uint64_t read_u24(struct cursor *c)
{
    uint64_t low = cursor_u16le(c);
    return low | (uint64_t)cursor_u8(c) << 16;
}

/* Forms that are a number of known size; 0 for others. */
static unsigned number_size(uint16_t form, const struct dwarf_format *format)
{
    switch (form) {
    case dw_form_data1:
    case dw_form_ref1:
    case dw_form_flag:
    case dw_form_strx1:
    case dw_form_addrx1:
        return 1;
    case dw_form_data2:
    case dw_form_ref2:
    case dw_form_strx2:
    case dw_form_addrx2:
        return 2;
    case dw_form_data4:
    case dw_form_ref4:
    case dw_form_ref_sup4:
    case dw_form_strx4:
    case dw_form_addrx4:
        return 4;
    case dw_form_data8:
    case dw_form_ref8:
    case dw_form_ref_sig8:
    case dw_form_ref_sup8:
        return 8;
    case dw_form_addr:
        return format->address_size;
    case dw_form_ref_addr:
        return format->version <= 2 ? format->address_size : format->offset_size;
    case dw_form_sec_offset:
    case dw_form_strp:
    case dw_form_line_strp:
    case dw_form_strp_sup:
    case dw_form_gnu_ref_alt:
    case dw_form_gnu_strp_alt:
        return format->offset_size;
    default:
        return 0;
    }
}

static void read_other(struct cursor *c, const struct dwarf_spec *spec, struct dwarf_value *value)
{
    switch (value->form) {
    case dw_form_udata:
    case dw_form_ref_udata:
    case dw_form_strx:
    case dw_form_addrx:
    case dw_form_loclistx:
    case dw_form_rnglistx:
    case dw_form_gnu_addr_index:
    case dw_form_gnu_str_index:
        value->number = cursor_varint(c);
        break;
    case dw_form_strx3:
    case dw_form_addrx3:
        value->number = read_u24(c);
        break;
    case dw_form_sdata:
        value->number = (uint64_t)cursor_sleb128(c);
        break;
    case dw_form_implicit_const:
        value->number = (uint64_t)spec->constant;
        break;
    case dw_form_flag_present:
        value->number = 1;
        break;
    case dw_form_string:
        value->bytes = cursor_c_string(c);
        break;
    case dw_form_block:
    case dw_form_exprloc:
        value->bytes = cursor_bytes(c, cursor_varint(c));
        break;
    case dw_form_block1:
        value->bytes = cursor_bytes(c, cursor_u8(c));
        break;
    case dw_form_block2:
        value->bytes = cursor_bytes(c, cursor_u16le(c));
        break;
    case dw_form_block4:
        value->bytes = cursor_bytes(c, cursor_u32le(c));
        break;
    case dw_form_data16:
        value->bytes = cursor_bytes(c, 16);
        break;
    default:
        cursor_fail(c, "an attribute form of DWARF 2 to 5");
    }
}

void dwarf_value_read(struct cursor *c, const struct dwarf_format *format, const struct dwarf_spec *spec,
                      struct dwarf_value *value)
{
    *value = (struct dwarf_value){.form = spec->form};
    for (int i = 0; value->form == dw_form_indirect && i < 4; i++)
        value->form = (uint16_t)cursor_varint(c);
    unsigned size = number_size(value->form, format);
    if (size > 0)
        value->number = read_sized(c, size);
    else
        read_other(c, spec, value);
}

static struct str string_at(struct str section, uint64_t offset)
{
    struct cursor c = cursor_over(section.p, section.n, 0);
    cursor_bytes(&c, offset);
    return cursor_c_string(&c);
}

/* The number at [base + index] of a table whose entries have `size` bytes; false where there is none. */
static bool entry_at(struct str section, uint64_t base, uint64_t index, unsigned size, uint64_t *number)
{
    if (base > section.n || index >= (section.n - base) / size)
        return false;
    struct cursor c = cursor_over(section.p + base + index * size, size, 0);
    *number = read_sized(&c, size);
    return true;
}

struct str dwarf_text(const struct dwarf_unit *unit, const struct dwarf_value *value)
{
    const struct dwarf_sections *sections = &unit->dwarf->sections;
    uint64_t offset;
    switch (value->form) {
    case dw_form_string:
        return value->bytes;
    case dw_form_strp:
        return string_at(sections->str, value->number);
    case dw_form_line_strp:
        return string_at(sections->line_str, value->number);
    case dw_form_strp_sup:
    case dw_form_gnu_strp_alt:
        return unit->dwarf->shared ? string_at(unit->dwarf->shared->sections.str, value->number) : STR("");
    case dw_form_strx:
    case dw_form_strx1:
    case dw_form_strx2:
    case dw_form_strx3:
    case dw_form_strx4:
    case dw_form_gnu_str_index:
        return entry_at(sections->str_offsets, unit->str_offsets_base, value->number, unit->format.offset_size, &offset)
                   ? string_at(sections->str, offset)
                   : STR("");
    default:
        return STR("");
    }
}

bool dwarf_address(const struct dwarf_unit *unit, const struct dwarf_value *value, uint64_t *address)
{
    const struct dwarf_unit *owner = unit->skeleton ? unit->skeleton : unit;
    switch (value->form) {
    case dw_form_addr:
        *address = value->number;
        return true;
    case dw_form_addrx:
    case dw_form_addrx1:
    case dw_form_addrx2:
    case dw_form_addrx3:
    case dw_form_addrx4:
    case dw_form_gnu_addr_index:
        return entry_at(owner->dwarf->sections.addr, owner->addr_base, value->number, unit->format.address_size,
                        address);
    default:
        return false;
    }
}

const struct dwarf_unit *dwarf_target(const struct dwarf_unit *unit, const struct dwarf_value *value, uint64_t *offset)
{
    switch (value->form) {
    case dw_form_ref1:
    case dw_form_ref2:
    case dw_form_ref4:
    case dw_form_ref8:
    case dw_form_ref_udata:
        *offset = unit->offset + value->number;
        return *offset >= unit->entries && *offset < unit->end ? unit : NULL;
    case dw_form_ref_addr:
        *offset = value->number;
        return dwarf_unit_at(unit->dwarf, value->number);
    case dw_form_ref_sup4:
    case dw_form_ref_sup8:
    case dw_form_gnu_ref_alt:
        *offset = value->number;
        return unit->dwarf->shared ? dwarf_unit_at(unit->dwarf->shared, value->number) : NULL;
    default:
        return NULL;
    }
}
