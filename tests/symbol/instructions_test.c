#include "symbol/instructions.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testing.h"

/* A program that tests/fuzz/make_pclntab_seeds.py writes: its text, at byte 0x1000 of the file, is main.main from
 * 0x401000 to 0x401040 and main.add from there to 0x401050. */
static const char *folder;
enum { text_at = 0x1000, text = 0x401000, add = 0x401040, text_end = 0x401050, most_lines = 32, longest_line = 100 };

struct listing {
    int n;
    uint64_t address[most_lines];
    char line[most_lines][longest_line];
};

static bool take(void *to, const struct instruction *instruction)
{
    struct listing *listing = to;
    assert_true(listing->n < most_lines);
    listing->address[listing->n] = instruction->address;
    snprintf(listing->line[listing->n++], longest_line, "%.*s", STR_ARG(instruction->text));
    return true;
}

/* The program with other code at the begin of its text. */
static struct object *program_with(const char *code, size_t n)
{
    struct buf bytes;
    struct stat status;
    char path[4096];
    buf_init(&bytes, mem_libc());
    snprintf(path, sizeof path, "%s/go120", folder);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    char *to = buf_reserve(&bytes, (size_t)status.st_size);
    assert_true(to && read(fd, to, (size_t)status.st_size) == status.st_size);
    close(fd);
    memcpy(to + text_at, code, n);
    bytes.n = (size_t)status.st_size;
    struct object *object = object_of_bytes(&bytes, mem_libc());
    assert_non_null(object);
    return object;
}

/* Lists n bytes of code, in a program whose text begins with `whole` of them; false where capstone is not installed. */
static bool list(struct listing *listing, const char *code, size_t whole, size_t n, bool intel)
{
    struct buf error;
    struct object *object = program_with(code, whole);
    buf_init(&error, mem_libc());
    struct disassembler *disassembler = disassembler_create(object, intel, mem_libc(), &error);
    listing->n = 0;
    if (disassembler)
        assert_true(disassemble(disassembler, text, text + n, take, listing));
    else
        assert_true(error.n > 0);
    bool there = disassembler;
    disassembler_destroy(disassembler);
    object_destroy(object);
    buf_finish(&error);
    return there;
}

#define ASSERT_LISTED(code, cut, intel, ...)                                                                           \
    do {                                                                                                               \
        static const char *const expected[] = {__VA_ARGS__};                                                           \
        struct listing listing;                                                                                        \
        if (!list(&listing, (code), sizeof(code) - 1, sizeof(code) - 1 - (cut), (intel)))                              \
            skip_with("libcapstone is not installed");                                                                 \
        for (int i = 0; i < listing.n; i++)                                                                            \
            assert_string_equal(listing.line[i], i < (int)(sizeof expected / sizeof *expected) ? expected[i] : "");    \
        assert_int_equal(listing.n, sizeof expected / sizeof *expected);                                               \
    } while (0)

/* call main.add; jmp into main.add; lea to nothing known; cmp with main.main's own first byte */
#define CODE "\xe8\x3b\0\0\0\xeb\x3a\x48\x8d\x05\xf2\x0f\0\0\x83\x3d\xeb\xff\xff\xff\x07"

static void calls_jumps_and_data_go_by_their_symbols(void **state)
{
    (void)state;
    ASSERT_LISTED(CODE, 0, false, "callq main.add", "jmp 0x401041 <main.add+0x1>", "leaq 0xff2(%rip), %rax # 0x402000",
                  "cmpl $7, main.main(%rip)");
    ASSERT_LISTED(CODE, 0, true, "call main.add", "jmp 0x401041 <main.add+0x1>", "lea rax, [rip + 0xff2] # 0x402000",
                  "cmp dword ptr [rip + main.main], 7");
}

static void a_jump_within_the_code_tells_the_line_it_leads_to(void **state)
{
    (void)state;
    ASSERT_LISTED("\x90\xeb\xfd", 0, false, "nop", "jmp 0x401000 <main.main>");
}

static void an_instruction_that_is_cut_off_is_whole_and_then_its_bytes(void **state)
{
    (void)state;
    ASSERT_LISTED("\x90\xe9\x5b\xff\xff\xff", 1, false, "nop", "jmp 0x400f61", ".byte 0x5b", ".byte 0xff",
                  ".byte 0xff");
}

