#include "elf/symbols.h"

enum {
    symbol_size = 24,
    narrow_symbol_size = 16,
    section_symtab = 2,
    section_dynsym = 11,
    dynamic_hash = 4,
    dynamic_strtab = 5,
    dynamic_symtab = 6,
    dynamic_strsz = 10,
    dynamic_gnu_hash = 0x6ffffef5
};

static bool of_section(const struct elf_image *image, uint32_t type, struct elf_symbols *symbols)
{
    struct elf_section section, names;
    for (uint32_t i = 0; elf_image_section(image, i, &section); i++) {
        if (section.type != type || !elf_image_section(image, section.link, &names))
            continue;
        struct str entries = elf_section_bytes(image, &section);
        uint32_t size = image->narrow ? narrow_symbol_size : symbol_size;
        if (entries.n < size || entries.n / size > UINT32_MAX)
            continue;
        *symbols = (struct elf_symbols){entries, elf_section_bytes(image, &names), (uint32_t)(entries.n / size),
                                        image->narrow};
        return true;
    }
    return false;
}

bool elf_symbols_full(const struct elf_image *image, struct elf_symbols *symbols)
{
    return of_section(image, section_symtab, symbols);
}

/* What the dynamic segment says, as addresses of the image. */
struct dynamic_tables {
    uint64_t hash, gnu_hash, symtab, strtab, strsz;
};

/* A pointer of the dynamic segment: the dynamic linker has put the load bias into those of most loaded modules, but
 * not into the vdso's. */
static uint64_t dynamic_pointer(const struct elf_image *image, uint64_t value)
{
    if (image->loaded && elf_image_at(image, value - image->bias).n > 0)
        return value - image->bias;
    return value;
}

static bool read_dynamic(const struct elf_image *image, struct dynamic_tables *tables)
{
    struct elf_segment segment;
    if (!elf_image_find_segment(image, elf_dynamic, &segment))
        return false;
    struct str bytes = str_first(elf_image_at(image, segment.address), segment.file_size);
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    *tables = (struct dynamic_tables){0};
    while (cursor_left(&c) >= 16) {
        uint64_t tag = cursor_u64le(&c), value = cursor_u64le(&c);
        if (tag == 0)
            break;
        if (tag == dynamic_hash)
            tables->hash = dynamic_pointer(image, value);
        else if (tag == dynamic_gnu_hash)
            tables->gnu_hash = dynamic_pointer(image, value);
        else if (tag == dynamic_symtab)
            tables->symtab = dynamic_pointer(image, value);
        else if (tag == dynamic_strtab)
            tables->strtab = dynamic_pointer(image, value);
        else if (tag == dynamic_strsz)
            tables->strsz = value;
    }
    return tables->symtab != 0 && tables->strtab != 0;
}

/* The number of symbols is not said anywhere but by the hash tables: in the old one it is the number of chains. */
static uint64_t count_by_hash(const struct elf_image *image, uint64_t address)
{
    struct str bytes = elf_image_at(image, address);
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    cursor_u32le(&c);
    return cursor_u32le(&c);
}

/* In GNU's it is where the chain that begins last ends. */
static uint64_t count_by_gnu_hash(const struct elf_image *image, uint64_t address)
{
    struct str bytes = elf_image_at(image, address);
    struct cursor c = cursor_over(bytes.p, bytes.n, 0);
    uint32_t nbuckets = cursor_u32le(&c), first = cursor_u32le(&c), nwords = cursor_u32le(&c);
    cursor_u32le(&c);
    cursor_bytes(&c, (uint64_t)nwords * 8);
    uint32_t last = 0;
    for (uint32_t i = 0; i < nbuckets && cursor_ok(&c); i++) {
        uint32_t bucket = cursor_u32le(&c);
        last = bucket > last ? bucket : last;
    }
    if (!cursor_ok(&c) || last < first)
        return first;
    cursor_bytes(&c, (uint64_t)(last - first) * 4);
    while (cursor_left(&c) >= 4) {
        last++;
        if (cursor_u32le(&c) & 1)
            break;
    }
    return cursor_ok(&c) ? last : 0;
}

bool elf_symbols_dynamic(const struct elf_image *image, struct elf_symbols *symbols)
{
    struct dynamic_tables tables;
    if (of_section(image, section_dynsym, symbols))
        return true;
    if (image->narrow || !read_dynamic(image, &tables))
        return false;
    uint64_t n = tables.gnu_hash ? count_by_gnu_hash(image, tables.gnu_hash)
                 : tables.hash   ? count_by_hash(image, tables.hash)
                                 : 0;
    struct str entries = elf_image_at(image, tables.symtab), names = elf_image_at(image, tables.strtab);
    if (n > entries.n / symbol_size)
        n = entries.n / symbol_size;
    if (n == 0)
        return false;
    *symbols =
        (struct elf_symbols){str_first(entries, n * symbol_size), str_first(names, tables.strsz), (uint32_t)n, false};
    return true;
}

static void read_narrow(struct cursor *c, struct elf_symbol *symbol)
{
    symbol->address = cursor_u32le(c);
    symbol->size = cursor_u32le(c);
    uint8_t info = cursor_u8(c);
    cursor_u8(c);
    symbol->type = info & 15;
    symbol->binding = info >> 4;
    symbol->section = cursor_u16le(c);
}

static void read_wide(struct cursor *c, struct elf_symbol *symbol)
{
    uint8_t info = cursor_u8(c);
    cursor_u8(c);
    symbol->type = info & 15;
    symbol->binding = info >> 4;
    symbol->section = cursor_u16le(c);
    symbol->address = cursor_u64le(c);
    symbol->size = cursor_u64le(c);
}

bool elf_symbol_at(const struct elf_symbols *symbols, uint32_t number, struct elf_symbol *symbol)
{
    if (number >= symbols->n)
        return false;
    uint32_t size = symbols->narrow ? narrow_symbol_size : symbol_size;
    struct cursor c = cursor_over(symbols->entries.p + (size_t)number * size, size, 0);
    struct cursor names = cursor_over(symbols->names.p, symbols->names.n, 0);
    struct elf_symbol read = {0};
    cursor_bytes(&names, cursor_u32le(&c));
    read.name = cursor_c_string(&names);
    if (symbols->narrow)
        read_narrow(&c, &read);
    else
        read_wide(&c, &read);
    *symbol = read;
    return true;
}
