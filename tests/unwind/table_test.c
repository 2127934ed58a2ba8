#include "unwind/table.h"

#include <stdlib.h>

#include "testing.h"
#include "unwind/small_elf.h"
#include "unwind/step.h"

/* --- Tables of descriptions written by hand ------------------------------------------------------------------------
 */

static struct buf frames, file;
static struct unwind_table *table;

static int begin(void **state)
{
    (void)state;
    buf_init(&frames, mem_libc());
    buf_init(&file, mem_libc());
    table = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_finish(&frames);
    buf_finish(&file);
    unwind_table_destroy(table, mem_libc());
    return 0;
}

static void compile(void)
{
    struct elf_image image;
    struct fault fault;
    small_elf_write(&file, buf_text(&frames));
    assert_true(elf_image_of_file(buf_text(&file), &image, &fault));
    table = unwind_table_create(&image, mem_libc());
    assert_non_null(table);
}

#define INSTRUCTIONS(literal) STR(literal)

static uint64_t rule(uint64_t address)
{
    return unwind_table_find(table, address);
}

static bool is_from(uint64_t found, enum rule_kind kind, int64_t offset)
{
    return rule_kind(found) == kind && rule_offset(found) == offset;
}

static void each_address_has_the_rule_of_its_row(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    /* push %rbp; mov %rsp,%rbp; ... pop %rbp; ret */
    small_elf_function(&frames, 0x1000, 0x20, INSTRUCTIONS("\x41\x0e\x10\x86\x02\x43\x0d\x06\x58\x0c\x07\x08\xc6"));
    compile();
    assert_int_equal(rule_kind(rule(0xfff)), rule_unknown);
    assert_true(is_from(rule(0x1000), rule_from_sp, 8));
    assert_int_equal(rule_bp_slot(rule(0x1000)), rule_same);
    assert_true(is_from(rule(0x1001), rule_from_sp, 16));
    assert_int_equal(rule_bp_slot(rule(0x1001)), -2);
    assert_true(is_from(rule(0x1003), rule_from_sp, 16));
    assert_true(is_from(rule(0x1004), rule_from_bp, 16));
    assert_true(is_from(rule(0x101b), rule_from_bp, 16));
    assert_true(is_from(rule(0x101c), rule_from_sp, 8));
    assert_int_equal(rule_bp_slot(rule(0x101c)), rule_same);
    assert_true(is_from(rule(0x101f), rule_from_sp, 8));
    assert_int_equal(rule_kind(rule(0x1020)), rule_unknown);
    assert_int_equal(rule_kind(rule(UINT64_MAX)), rule_unknown);
    assert_int_equal(table->nfunctions, 1);
    assert_int_equal(table->nbroken, 0);
    assert_int_equal(table->nunsupported, 0);
}

static void functions_longer_than_pages_have_their_rule_in_each(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1234, 0x5000, INSTRUCTIONS("\x04\x00\x20\x00\x00\x0e\x10"));
    compile();
    for (uint64_t address = 0x1234; address < 0x6234; address++)
        assert_true(is_from(rule(address), rule_from_sp, address < 0x3234 ? 8 : 16));
    assert_int_equal(rule_kind(rule(0x6234)), rule_unknown);
}

static void descriptions_in_any_order_and_overlapping_are_sorted(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x3000, 0x10, INSTRUCTIONS("\x0e\x18"));
    small_elf_function(&frames, 0x1000, 0x10, INSTRUCTIONS("\x0e\x08"));
    small_elf_function(&frames, 0x2000, 0x1008, INSTRUCTIONS("\x0e\x10"));
    compile();
    assert_true(is_from(rule(0x1008), rule_from_sp, 8));
    assert_int_equal(rule_kind(rule(0x1800)), rule_unknown);
    assert_true(is_from(rule(0x2008), rule_from_sp, 16));
    assert_true(is_from(rule(0x3007), rule_from_sp, 16));
    assert_true(is_from(rule(0x3008), rule_from_sp, 24));
}

