#include "elf/image.h"

#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/symbols.h"
#include "testing.h"

/* This program's own file. */
static struct str self;

static bool read_self(void)
{
    struct stat status;
    int fd = open("/proc/self/exe", O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0)
        return false;
    char *bytes = malloc((size_t)status.st_size);
    self = (struct str){bytes, (size_t)status.st_size};
    bool whole = bytes && read(fd, bytes, self.n) == status.st_size;
    close(fd);
    return whole;
}

static struct elf_image open_self(void)
{
    struct elf_image image;
    struct fault fault;
    assert_true(elf_image_of_file(self, &image, &fault));
    return image;
}

/* The image of this program as it is loaded, and its load bias. */
static int take_first(struct dl_phdr_info *info, size_t size, void *image)
{
    (void)size;
    assert_true(elf_image_of_loaded(info->dlpi_addr, info->dlpi_phdr, info->dlpi_phnum, image));
    return 1;
}

static struct elf_image loaded_self(void)
{
    struct elf_image image = {0};
    dl_iterate_phdr(take_first, &image);
    return image;
}

static void a_file_and_its_loaded_image_agree(void **state)
{
    (void)state;
    struct elf_image file = open_self(), loaded = loaded_self();
    char of_file[elf_build_id_hex_max], of_loaded[elf_build_id_hex_max];
    uint64_t start[2], limit[2], offset[2];
    elf_image_build_id(&file, of_file);
    elf_image_build_id(&loaded, of_loaded);
    assert_string_equal(of_file, of_loaded);
    assert_true(elf_image_text(&file, &start[0], &limit[0], &offset[0]));
    assert_true(elf_image_text(&loaded, &start[1], &limit[1], &offset[1]));
    assert_true(start[0] == start[1] && limit[0] == limit[1] && offset[0] == offset[1]);
    struct str text = elf_image_at(&file, start[0]), same = elf_image_at(&loaded, start[1]);
    assert_int_equal(text.n, same.n);
    assert_memory_equal(text.p, same.p, text.n);
    assert_int_equal(file.machine, elf_x86_64);
}

static void unwind_data_is_found_by_the_header_and_by_the_section(void **state)
{
    (void)state;
    struct elf_image file = open_self(), loaded = loaded_self();
    struct elf_unwind of_file, of_loaded;
    struct elf_section section;
    assert_true(elf_image_unwind(&file, &of_file));
    assert_true(elf_image_unwind(&loaded, &of_loaded));
    assert_int_equal(of_file.eh_frame_address, of_loaded.eh_frame_address);
    assert_int_equal(of_file.header_address, of_loaded.header_address);
    assert_true(elf_image_find_section(&file, STR(".eh_frame"), &section));
    assert_int_equal(section.address, of_file.eh_frame_address);
    assert_int_equal(section.size, of_file.eh_frame.n);
    assert_true(of_loaded.eh_frame.n >= of_file.eh_frame.n);
    /* Without program headers only the section is left. */
    file.nsegments = 0;
    assert_true(elf_image_unwind(&file, &of_file));
    assert_int_equal(of_file.header.n, 0);
    assert_int_equal(of_file.eh_frame_address, of_loaded.eh_frame_address);
}

static bool has_function(const struct elf_symbols *symbols, struct str name, uint64_t address)
{
    struct elf_symbol symbol;
    for (uint32_t i = 0; elf_symbol_at(symbols, i, &symbol); i++)
        if (elf_symbol_is_code(&symbol) && str_equal(symbol.name, name))
            return symbol.address == address;
    return false;
}

static void the_full_symbol_table_has_this_function(void **state)
{
    (void)state;
    struct elf_image file = open_self(), loaded = loaded_self();
    struct elf_symbols symbols;
    uint64_t here = (uint64_t)(uintptr_t)the_full_symbol_table_has_this_function - loaded.bias;
    assert_true(elf_symbols_full(&file, &symbols));
    assert_true(has_function(&symbols, STR("the_full_symbol_table_has_this_function"), here));
    assert_false(has_function(&symbols, STR("no_such_function"), here));
    assert_false(elf_symbols_full(&loaded, &symbols));
    struct elf_symbol symbol = {.size = 42};
    assert_false(elf_symbol_at(&symbols, symbols.n, &symbol));
    assert_int_equal(symbol.size, 42);
}

static void dynamic_symbols_are_found_by_section_and_in_memory(void **state)
{
    (void)state;
    struct elf_image file = open_self(), loaded = loaded_self();
    struct elf_symbols of_file, of_loaded;
    assert_true(elf_symbols_dynamic(&file, &of_file));
    assert_true(elf_symbols_dynamic(&loaded, &of_loaded));
    /* The hash table, which the count in memory comes from, leaves out what is not defined here. */
    assert_true(of_loaded.n > 0 && of_loaded.n <= of_file.n);
    for (uint32_t i = 0; i < of_loaded.n; i++) {
        struct elf_symbol a, b;
        assert_true(elf_symbol_at(&of_file, i, &a) && elf_symbol_at(&of_loaded, i, &b));
        assert_true(str_equal(a.name, b.name) && a.address == b.address);
    }
}

static void the_vdso_has_its_functions(void **state)
{
    (void)state;
    const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR);
    if (!header)
        skip_with("there is no vdso");
    struct elf_image image;
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    bool found = false;
    uint64_t bias = (uint64_t)(uintptr_t)header;
    assert_true(elf_image_of_loaded(bias, (const char *)header + header->e_phoff, header->e_phnum, &image));
    assert_true(elf_symbols_dynamic(&image, &symbols));
    for (uint32_t i = 0; elf_symbol_at(&symbols, i, &symbol); i++)
        found |= elf_symbol_is_code(&symbol) && str_equal(symbol.name, STR("__vdso_clock_gettime"));
    assert_true(found);
    struct elf_unwind unwind;
    assert_true(elf_image_unwind(&image, &unwind));
}

