/* Reading any bytes as an ELF file stays inside of them: every str that comes out is read to its end. */
#include <stdlib.h>

#include "elf/symbols.h"
#include "fuzz/fuzz.h"

static void inside(struct str bytes, struct str all)
{
    if (bytes.n > 0 && (bytes.p < all.p || bytes.n > all.n || (size_t)(bytes.p - all.p) > all.n - bytes.n))
        abort();
}

static void read_symbols(const struct elf_symbols *symbols, struct str all)
{
    struct elf_symbol symbol;
    inside(symbols->entries, all);
    inside(symbols->names, all);
    for (uint32_t i = 0; elf_symbol_at(symbols, i, &symbol); i++)
        inside(symbol.name, all);
}

static void read_headers(const struct elf_image *image)
{
    struct elf_segment segment;
    struct elf_section section;
    for (uint32_t i = 0; elf_image_segment(image, i, &segment); i++)
        inside(elf_image_at(image, segment.address), image->file);
    for (uint32_t i = 0; elf_image_section(image, i, &section); i++) {
        inside(section.name, image->file);
        inside(elf_section_bytes(image, &section), image->file);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str all = {(const char *)bytes, size};
    struct elf_image image;
    struct elf_symbols symbols;
    struct elf_unwind unwind;
    struct fault fault = {0};
    char build_id[elf_build_id_hex_max];
    uint64_t start, limit, offset;
    if (!elf_image_of_file(all, &image, &fault)) {
        if (!fault.expected || fault.offset > size)
            abort();
        return 0;
    }
    read_headers(&image);
    if (elf_symbols_full(&image, &symbols))
        read_symbols(&symbols, all);
    if (elf_symbols_dynamic(&image, &symbols))
        read_symbols(&symbols, all);
    elf_image_build_id(&image, build_id);
    if (elf_image_text(&image, &start, &limit, &offset) && limit <= start)
        abort();
    if (elf_image_unwind(&image, &unwind)) {
        inside(unwind.eh_frame, all);
        inside(unwind.header, all);
    }
    return 0;
}