static void states_are_remembered_and_restored(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x10, INSTRUCTIONS("\x0e\x20\x0a\x44\x0e\x08\x44\x0b"));
    compile();
    assert_true(is_from(rule(0x1000), rule_from_sp, 32));
    assert_true(is_from(rule(0x1004), rule_from_sp, 8));
    assert_true(is_from(rule(0x1008), rule_from_sp, 32));
    assert_true(is_from(rule(0x100f), rule_from_sp, 32));
}

static void lazy_plt_entries_push_from_their_second_instruction_on(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x100, INSTRUCTIONS("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22"));
    compile();
    assert_int_equal(rule_kind(rule(0x1010)), rule_plt);
    assert_int_equal(rule_aux(rule(0x1010)), 11);
}

static void the_frame_of_a_signal_is_recognized(void **state)
{
    (void)state;
    small_elf_common(&frames, "zRS", STR(""));
    small_elf_function(&frames, 0x1000, 0x10, INSTRUCTIONS("\x0f\x04\x77\xa0\x01\x06"));
    compile();
    assert_int_equal(rule_kind(rule(0x1008)), rule_signal);
}

static void functions_that_realign_their_stack_keep_their_cfa_in_memory(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    /* def_cfa r10 0; then CFA = *(rbp - 8), rbp at rbp + 0, rbx at rbp - 40 */
    small_elf_function(
        &frames, 0x1000, 0x20,
        INSTRUCTIONS("\x45\x0c\x0a\x00\x45\x0f\x03\x76\x78\x06\x10\x06\x02\x76\x00\x10\x03\x02\x76\x58"));
    compile();
    assert_int_equal(rule_kind(rule(0x1005)), rule_from_register);
    assert_int_equal(rule_reg(rule(0x1005)), 2);
    uint64_t found = rule(0x1010);
    assert_int_equal(rule_kind(found), rule_from_memory);
    assert_int_equal(rule_reg(found), rule_rbp);
    assert_int_equal(rule_low_offset(found), -8);
    assert_int_equal(rule_high_offset(found), 0);
    assert_int_equal(rule_aux(found), rule_slots_from_bp);
    assert_int_equal(rule_bp_slot(found), 0);
    assert_int_equal(rule_bx_slot(found), -5);
}

static void the_outermost_function_ends_a_walk(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x1c, STR(""));
    small_elf_function(&frames, 0x1020, 0x1c, INSTRUCTIONS("\x07\x10"));
    small_elf_function(&frames, 0x1040, 0x10, STR(""));
    compile();
    assert_int_equal(rule_kind(rule(0x1020)), rule_end);
    assert_int_equal(rule_kind(rule(0x101f)), rule_unknown); /* a hand-made address returns to its start */
    assert_true(is_from(rule(0x1040), rule_from_sp, 8));
}

static void what_no_rule_can_say_is_unsupported_and_counted(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x10, INSTRUCTIONS("\x0f\x03\x08\x40\x96"));         /* a nop expression */
    small_elf_function(&frames, 0x1010, 0x10, INSTRUCTIONS("\x0e\x0c"));                     /* half a word */
    small_elf_function(&frames, 0x1020, 0x10, INSTRUCTIONS("\x86\x80\x20"));                 /* rbp far away */
    small_elf_function(&frames, 0x1030, 0x10, INSTRUCTIONS("\x0e\x80\x80\x80\x80\x80\x01")); /* an endless frame */
    compile();
    for (uint64_t address = 0x1000; address < 0x1040; address += 8)
        assert_int_equal(rule_kind(rule(address)), rule_unsupported);
    assert_int_equal(table->nunsupported, 4);
}

