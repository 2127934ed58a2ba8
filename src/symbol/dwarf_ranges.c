#include "symbol/dwarf.h"

void dwarf_extent_read(struct dwarf_reader *reader, const struct dwarf_abbrev *abbrev, struct dwarf_extent *extent)
{
    const struct dwarf_spec *specs = reader->abbrevs->specs.at + abbrev->first;
    *extent = (struct dwarf_extent){0};
    for (uint32_t i = 0; i < abbrev->n; i++) {
        struct dwarf_value value;
        dwarf_value_read(&reader->c, &reader->unit->format, &specs[i], &value);
        switch (specs[i].name) {
        case dw_at_low_pc:
            extent->has_low = true;
            extent->low = value;
            break;
        case dw_at_high_pc:
            extent->has_high = true;
            extent->high = value;
            break;
        case dw_at_ranges:
            extent->has_ranges = true;
            extent->ranges = value;
            break;
        case dw_at_sibling:
            if (!dwarf_target(reader->unit, &value, &extent->sibling))
                extent->sibling = 0;
            break;
        default:
            break;
        }
    }
}

/* Where a list begins in its section. Ranges of a split unit of DWARF 4 are counted from where the skeleton says; in
 * DWARF 5 lists may be numbered, in a table of offsets. */
static bool list_offset(const struct dwarf_unit *unit, const struct dwarf_value *value, struct str section,
                        uint64_t *offset)
{
    *offset = value->number;
    if (value->form == dw_form_rnglistx) {
        struct cursor c = cursor_over(section.p, section.n, 0);
        cursor_bytes(&c, unit->rnglists_base);
        cursor_bytes(&c, value->number < section.n ? value->number * unit->format.offset_size : UINT64_MAX);
        *offset = unit->rnglists_base + (unit->format.offset_size == 4 ? cursor_u32le(&c) : cursor_u64le(&c));
        return cursor_ok(&c);
    }
    if (unit->format.version < 5 && unit->skeleton)
        *offset += unit->skeleton->ranges_base;
    return value->form == dw_form_sec_offset || value->form == dw_form_data4 || value->form == dw_form_data8;
}

void dwarf_ranges_init(struct dwarf_ranges *ranges, const struct dwarf_unit *unit, const struct dwarf_extent *extent)
{
    const struct dwarf_unit *owner = unit->skeleton ? unit->skeleton : unit;
    *ranges = (struct dwarf_ranges){.unit = unit, .base = owner->low_pc};
    if (extent->has_ranges) {
        uint64_t offset;
        ranges->old = unit->format.version < 5;
        struct str section = ranges->old ? owner->dwarf->sections.ranges : unit->dwarf->sections.rnglists;
        ranges->list = list_offset(unit, &extent->ranges, section, &offset);
        ranges->c = cursor_over(section.p, section.n, 0);
        cursor_bytes(&ranges->c, offset);
    } else if (extent->has_low && extent->has_high && dwarf_address(unit, &extent->low, &ranges->low)) {
        if (!dwarf_address(unit, &extent->high, &ranges->high))
            ranges->high = ranges->low + extent->high.number;
        ranges->one = true;
    }
}

static uint64_t read_address(struct dwarf_ranges *ranges)
{
    return ranges->unit->format.address_size == 4 ? cursor_u32le(&ranges->c) : cursor_u64le(&ranges->c);
}

/* A pair of the old lists; false at their end. A pair that begins with the greatest address sets the base. */
static bool next_old(struct dwarf_ranges *ranges, uint64_t *start, uint64_t *end)
{
    uint64_t greatest = ranges->unit->format.address_size == 4 ? UINT32_MAX : UINT64_MAX;
    while (cursor_ok(&ranges->c)) {
        uint64_t a = read_address(ranges), b = read_address(ranges);
        if (a == greatest) {
            ranges->base = b;
            continue;
        }
        if (!cursor_ok(&ranges->c) || (a == 0 && b == 0))
            return false;
        *start = a + ranges->base;
        *end = b + ranges->base;
        return true;
    }
    return false;
}

/* The address of a number in .debug_addr. */
static uint64_t numbered(struct dwarf_ranges *ranges)
{
    struct dwarf_value value = {.form = dw_form_addrx, .number = cursor_varint(&ranges->c)};
    uint64_t address;
    return dwarf_address(ranges->unit, &value, &address) ? address : 0;
}

static bool next_new(struct dwarf_ranges *ranges, uint64_t *start, uint64_t *end)
{
    struct cursor *c = &ranges->c;
    while (cursor_ok(c)) {
        switch (cursor_u8(c)) {
        case dw_rle_base_addressx:
            ranges->base = numbered(ranges);
            continue;
        case dw_rle_base_address:
            ranges->base = read_address(ranges);
            continue;
        case dw_rle_startx_endx:
            *start = numbered(ranges);
            *end = numbered(ranges);
            break;
        case dw_rle_startx_length:
            *start = numbered(ranges);
            *end = *start + cursor_varint(c);
            break;
        case dw_rle_offset_pair:
            *start = ranges->base + cursor_varint(c);
            *end = ranges->base + cursor_varint(c);
            break;
        case dw_rle_start_end:
            *start = read_address(ranges);
            *end = read_address(ranges);
            break;
        case dw_rle_start_length:
            *start = read_address(ranges);
            *end = *start + cursor_varint(c);
            break;
        default:
            return false;
        }
        return cursor_ok(c);
    }
    return false;
}

bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *start, uint64_t *end)
{
    uint64_t a = ranges->low, b = ranges->high;
    while (ranges->one || ranges->list) {
        if (ranges->list && !(ranges->old ? next_old(ranges, &a, &b) : next_new(ranges, &a, &b)))
            return false;
        ranges->one = false;
        if (a >= b || a < ranges->unit->dwarf->lowest)
            continue;
        *start = a;
        *end = b;
        return true;
    }
    return false;
}
