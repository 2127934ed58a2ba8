/* Reading any bytes as a Go program without symbols stays inside of them: functions, lines, inlined calls. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "symbol/go_table.h"

enum { most_functions = 200, most_frames = 20, most_addresses = 200 };

static void inside(struct str text, struct str all)
{
    if (text.n > 0 && (text.p < all.p || text.n > all.n || (size_t)(text.p - all.p) > all.n - text.n))
        abort();
}

static void read_addresses(const struct go_table *table, const struct pclntab_function *function, struct str all)
{
    struct binary_frame frames[most_frames];
    struct pclntab_place place;
    for (uint64_t i = 0, address = function->entry; i < most_addresses && address < function->end; i++, address += 3) {
        size_t n = go_table_frames(table, address, frames, most_frames);
        if (n > most_frames)
            abort();
        for (size_t f = 0; f < n; f++) {
            inside(frames[f].name, all);
            inside(frames[f].file, all);
        }
        if (pclntab_place(&table->lines, address, &place)) {
            inside(place.function.name, all);
            inside(place.file, all);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct str all = {(const char *)bytes, size};
    struct elf_image image;
    struct go_table table;
    struct pclntab_function function;
    struct fault fault = {0};
    if (elf_image_of_file(all, &image, &fault) && go_table_find(&image, &table)) {
        for (uint32_t i = 0; i < most_functions && pclntab_function(&table.lines, i, &function); i++) {
            inside(function.name, all);
            read_addresses(&table, &function, all);
        }
        return 0;
    }
    /* Also without a program around it. */
    table = (struct go_table){.image = &image};
    if (pclntab_init(&table.lines, all, 0x1000, &fault)) {
        for (uint32_t i = 0; i < most_functions && pclntab_function(&table.lines, i, &function); i++)
            read_addresses(&table, &function, all);
    } else if (!fault.expected || fault.offset > size) {
        abort();
    }
    return 0;
}