static void a_broken_description_costs_only_its_own_rest(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x40, INSTRUCTIONS("\x48\x0e\x10\x48\x3e"));
    small_elf_function(&frames, 0x1040, 0x10, INSTRUCTIONS("\x0b")); /* nothing was remembered */
    small_elf_function(&frames, 0x1100, 0x10, INSTRUCTIONS("\x0e\x10"));
    compile();
    assert_true(is_from(rule(0x1000), rule_from_sp, 8));
    assert_true(is_from(rule(0x1008), rule_from_sp, 16));
    assert_int_equal(rule_kind(rule(0x1010)), rule_unknown);
    assert_int_equal(rule_kind(rule(0x1048)), rule_unknown);
    assert_true(is_from(rule(0x1100), rule_from_sp, 16));
    assert_int_equal(table->nbroken, 2);
}

static void every_prefix_and_every_changed_byte_gives_some_table(void **state)
{
    (void)state;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x1000, 0x20, INSTRUCTIONS("\x41\x0e\x10\x86\x02\x43\x0d\x06\x58\x0c\x07\x08\xc6"));
    small_elf_function(&frames, 0x1000, 0x10, INSTRUCTIONS("\x0e\x20\x0a\x44\x0e\x08\x44\x0b"));
    small_elf_write(&file, buf_text(&frames));
    for (size_t i = 0; i < 2 * file.n; i++) {
        struct elf_image image;
        struct fault fault;
        struct str bytes = i < file.n ? str_first(buf_text(&file), i) : buf_text(&file);
        /* A copy of its own size, so that a sanitizer sees every byte that is read beyond it. */
        char *copy = malloc(bytes.n + 1);
        assert_non_null(copy);
        memcpy(copy, bytes.p, bytes.n);
        if (i >= file.n)
            copy[i - file.n] ^= 0x55;
        bytes.p = copy;
        if (elf_image_of_file(bytes, &image, &fault)) {
            struct unwind_table *made = unwind_table_create(&image, mem_libc());
            assert_non_null(made);
            for (uint64_t address = 0xff0; address < 0x1030; address++)
                unwind_table_find(made, address);
            unwind_table_destroy(made, mem_libc());
        }
        free(copy);
    }
}

static void memory_that_runs_out_leaves_no_table(void **state)
{
    (void)state;
    struct elf_image image;
    struct fault fault;
    small_elf_common(&frames, "zR", SMALL_ELF_USUAL);
    small_elf_function(&frames, 0x2000, 0x20, INSTRUCTIONS("\x41\x0e\x10\x86\x02\x43\x0d\x06\x58\x0c\x07\x08\xc6"));
    small_elf_function(&frames, 0x1000, 0x20, INSTRUCTIONS("\x0e\x20"));
    small_elf_write(&file, buf_text(&frames));
    assert_true(elf_image_of_file(buf_text(&file), &image, &fault));
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct unwind_table *made = unwind_table_create(&image, &failing.mem);
        unwind_table_destroy(made, &failing.mem);
        if (made) {
            assert_true(successes > 3);
            break;
        }
    }
}

/* --- Steps over a stack written by hand ----------------------------------------------------------------------------
 */

enum { words = 16, base = 0x7000 };

static uint64_t stack_words[words];

static struct unwind_stack stack_of(size_t n)
{
    for (size_t i = 0; i < words; i++)
        stack_words[i] = 0x100 + i;
    return (struct unwind_stack){base, base + n * 8, (const uint8_t *)stack_words};
}

static uint64_t make_rule(enum rule_kind kind, int64_t offset, int64_t bp_slot)
{
    uint64_t plain = rule_plain(kind) & ~((uint64_t)0xfff << 40);
    return plain | ((uint64_t)(offset / 8) & 0xffffff) << 16 | ((uint64_t)bp_slot & 0xfff) << 40;
}

