/* The kernel's list of symbols: which name an address gets, and when there is none. */
#include "symbol/kallsyms.h"

#include "testing.h"

static struct kallsyms read(const char *text)
{
    struct kallsyms symbols;
    assert_true(kallsyms_init(&symbols, str_of(text), mem_libc()));
    return symbols;
}

static struct str name_at(const struct kallsyms *symbols, uint64_t address)
{
    const struct kernel_symbol *symbol = kallsyms_find(symbols, address);
    return symbol ? symbol->name : STR("-");
}

static void an_address_is_named_by_the_symbol_before_it(void **state)
{
    (void)state;
    struct kallsyms symbols = read("ffffffff81000100 t second\nffffffff81000000 T first\nffffffff81000200 D data\n");
    assert_str(name_at(&symbols, 0xffffffff81000000), "first");
    assert_str(name_at(&symbols, 0xffffffff810000ff), "first");
    assert_str(name_at(&symbols, 0xffffffff81000100), "second");
    assert_str(name_at(&symbols, 0xffffffff80ffffff), "-");
    assert_str(name_at(&symbols, 0xffffffff91000100), "-");
    kallsyms_finish(&symbols);
}

static void of_several_names_the_best_is_shown(void **state)
{
    (void)state;
    struct kallsyms symbols = read("ffffffff81000000 t __do_it\nffffffff81000000 T do_it\nffffffff81000000 W weak_it\n"
                                   "ffffffff81000100 T __x64_sys_read\nffffffff81000100 t read\n");
    assert_str(name_at(&symbols, 0xffffffff81000010), "do_it");
    assert_str(name_at(&symbols, 0xffffffff81000110), "__x64_sys_read");
    kallsyms_finish(&symbols);
}

static void symbols_of_modules_have_their_names(void **state)
{
    (void)state;
    struct kallsyms symbols = read("ffffffffc0000000 t nft_do_chain\t[nf_tables]\nffffffff81000000 T _text\n");
    assert_str(kallsyms_find(&symbols, 0xffffffffc0000008)->module, "[nf_tables]");
    assert_str(kallsyms_find(&symbols, 0xffffffff81000008)->module, "");
    kallsyms_finish(&symbols);
}

static void a_list_without_addresses_is_known_as_one(void **state)
{
    (void)state;
    struct kallsyms symbols = read("0000000000000000 T _text\n0000000000000000 t other\n");
    assert_true(symbols.hidden);
    assert_int_equal(symbols.at.n, 0);
    kallsyms_finish(&symbols);
    symbols = read("");
    assert_false(symbols.hidden);
    kallsyms_finish(&symbols);
}

static void lines_that_are_none_are_passed_over(void **state)
{
    (void)state;
    struct kallsyms symbols = read("hello\n\nffffffff81000000\nffffffff81000000 T\nffffffff81000000 T \n"
                                   "fffffffffffffffffff T long\nffffffff81000000 T fine");
    assert_int_equal(symbols.at.n, 1);
    assert_str(name_at(&symbols, 0xffffffff81000000), "fine");
    kallsyms_finish(&symbols);
}

static void the_address_of_a_symbol_is_found_by_its_name(void **state)
{
    (void)state;
    struct str text = STR("ffffffffc0000000 t _text\t[odd]\nffffffff81000000 T _text\n");
    assert_int_equal(kallsyms_address(text, STR("_text")), 0xffffffff81000000);
    assert_int_equal(kallsyms_address(text, STR("_stext")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_named_by_the_symbol_before_it),
        cmocka_unit_test(of_several_names_the_best_is_shown),
        cmocka_unit_test(symbols_of_modules_have_their_names),
        cmocka_unit_test(a_list_without_addresses_is_known_as_one),
        cmocka_unit_test(lines_that_are_none_are_passed_over),
        cmocka_unit_test(the_address_of_a_symbol_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