static void what_is_no_instruction_is_bytes(void **state)
{
    (void)state;
    ASSERT_LISTED("\x06\x90", 0, false, ".byte 0x06", "nop");
    ASSERT_LISTED("\x48\x48\x90", 0, false, ".byte 0x48", "nop"); /* one prefix too many */
    ASSERT_LISTED("\xf7\xc8\xc3\0\0", 0, false, ".byte 0xf7",
                  "enter $0xc3, $0"); /* unlike capstone nobody writes test so */
}

static void a_lock_that_locks_nothing_is_shown_in_front_of_the_rest(void **state)
{
    (void)state;
    ASSERT_LISTED("\xf0\x48\xf7\xde\xc3", 0, false, "lock negq %rsi", "retq");
}

static void code_of_a_range_without_bytes_is_empty(void **state)
{
    (void)state;
    struct object *object = program_with("", 0);
    assert_int_equal(object_code(object, text_end, text).n, 0);
    assert_int_equal(object_code(object, 1, 2).n, 0);
    assert_int_equal(object_code(object, add, text_end + 100).n, text_end - add);
    object_destroy(object);
}

static void the_bias_is_that_of_the_mapped_segment(void **state)
{
    (void)state;
    struct object *object = program_with("", 0);
    assert_int_equal(object_bias(object, 0, 0), 0);
    assert_int_equal(object_bias(object, 0x400000, 0), 0);
    assert_int_equal(object_bias(object, 0x555555400000, 0), 0x555555000000);
    assert_int_equal(object_bias(object, 0x555555401000, 0x1000), 0x555555000000);
    object_destroy(object);
}

static bool ignore(void *to, const struct instruction *instruction)
{
    (void)to, (void)instruction;
    return true;
}

/* Reads a program and lists it with memory for so many allocations. */
static bool list_with(struct mem *mem, struct str program)
{
    struct buf bytes, error;
    bool fine = false;
    buf_init(&bytes, mem);
    buf_init(&error, mem_libc());
    buf_str(&bytes, program);
    struct object *object = bytes.failed ? NULL : object_of_bytes(&bytes, mem);
    struct disassembler *disassembler = object ? disassembler_create(object, false, mem, &error) : NULL;
    if (disassembler)
        fine = disassemble(disassembler, text, text_end, ignore, NULL);
    disassembler_destroy(disassembler);
    object_destroy(object);
    buf_finish(&error);
    if (!object)
        buf_finish(&bytes);
    return fine;
}

static void exhausted_memory_is_told_wherever_it_strikes(void **state)
{
    (void)state;
    struct listing listing;
    struct buf bytes;
    char path[4096];
    if (!list(&listing, "", 0, 1, false))
        skip_with("libcapstone is not installed");
    buf_init(&bytes, mem_libc());
    snprintf(path, sizeof path, "%s/go120", folder);
    int fd = open(path, O_RDONLY);
    char *to = buf_reserve(&bytes, 1 << 16);
    assert_true(fd >= 0 && to);
    ssize_t n = read(fd, to, 1 << 16);
    close(fd);
    assert_true(n > 0);
    bool fine = false;
    size_t successes = 0;
    for (; !fine && successes < 1000; successes++) {
        struct failing_mem failing = failing_mem(successes);
        fine = list_with(&failing.mem, (struct str){bytes.p, (size_t)n});
    }
    assert_true(fine && successes > 3);
    buf_finish(&bytes);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_jumps_and_data_go_by_their_symbols),
        cmocka_unit_test(a_jump_within_the_code_tells_the_line_it_leads_to),
        cmocka_unit_test(an_instruction_that_is_cut_off_is_whole_and_then_its_bytes),
        cmocka_unit_test(what_is_no_instruction_is_bytes),
        cmocka_unit_test(a_lock_that_locks_nothing_is_shown_in_front_of_the_rest),
        cmocka_unit_test(code_of_a_range_without_bytes_is_empty),
        cmocka_unit_test(the_bias_is_that_of_the_mapped_segment),
        cmocka_unit_test(exhausted_memory_is_told_wherever_it_strikes),
    };
    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
