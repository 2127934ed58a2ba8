/* Finding .eh_frame: see image.h. */
#include "elf/image.h"

enum {
    pointer_absolute = 0,
    pointer_uleb128 = 1,
    pointer_u16 = 2,
    pointer_u32 = 3,
    pointer_u64 = 4,
    pointer_sleb128 = 9,
    pointer_s16 = 10,
    pointer_s32 = 11,
    pointer_s64 = 12,
    pointer_relative_to_itself = 0x10,
    pointer_relative_to_data = 0x30,
    pointer_relation = 0x70,
    pointer_omitted = 0xff
};

uint64_t elf_encoded_pointer(struct cursor *c, uint8_t encoding, uint64_t address, uint64_t base)
{
    uint64_t place = address + cursor_offset(c), value = 0;
    if (encoding == pointer_omitted)
        return 0;
    switch (encoding & 15) {
    case pointer_absolute:
    case pointer_u64:
    case pointer_s64:
        value = cursor_u64le(c);
        break;
    case pointer_uleb128:
        value = cursor_varint(c);
        break;
    case pointer_sleb128:
        value = (uint64_t)cursor_sleb128(c);
        break;
    case pointer_u16:
        value = cursor_u16le(c);
        break;
    case pointer_s16:
        value = (uint64_t)(int64_t)(int16_t)cursor_u16le(c);
        break;
    case pointer_u32:
        value = cursor_u32le(c);
        break;
    case pointer_s32:
        value = (uint64_t)(int64_t)(int32_t)cursor_u32le(c);
        break;
    default:
        cursor_fail(c, "a known pointer encoding");
        return 0;
    }
    if (value == 0)
        return 0;
    switch (encoding & pointer_relation) {
    case 0:
        return value;
    case pointer_relative_to_itself:
        return place + value;
    case pointer_relative_to_data:
        return base + value;
    default:
        cursor_fail(c, "a known pointer relation");
        return 0;
    }
}

/* The length of .eh_frame by the section headers; without them it may reach to the end of its segment. */
static void limit_to_section(const struct elf_image *image, struct elf_unwind *unwind)
{
    struct elf_section section;
    if (elf_image_find_section(image, STR(".eh_frame"), &section) && section.address == unwind->eh_frame_address)
        unwind->eh_frame = str_first(unwind->eh_frame, section.size);
}

bool elf_unwind_from_header(struct str header, uint64_t address, struct elf_unwind *unwind)
{
    struct cursor c = cursor_over(header.p, header.n, 0);
    uint8_t version = cursor_u8(&c), encoding = cursor_u8(&c);
    cursor_bytes(&c, 2);
    uint64_t eh_frame = elf_encoded_pointer(&c, encoding, address, address);
    if (!cursor_ok(&c) || version != 1 || eh_frame == 0)
        return false;
    *unwind = (struct elf_unwind){{0}, eh_frame, header, address};
    return true;
}

static bool by_header(const struct elf_image *image, struct elf_unwind *unwind)
{
    struct elf_segment segment;
    struct elf_unwind found;
    if (!elf_image_find_segment(image, elf_eh_frame_hdr, &segment))
        return false;
    struct str header = str_first(elf_image_at(image, segment.address), segment.file_size);
    if (!elf_unwind_from_header(header, segment.address, &found))
        return false;
    found.eh_frame = elf_image_at(image, found.eh_frame_address);
    if (found.eh_frame.n == 0)
        return false;
    *unwind = found;
    return true;
}

static bool by_section(const struct elf_image *image, struct elf_unwind *unwind)
{
    struct elf_section section;
    if (!elf_image_find_section(image, STR(".eh_frame"), &section))
        return false;
    struct elf_unwind found = {elf_section_bytes(image, &section), section.address, {0}, 0};
    if (found.eh_frame.n == 0)
        return false;
    *unwind = found;
    return true;
}

bool elf_image_unwind(const struct elf_image *image, struct elf_unwind *unwind)
{
    if (!by_header(image, unwind))
        return by_section(image, unwind);
    limit_to_section(image, unwind);
    return true;
}