static void what_is_not_elf_is_refused(void **state)
{
    (void)state;
    struct elf_image image;
    struct fault fault;
    assert_false(elf_image_of_file((struct str){0}, &image, &fault));
    assert_non_null(fault.expected);
    assert_false(elf_image_of_file(STR("#!/bin/sh\necho hello, this is sixty-four bytes or even more of shell\n"),
                                   &image, &fault));
    assert_string_equal(fault.expected, "a little-endian ELF file");
    assert_int_equal(fault.offset, 0);
    char other[64];
    memcpy(other, self.p, sizeof other);
    other[5] = 2; /* big-endian */
    assert_false(elf_image_of_file((struct str){other, sizeof other}, &image, &fault));
    assert_false(elf_image_of_file(str_first(self, 64), &image, &fault));
    assert_string_equal(fault.expected, "program headers inside of the file");
    assert_int_equal(fault.offset, 32);
}

static uint64_t sum_of_everything(struct str bytes)
{
    struct elf_image image;
    struct fault fault;
    struct elf_segment segment;
    struct elf_section section;
    struct elf_symbols symbols;
    struct elf_symbol symbol;
    struct elf_unwind unwind;
    char build_id[elf_build_id_hex_max];
    uint64_t sum = 0, start, limit, offset;
    if (!elf_image_of_file(bytes, &image, &fault))
        return 0;
    for (uint32_t i = 0; elf_image_segment(&image, i, &segment); i++)
        sum += elf_image_at(&image, segment.address).n;
    for (uint32_t i = 0; elf_image_section(&image, i, &section); i++)
        sum += section.name.n + elf_section_bytes(&image, &section).n;
    if (elf_symbols_full(&image, &symbols) || elf_symbols_dynamic(&image, &symbols))
        for (uint32_t i = 0; elf_symbol_at(&symbols, i, &symbol); i++)
            sum += symbol.name.n;
    elf_image_build_id(&image, build_id);
    if (elf_image_unwind(&image, &unwind) && unwind.eh_frame.n > 0)
        sum += (uint8_t)unwind.eh_frame.p[unwind.eh_frame.n - 1];
    return sum + (elf_image_text(&image, &start, &limit, &offset) ? limit - start : 0);
}

/* Sanitizers see what is read beyond; nothing is asked of the result. */
static void prefixes_and_changed_headers_are_survived(void **state)
{
    (void)state;
    enum { part = 4096 };
    assert_true(sum_of_everything(self) > self.n);
    for (size_t n = 0; n < self.n; n += n < part ? 37 : self.n / 50) {
        char *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, self.p, n);
        sum_of_everything((struct str){copy, n});
        free(copy);
    }
    char *copy = malloc(self.n + 1);
    assert_non_null(copy);
    memcpy(copy, self.p, self.n);
    for (size_t i = 0; i < 64 + 14 * 56; i++)
        for (int flip = 0; flip < 2; flip++) {
            copy[i] ^= flip ? 0xff : 0x80;
            sum_of_everything((struct str){copy, self.n});
            copy[i] = self.p[i];
        }
    free(copy);
}

static void pointers_are_read_in_every_encoding(void **state)
{
    (void)state;
    const struct {
        uint8_t encoding;
        const char *bytes;
        uint64_t value;
    } cases[] = {
        {0x00, "\1\2\0\0\0\0\0\0", 0x201},
        {0x0b, "\xfe\xff\xff\xff\0\0\0\0", UINT64_MAX - 1},
        {0x03, "\xfe\xff\xff\xff\0\0\0\0", 0xfffffffe},
        {0x0a, "\xfe\xff\0\0\0\0\0\0", UINT64_MAX - 1},
        {0x02, "\xfe\xff\0\0\0\0\0\0", 0xfffe},
        {0x01, "\x81\1\0\0\0\0\0\0", 0x81},
        {0x09, "\x7f\0\0\0\0\0\0\0", UINT64_MAX},
        {0x1b, "\xfc\xff\xff\xff\0\0\0\0", 0x1000 - 4},
        {0x3b, "\4\0\0\0\0\0\0\0", 0x2004},
        {0x1b, "\0\0\0\0\0\0\0\0", 0}, /* no pointer, wherever it stands */
        {0xff, "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cursor c = cursor_over(cases[i].bytes, cases[i].encoding == 0xff ? 0 : 8, 0);
        assert_true(elf_encoded_pointer(&c, cases[i].encoding, 0x1000, 0x2000) == cases[i].value);
        assert_true(cursor_ok(&c));
    }
    struct cursor c = cursor_over("\1\1\1\1\1\1\1\1", 8, 0);
    elf_encoded_pointer(&c, 0x05, 0, 0);
    assert_false(cursor_ok(&c));
}

int main(void)
{
    if (!read_self())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_and_its_loaded_image_agree),
        cmocka_unit_test(unwind_data_is_found_by_the_header_and_by_the_section),
        cmocka_unit_test(the_full_symbol_table_has_this_function),
        cmocka_unit_test(dynamic_symbols_are_found_by_section_and_in_memory),
        cmocka_unit_test(the_vdso_has_its_functions),
        cmocka_unit_test(what_is_not_elf_is_refused),
        cmocka_unit_test(prefixes_and_changed_headers_are_survived),
        cmocka_unit_test(pointers_are_read_in_every_encoding),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free((char *)self.p);
    return failed;
}
