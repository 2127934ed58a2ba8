#include "elf/image.h"

#include <string.h>

enum {
    segment_header_size = 56,
    narrow_segment_header_size = 32,
    section_header_size = 64,
    narrow_section_header_size = 40,
    section_note = 7,
    section_nobits = 8,
    note_gnu_build_id = 3
};

/* An address, offset or size, in an image's own width. */
static uint64_t word(const struct elf_image *image, struct cursor *c)
{
    return image->narrow ? cursor_u32le(c) : cursor_u64le(c);
}

static uint32_t segment_size_of(const struct elf_image *image)
{
    return image->narrow ? narrow_segment_header_size : segment_header_size;
}

static uint32_t section_size_of(const struct elf_image *image)
{
    return image->narrow ? narrow_section_header_size : section_header_size;
}

static bool in_file(const struct elf_image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->file.n && size <= image->file.n - offset;
}

static struct cursor table_entry(struct str table, uint32_t number, uint32_t size)
{
    return cursor_over(table.p + (size_t)number * size, size, (uint64_t)number * size);
}

static bool section_at(const struct elf_image *image, uint32_t number, struct elf_section *section, uint32_t *name)
{
    if (number >= image->nsections)
        return false;
    struct cursor c = table_entry(image->sections, number, section_size_of(image));
    *name = cursor_u32le(&c);
    section->type = cursor_u32le(&c);
    section->flags = word(image, &c);
    section->address = word(image, &c);
    section->offset = word(image, &c);
    section->size = word(image, &c);
    section->link = cursor_u32le(&c);
    return true;
}

bool elf_image_section(const struct elf_image *image, uint32_t number, struct elf_section *section)
{
    struct elf_section found = {0};
    uint32_t name;
    if (!section_at(image, number, &found, &name))
        return false;
    struct cursor names = cursor_over(image->section_names.p, image->section_names.n, 0);
    cursor_bytes(&names, name);
    found.name = cursor_c_string(&names);
    *section = found;
    return true;
}

/* What the file header says about the section headers. */
struct section_table {
    uint64_t offset;
    uint32_t n, names;
};

/* Takes the section headers where they lie in the file. Counts that do not fit the file header stand in section 0. */
static void take_sections(struct elf_image *image, struct section_table table)
{
    struct elf_section section;
    uint32_t name, size = section_size_of(image);
    if (table.offset == 0 || !in_file(image, table.offset, size))
        return;
    image->sections = (struct str){image->file.p + table.offset, size};
    image->nsections = 1;
    section_at(image, 0, &section, &name);
    uint64_t n = table.n == 0 ? section.size : table.n;
    if (table.names == 0xffff)
        table.names = section.link;
    if (n > (image->file.n - table.offset) / size) {
        image->sections = (struct str){0};
        image->nsections = 0;
        return;
    }
    image->sections.n = n * size;
    image->nsections = (uint32_t)n;
    if (section_at(image, table.names, &section, &name))
        image->section_names = elf_section_bytes(image, &section);
}

bool elf_image_of_file(struct str file, struct elf_image *image, struct fault *fault)
{
    struct elf_image made = {.file = file};
    struct cursor c = cursor_over(file.p, file.n, 0);
    struct str magic = cursor_bytes(&c, 7);
    made.narrow = cursor_ok(&c) && magic.p[4] == 1;
    if (cursor_ok(&c) && memcmp(magic.p, made.narrow ? "\177ELF\1\1\1" : "\177ELF\2\1\1", 7) != 0)
        cursor_fail_at(&c, 0, "a little-endian ELF file");
    cursor_bytes(&c, 9 + 2);
    made.machine = cursor_u16le(&c);
    cursor_u32le(&c); /* the version */
    word(&made, &c);  /* the entry */
    uint64_t segments = word(&made, &c);
    struct section_table sections = {.offset = word(&made, &c)};
    cursor_bytes(&c, 4 + 2);
    uint16_t segment_size = cursor_u16le(&c);
    made.nsegments = cursor_u16le(&c);
    uint16_t section_size = cursor_u16le(&c);
    sections.n = cursor_u16le(&c);
    sections.names = cursor_u16le(&c);
    if (cursor_ok(&c) && made.nsegments > 0 &&
        (segment_size != segment_size_of(&made) || !in_file(&made, segments, (uint64_t)made.nsegments * segment_size)))
        cursor_fail_at(&c, 32, "program headers inside of the file");
    if (!cursor_ok(&c)) {
        *fault = c.fault;
        return false;
    }
    if (made.nsegments > 0)
        made.segments = (struct str){file.p + segments, (size_t)made.nsegments * segment_size};
    if (section_size == section_size_of(&made))
        take_sections(&made, sections);
    *image = made;
    return true;
}

bool elf_image_of_loaded(uint64_t bias, const void *headers, uint32_t count, struct elf_image *image)
{
    struct elf_image made = {
        .loaded = true, .bias = bias, .segments = {headers, (size_t)count * segment_header_size}, .nsegments = count};
    struct elf_segment segment;
    if (!elf_image_find_segment(&made, elf_load, &segment))
        return false;
    *image = made;
    return true;
}

