#include "symbol/pclntab.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbol/go_table.h"
#include "testing.h"

/* Programs of every layout, which tests/fuzz/make_pclntab_seeds.py writes: main.main at 0x401000, into which a call of
 * main.add is inlined from 0x401010 to 0x401020; and main.add at 0x401040. */
static const char *folder;
static const char *const layouts[] = {"go12", "go116", "go118", "go120"};
enum { nlayouts = 4, largest = 1 << 16, main_at = 0x401000, inlined_at = 0x401018, add_at = 0x401040 };

/* Reads a program into fresh memory of exactly its size. */
static struct str read_program(const char *layout)
{
    char path[4096];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", folder, layout);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &status) == 0 && status.st_size < largest);
    char *bytes = malloc((size_t)status.st_size);
    assert_true(bytes && read(fd, bytes, (size_t)status.st_size) == status.st_size);
    close(fd);
    return (struct str){bytes, (size_t)status.st_size};
}

static void give_back(struct str program)
{
    free((void *)(uintptr_t)program.p);
}

static void assert_frame(const struct binary_frame *frame, const char *name, const char *file, int64_t line)
{
    assert_true(str_equal(frame->name, str_of(name)));
    assert_true(str_equal(frame->file, str_of(file)));
    assert_int_equal(frame->line, line);
}

static void every_layout_tells_functions_files_and_lines(void **state)
{
    (void)state;
    for (int i = 0; i < nlayouts; i++) {
        struct str program = read_program(layouts[i]);
        struct elf_image image;
        struct fault fault;
        struct go_table table;
        struct pclntab_place place;
        assert_true(elf_image_of_file(program, &image, &fault));
        assert_true(go_table_find(&image, &table));
        assert_int_equal(table.lines.nfunctions, 2);
        assert_true(pclntab_place(&table.lines, main_at, &place));
        assert_true(str_equal(place.function.name, STR("main.main")));
        assert_int_equal(place.function.end, add_at);
        assert_true(str_equal(place.file, STR("/src/main.go")));
        assert_int_equal(place.line, 10);
        assert_true(pclntab_place(&table.lines, inlined_at, &place));
        assert_true(str_equal(place.function.name, STR("main.main")));
        assert_true(str_equal(place.file, STR("/src/add.go")));
        assert_int_equal(place.line, 21);
        assert_false(pclntab_place(&table.lines, main_at - 1, &place));
        assert_false(pclntab_place(&table.lines, add_at + 0x10, &place));
        give_back(program);
    }
}

static void inlined_calls_are_told_from_go_1_16_on(void **state)
{
    (void)state;
    for (int i = 0; i < nlayouts; i++) {
        struct str program = read_program(layouts[i]);
        struct elf_image image;
        struct fault fault;
        struct go_table table;
        struct binary_frame frames[4];
        assert_true(elf_image_of_file(program, &image, &fault) && go_table_find(&image, &table));
        bool inlines = table.lines.version > pclntab_go12;
        assert_int_equal(go_table_frames(&table, inlined_at, frames, 4), inlines ? 2 : 1);
        assert_frame(&frames[0], inlines ? "main.add" : "main.main", "/src/add.go", 21);
        if (inlines)
            assert_frame(&frames[1], "main.main", "/src/main.go", 10);
        assert_int_equal(go_table_frames(&table, inlined_at, frames, 1), 1);
        assert_frame(&frames[0], "main.main", "/src/add.go", 21);
        assert_int_equal(go_table_frames(&table, add_at, frames, 4), 1);
        assert_frame(&frames[0], "main.add", "/src/add.go", 20);
        assert_int_equal(frames[0].start_line, table.lines.version == pclntab_go120 ? 20 : 0);
        assert_int_equal(go_table_frames(&table, 0, frames, 4), 0);
        give_back(program);
    }
}

/* Asks everything there is to ask. */
static void read_all(const struct go_table *table)
{
    struct binary_frame frames[4];
    struct pclntab_function function;
    for (uint32_t i = 0; i < 8 && pclntab_function(&table->lines, i, &function); i++)
        go_table_frames(table, function.entry, frames, 4);
    for (uint64_t address = main_at; address < add_at + 0x10; address += 8)
        go_table_frames(table, address, frames, 4);
}

static void a_cut_off_table_is_refused_or_read_within_its_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < nlayouts; i++) {
        struct str program = read_program(layouts[i]);
        struct elf_image image;
        struct fault fault;
        struct elf_section section;
        assert_true(elf_image_of_file(program, &image, &fault));
        assert_true(elf_image_find_section(&image, STR(".gopclntab"), &section));
        struct str whole = elf_section_bytes(&image, &section);
        for (size_t n = 0; n < whole.n; n++) {
            char *copy = malloc(n + 1);
            struct go_table table = {.image = &image};
            memcpy(copy, whole.p, n);
            if (pclntab_init(&table.lines, (struct str){copy, n}, main_at, &fault))
                read_all(&table);
            else
                assert_true(fault.expected && fault.offset <= whole.n);
            free(copy);
        }
        give_back(program);
    }
}

static void changed_bytes_are_read_within_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < nlayouts; i++) {
        struct str program = read_program(layouts[i]);
        char *bytes = (char *)(uintptr_t)program.p;
        for (size_t at = 0; at < program.n; at++) {
            struct elf_image image;
            struct fault fault;
            struct go_table table;
            char before = bytes[at];
            if (before == 0 && at % 7 != 0)
                continue; /* most of the file is empty */
            bytes[at] = (char)(before ^ 0xff);
            if (elf_image_of_file(program, &image, &fault) && go_table_find(&image, &table))
                read_all(&table);
            bytes[at] = before;
        }
        give_back(program);
    }
}

static void other_bytes_are_no_table(void **state)
{
    (void)state;
    struct pclntab table;
    struct fault fault;
    assert_false(pclntab_init(&table, STR(""), 0, &fault));
    assert_false(pclntab_init(&table, STR("\xf1\xff\xff\xff\0\0\3\x08........"), 0, &fault));
    assert_false(pclntab_init(&table, STR("\xf1\xff\xff\xff\0\1\1\x08........"), 0, &fault));
    assert_false(pclntab_init(&table, STR("\xf2\xff\xff\xff\0\0\1\x08........"), 0, &fault));
    assert_int_equal(fault.offset, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_tells_functions_files_and_lines),
        cmocka_unit_test(inlined_calls_are_told_from_go_1_16_on),
        cmocka_unit_test(a_cut_off_table_is_refused_or_read_within_its_bytes),
        cmocka_unit_test(changed_bytes_are_read_within_bounds),
        cmocka_unit_test(other_bytes_are_no_table),
    };
    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
