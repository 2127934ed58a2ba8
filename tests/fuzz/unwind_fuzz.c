/* Compiling the unwind data of any ELF file gives a table that is in order, and the data can be asked without one. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "unwind/table.h"

static void check(const struct unwind_table *table)
{
    for (uint32_t page = 0; page < table->npages; page++) {
        uint32_t from = table->pages[page], to = table->pages[page + 1];
        if (from >= to || to > table->nrows || table->rows[from] >> 16 != 0)
            abort();
        for (uint32_t i = from; i < to; i++)
            if ((table->rows[i] & 0xffff) >= table->nrules || table->rows[i] >> 16 >= 1 << unwind_page_bits ||
                (i > from && table->rows[i - 1] >> 16 >= table->rows[i] >> 16))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct elf_image image;
    struct elf_unwind unwind;
    struct fault fault;
    if (!elf_image_of_file((struct str){(const char *)bytes, size}, &image, &fault))
        return 0;
    struct unwind_table *table = unwind_table_create(&image, mem_libc());
    if (!table)
        return 0;
    check(table);
    uint64_t step = (table->limit - table->start) / 64 + 1;
    for (uint64_t address = table->start; address < table->limit; address += step) {
        unwind_table_find(table, address);
        if (elf_image_unwind(&image, &unwind))
            unwind_rule_from_data(&unwind, address);
    }
    unwind_table_destroy(table, mem_libc());
    return 0;
}