bool elf_image_segment(const struct elf_image *image, uint32_t number, struct elf_segment *segment)
{
    if (number >= image->nsegments)
        return false;
    struct cursor c = table_entry(image->segments, number, segment_size_of(image));
    struct elf_segment read = {.type = cursor_u32le(&c)};
    if (!image->narrow)
        read.flags = cursor_u32le(&c);
    read.offset = word(image, &c);
    read.address = word(image, &c);
    word(image, &c); /* the physical address */
    read.file_size = word(image, &c);
    read.memory_size = word(image, &c);
    if (image->narrow)
        read.flags = cursor_u32le(&c);
    read.align = word(image, &c);
    *segment = read;
    return true;
}

bool elf_image_find_segment(const struct elf_image *image, uint32_t type, struct elf_segment *segment)
{
    struct elf_segment read;
    for (uint32_t i = 0; elf_image_segment(image, i, &read); i++)
        if (read.type == type) {
            *segment = read;
            return true;
        }
    return false;
}

bool elf_image_find_section(const struct elf_image *image, struct str name, struct elf_section *section)
{
    struct elf_section read;
    for (uint32_t i = 0; elf_image_section(image, i, &read); i++)
        if (str_equal(read.name, name)) {
            *section = read;
            return true;
        }
    return false;
}

struct str elf_section_bytes(const struct elf_image *image, const struct elf_section *section)
{
    if (section->type == section_nobits || !in_file(image, section->offset, section->size))
        return (struct str){0};
    return (struct str){image->file.p + section->offset, section->size};
}

/* The bytes that a segment really has: of a file that was cut short only those that are there. */
static struct str segment_bytes(const struct elf_image *image, const struct elf_segment *segment)
{
    if (image->loaded)
        return (struct str){(const char *)(uintptr_t)(segment->address + image->bias), segment->file_size};
    if (segment->offset > image->file.n)
        return (struct str){0};
    uint64_t left = image->file.n - segment->offset;
    return (struct str){image->file.p + segment->offset, segment->file_size < left ? segment->file_size : left};
}

struct str elf_image_at(const struct elf_image *image, uint64_t address)
{
    struct elf_segment segment;
    for (uint32_t i = 0; elf_image_segment(image, i, &segment); i++)
        if (segment.type == elf_load && (segment.flags & elf_readable) && address >= segment.address &&
            address - segment.address < segment.file_size)
            return str_skip(segment_bytes(image, &segment), address - segment.address);
    return (struct str){0};
}

bool elf_image_text(const struct elf_image *image, uint64_t *start, uint64_t *limit, uint64_t *offset)
{
    struct elf_segment segment, first = {.address = UINT64_MAX};
    uint64_t end = 0;
    for (uint32_t i = 0; elf_image_segment(image, i, &segment); i++) {
        if (segment.type != elf_load || !(segment.flags & elf_executable) || segment.memory_size == 0 ||
            segment.memory_size > UINT64_MAX - segment.address)
            continue;
        if (segment.address < first.address)
            first = segment;
        if (segment.address + segment.memory_size > end)
            end = segment.address + segment.memory_size;
    }
    if (end == 0)
        return false;
    *start = first.address;
    *limit = end;
    *offset = first.offset;
    return true;
}

bool elf_image_address_of(const struct elf_image *image, uint64_t offset, uint64_t *address)
{
    struct elf_segment segment;
    for (uint32_t i = 0; elf_image_segment(image, i, &segment); i++)
        if (segment.type == elf_load && offset >= segment.offset && offset - segment.offset < segment.file_size) {
            *address = segment.address + (offset - segment.offset);
            return true;
        }
    return false;
}

/* The build id among the notes; an empty str where it isn't there. */
static struct str build_id_note(struct cursor notes)
{
    while (cursor_left(&notes) >= 12) {
        uint32_t name_size = cursor_u32le(&notes), size = cursor_u32le(&notes), type = cursor_u32le(&notes);
        struct str name = cursor_bytes(&notes, name_size);
        cursor_bytes(&notes, -name_size & 3);
        struct str id = cursor_bytes(&notes, size);
        if (cursor_ok(&notes) && type == note_gnu_build_id && name.n == 4 && memcmp(name.p, "GNU", 4) == 0)
            return id;
        cursor_bytes(&notes, -size & 3);
    }
    return (struct str){0};
}

void elf_image_build_id(const struct elf_image *image, char hex[elf_build_id_hex_max])
{
    struct elf_segment segment;
    struct str id = {0};
    for (uint32_t i = 0; id.n == 0 && elf_image_segment(image, i, &segment); i++)
        if (segment.type == elf_note) {
            struct str notes =
                str_first(image->loaded ? elf_image_at(image, segment.address) : segment_bytes(image, &segment),
                          segment.file_size);
            id = build_id_note(cursor_over(notes.p, notes.n, 0));
        }
    /* The segments of a file of debug information alone may lead nowhere. */
    struct elf_section section;
    for (uint32_t i = 0; id.n == 0 && elf_image_section(image, i, &section); i++)
        if (section.type == section_note) {
            struct str notes = elf_section_bytes(image, &section);
            id = build_id_note(cursor_over(notes.p, notes.n, 0));
        }
    if (id.n > (elf_build_id_hex_max - 1) / 2)
        id.n = 0;
    for (size_t i = 0; i < id.n; i++) {
        hex[2 * i] = "0123456789abcdef"[(uint8_t)id.p[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[id.p[i] & 15];
    }
    hex[2 * id.n] = 0;
}
