/* The tables of everything that this process has loaded, against the same data read address by address. */
#include <link.h>
#include <string.h>

#include "testing.h"
#include "unwind/table.h"

static int compare(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct elf_image image;
    struct elf_unwind unwind;
    uint64_t start, limit, offset, *known = context;
    assert_true(elf_image_of_loaded(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, &image));
    if (!elf_image_text(&image, &start, &limit, &offset) || !elf_image_unwind(&image, &unwind))
        return 0;
    struct unwind_table *table = unwind_table_create(&image, mem_libc());
    assert_non_null(table);
    assert_int_equal(table->nbroken, 0);
    assert_true(table->nunsupported <= table->nrows / 100);
    for (uint64_t address = start; address < limit; address += 3) {
        uint64_t expected = unwind_rule_from_data(&unwind, address), found = unwind_table_find(table, address);
        assert_true(found == expected);
        *known += rule_kind(expected) != rule_unknown;
    }
    unwind_table_destroy(table, mem_libc());
    return 0;
}

static void a_table_says_what_the_data_says(void **state)
{
    (void)state;
    uint64_t known = 0;
    dl_iterate_phdr(compare, &known);
    assert_true(known > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_table_says_what_the_data_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
