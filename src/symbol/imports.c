#include "symbol/imports.h"

#include <stdlib.h>

#include "elf/symbols.h"

enum { relocation_size = 24, stub_size = 16, short_stub_size = 8, jump_size = 6 };

static int by_address(const void *a, const void *b)
{
    const struct import *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static struct str find(const struct import *imports, size_t n, uint64_t address)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (imports[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && imports[low].address == address ? imports[low].name : (struct str){0};
}

struct str imports_slot(const struct imports *imports, uint64_t address)
{
    return find(imports->slots.at, imports->slots.n, address);
}

struct str imports_stub(const struct imports *imports, uint64_t address)
{
    return find(imports->stubs.at, imports->stubs.n, address);
}

/* Adds the slots that a section of relocations fills with the address of a symbol. */
static bool add_slots(struct imports *imports, const struct elf_image *image, const struct elf_symbols *symbols,
                      struct str name)
{
    struct elf_section section;
    if (!elf_image_find_section(image, name, &section))
        return true;
    struct str bytes = elf_section_bytes(image, &section);
    struct cursor c = cursor_over(bytes.p, bytes.n, section.offset);
    while (cursor_left(&c) >= relocation_size) {
        struct elf_symbol symbol;
        uint64_t address = cursor_u64le(&c), info = cursor_u64le(&c);
        cursor_u64le(&c); /* the addend */
        if (info >> 32 == 0 || !elf_symbol_at(symbols, (uint32_t)(info >> 32), &symbol) || symbol.name.n == 0)
            continue;
        if (!vec_push(&imports->slots, imports->mem, (struct import){address, symbol.name}))
            return false;
    }
    return true;
}

/* Where a stub jumps through, if it does: "jmp *offset(%rip)", behind what marks the place as one to jump to. */
static bool slot_of_stub(struct str stub, uint64_t address, uint64_t *slot)
{
    for (size_t at = 0; at + jump_size <= stub.n; at++) {
        if ((unsigned char)stub.p[at] != 0xff || (unsigned char)stub.p[at + 1] != 0x25)
            continue;
        struct cursor c = cursor_over(stub.p + at + 2, 4, 0);
        *slot = address + at + jump_size + (uint64_t)(int32_t)cursor_u32le(&c);
        return true;
    }
    return false;
}

static bool add_stubs(struct imports *imports, const struct elf_image *image, struct str name, size_t size)
{
    struct elf_section section;
    if (!elf_image_find_section(image, name, &section))
        return true;
    struct str bytes = elf_section_bytes(image, &section);
    for (size_t at = 0; at + size <= bytes.n; at += size) {
        uint64_t address = section.address + at, slot;
        if (!slot_of_stub(str_first(str_skip(bytes, at), size), address, &slot))
            continue;
        struct str import = imports_slot(imports, slot);
        if (import.p && !vec_push(&imports->stubs, imports->mem, (struct import){address, import}))
            return false;
    }
    return true;
}

bool imports_init(struct imports *imports, const struct elf_image *image, struct mem *mem)
{
    struct elf_symbols symbols;
    *imports = (struct imports){.mem = mem};
    if (!elf_symbols_dynamic(image, &symbols))
        return true;
    bool fine =
        add_slots(imports, image, &symbols, STR(".rela.plt")) && add_slots(imports, image, &symbols, STR(".rela.dyn"));
    if (imports->slots.n > 0)
        qsort(imports->slots.at, imports->slots.n, sizeof *imports->slots.at, by_address);
    if (image->machine == elf_x86_64)
        fine = fine && add_stubs(imports, image, STR(".plt"), stub_size) &&
               add_stubs(imports, image, STR(".plt.sec"), stub_size) &&
               add_stubs(imports, image, STR(".plt.got"), short_stub_size);
    if (imports->stubs.n > 0)
        qsort(imports->stubs.at, imports->stubs.n, sizeof *imports->stubs.at, by_address);
    if (!fine)
        imports_finish(imports);
    return fine;
}

void imports_finish(struct imports *imports)
{
    vec_finish(&imports->stubs, imports->mem);
    vec_finish(&imports->slots, imports->mem);
}