static void a_step_reads_the_return_address_and_the_saved_frame_pointer(void **state)
{
    (void)state;
    struct unwind_stack stack = stack_of(words);
    struct unwind_frame frame = {.pc = 1, .sp = base, .bp = 2, .exact = true};
    assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_sp, 32, -2)), unwind_ok);
    assert_int_equal(frame.pc, 0x103);
    assert_int_equal(frame.bp, 0x102);
    assert_int_equal(frame.sp, base + 32);
    assert_false(frame.exact);
    frame.bp = base + 64;
    assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_bp, 16, rule_same)), unwind_ok);
    assert_int_equal(frame.pc, 0x109);
    assert_int_equal(frame.bp, base + 64);
}

static void a_step_never_leaves_the_stack_or_goes_down(void **state)
{
    (void)state;
    struct unwind_stack stack = stack_of(4);
    const struct unwind_frame before = {.pc = 1, .sp = base + 8, .bp = 2};
    const int64_t offsets[] = {0, -8, -16, 32, 1 << 20, -(1 << 20)};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        struct unwind_frame frame = before;
        assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_sp, offsets[i], rule_same)), unwind_outside);
        assert_memory_equal(&frame, &before, sizeof frame);
        frame.bp = UINT64_MAX - 15;
        assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_bp, offsets[i], rule_same)), unwind_outside);
    }
    struct unwind_frame frame = before;
    assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_sp, 16, 1)), unwind_outside);
    assert_int_equal(unwind_step(&stack, &frame, make_rule(rule_from_sp, 16, -2000)), unwind_outside);
    assert_int_equal(unwind_step(&stack, &frame, rule_plain(rule_signal)), unwind_outside);
    assert_int_equal(unwind_step_frame_pointer(&stack, &frame), unwind_outside);
    assert_memory_equal(&frame, &before, sizeof frame);
}

static void a_plt_step_depends_on_where_in_the_entry_it_is(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 16; at++) {
        struct unwind_stack stack = stack_of(words);
        struct unwind_frame frame = {.pc = 0x1000 + at, .sp = base, .exact = true};
        assert_int_equal(unwind_step(&stack, &frame, rule_plain(rule_plt) | 11 << 12), unwind_ok);
        assert_int_equal(frame.pc, at >= 11 ? 0x101 : 0x100);
    }
}

static void registers_beside_the_tracked_ones_are_known_where_interrupted(void **state)
{
    (void)state;
    uint64_t registers[rule_registers] = {[2] = base + 16};
    struct unwind_stack stack = stack_of(words);
    struct unwind_frame frame = {.pc = 1, .sp = base, .registers = registers, .exact = true};
    uint64_t from_r10 = make_rule(rule_from_register, 0, rule_same) | 2 << 8;
    assert_int_equal(unwind_step(&stack, &frame, from_r10), unwind_ok);
    assert_int_equal(frame.pc, 0x101);
    assert_int_equal(unwind_step(&stack, &frame, from_r10), unwind_lost);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(each_address_has_the_rule_of_its_row),
        TEST(functions_longer_than_pages_have_their_rule_in_each),
        TEST(descriptions_in_any_order_and_overlapping_are_sorted),
        TEST(states_are_remembered_and_restored),
        TEST(lazy_plt_entries_push_from_their_second_instruction_on),
        TEST(the_frame_of_a_signal_is_recognized),
        TEST(functions_that_realign_their_stack_keep_their_cfa_in_memory),
        TEST(the_outermost_function_ends_a_walk),
        TEST(what_no_rule_can_say_is_unsupported_and_counted),
        TEST(a_broken_description_costs_only_its_own_rest),
        TEST(every_prefix_and_every_changed_byte_gives_some_table),
        TEST(memory_that_runs_out_leaves_no_table),
        TEST(a_step_reads_the_return_address_and_the_saved_frame_pointer),
        TEST(a_step_never_leaves_the_stack_or_goes_down),
        TEST(a_plt_step_depends_on_where_in_the_entry_it_is),
        TEST(registers_beside_the_tracked_ones_are_known_where_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
