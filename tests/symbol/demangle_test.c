#include "symbol/demangle.h"

#include <stdlib.h>
#include <string.h>

#include "testing.h"

/* What a symbol becomes in a mode; it stays valid until the next call. */
static struct str demangled(const char *symbol, enum demangle_mode mode)
{
    static struct buf out;
    buf_finish(&out);
    buf_init(&out, mem_libc());
    if (!demangle(str_of(symbol), mode, &out)) {
        assert_int_equal(out.n, 0);
        buf_str(&out, STR("(as it is)"));
    }
    return buf_text(&out);
}

static struct str simplified(const char *name, enum demangle_mode mode)
{
    static struct buf out;
    buf_finish(&out);
    buf_init(&out, mem_libc());
    demangle_simplify(str_of(name), mode, &out);
    return buf_text(&out);
}

static const char push_back[] = "_ZNSt6vectorISaIiESaIS0_EE9push_backERKS0_";

static void each_mode_leaves_out_its_part(void **state)
{
    (void)state;
    assert_str(demangled(push_back, demangle_default), "std::vector::push_back");
    assert_str(demangled(push_back, demangle_templates),
               "std::vector<std::allocator<int>, std::allocator<std::allocator<int> > >::push_back");
    assert_str(demangled(push_back, demangle_full),
               "std::vector<std::allocator<int>, std::allocator<std::allocator<int>"
               " > >::push_back(std::allocator<int> const&)");
    assert_str(demangled(push_back, demangle_none), "(as it is)");
}

static void letters_of_old_rust_are_unescaped(void **state)
{
    (void)state;
    assert_str(demangled("_ZN5names10stra$udf$e17h0123456789abcdefE", demangle_default), "names::straße");
    assert_str(demangled("_ZN5names12a$ud800$$u7$17h0123456789abcdefE", demangle_default), "names::a$ud800$$u7$");
    assert_str(demangled("_ZN5names7$u4e2d$17h0123456789abcdefE", demangle_default), "names::中");
}

static void names_of_d_are_those_of_binutils(void **state)
{
    static const char *const names[][2] = {
        {"_Dmain", "D main"},
        {"_D1a1bFDFNaNbiZvPUiXvPFNfKiYiMDFZiZv",
         "a.b(void(int) pure nothrow delegate, extern(C) void(int...) function, int(ref int, ...) @safe function, "
         "scope int() delegate)"},
        {"_D1a1bFDxFiZvDOFNaZvZv", "a.b(void(int) delegate const, void() pure delegate shared)"},
        {"_D1a1bMyFJiKiLiMiNkiIiZv", "a.b(out int, ref int, lazy int, scope int, return int, in int) immutable"},
        {"_D1a1bFB2iiG4iHAyaiPiNhG4fOxiNgiZv",
         "a.b(Tuple!(int, int), int[4], int[immutable(char)[]], int*, __vector(float[4]), shared(const(int)), "
         "inout(int))"},
        {"_D1a1bFrqcopjziebZv", "a.b(cdouble, cfloat, creal, ifloat, idouble, ireal, cent, real, bool)"},
        {"_D1a1bFZ1c6__initZ", "initializer for a.b().c"},
        {"_D1a6__vtblZ", "vtable for a"},
        {"_D1a1b6__ctorMFiZC1a1b", "a.b.this(int)"},
        {"_D1a1b10__postblitMFZv", "a.b.this(this)"},
        {"_D3std10checkedint4Warn__T10onOverflowVAyaa1_2bTmTxmZQBbFNfmxmZm",
         "std.checkedint.Warn.onOverflow!(\"+\", ulong, const(ulong)).onOverflow(ulong, const(ulong))"},
        {"_D3std3uni7toLowerFNaNfNkMAyaZQe", "std.uni.toLower(return scope immutable(char)[])"},
        {"_DTi16_D3gcc9backtrace12LibBacktrace8toStringMxFZAya",
         "thunk to gcc.backtrace.LibBacktrace.toString() const"},
        {"_D2rt5minfo11ModuleGroup8runDtorsMFZv.part.0", "rt.minfo.ModuleGroup.runDtors()"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str got = demangled(names[i][0], demangle_full);
        assert_int_equal(got.n, strlen(names[i][1]));
        assert_memory_equal(got.p, names[i][1], got.n);
    }
    const char *warn = "_D3std10checkedint4Warn__T10onOverflowVAyaa1_2bTmTxmZQBbFNfmxmZm";
    assert_str(demangled(warn, demangle_default), "std.checkedint.Warn.onOverflow.onOverflow");
    assert_str(demangled(warn, demangle_templates),
               "std.checkedint.Warn.onOverflow!(\"+\", ulong, const(ulong)).onOverflow");
}

static void what_looks_like_d_and_is_not_stays(void **state)
{
    static const char *const symbols[] = {"_D",        "_D3",     "_D9abc",        "_D1a",   "_DYNAMIC",
                                          "_D1aFQbZv", "_D1a1bF", "_D1a__T1bZZZZ", "_DT4_x", "_D1aG99999999"};
    (void)state;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        assert_str(demangled(symbols[i], demangle_full), "(as it is)");
}

/* Each of the pairs doubles what the one before it stands for. */
static void references_to_references_end(void **state)
{
    struct buf symbol;
    (void)state;
    buf_init(&symbol, mem_libc());
    buf_str(&symbol, STR("_D1aFB2ii"));
    for (int i = 0; i < 60; i++)
        buf_str(&symbol, i == 0 ? STR("B2QgQi") : STR("B2QiQk"));
    buf_str(&symbol, STR("Zv"));
    buf_byte(&symbol, '\0');
    assert_str(demangled(symbol.p, demangle_full), "(as it is)");
    buf_finish(&symbol);
}

static void operators_are_not_taken_for_brackets(void **state)
{
    (void)state;
    assert_str(demangled("_ZltIiEbRKT_S2_", demangle_default), "operator<");
    assert_str(demangled("_ZN1SclIiEEvT_", demangle_default), "S::operator()");
    assert_str(demangled("_ZN1SptEv", demangle_default), "S::operator->");
    assert_str(demangled("_ZlsIiERiS0_T_", demangle_default), "operator<<");
}

static void parameters_of_enclosing_functions_are_left_out(void **state)
{
    (void)state;
    assert_str(demangled("_ZZ4workdENKUliE_clEi", demangle_default), "work()::{lambda(int)#1}::operator()");
    assert_str(demangled("_ZZ4workdENKUliE_clEi", demangle_full),
               "work(double)::{lambda(int)#1}::operator()(int) const");
    assert_str(demangled("_ZN12_GLOBAL__N_11fEi", demangle_default), "(anonymous namespace)::f");
}

static void copies_of_a_function_have_its_name(void **state)
{
    (void)state;
    assert_str(demangled("_ZN1S1fEi.constprop.0", demangle_default), "S::f");
    assert_str(demangled("_ZN1S1fEi.cold", demangle_full), "S::f(int)");
}

static void rust_symbols_of_both_kinds_are_read(void **state)
{
    (void)state;
    assert_str(demangled("_ZN4core3ptr13drop_in_place17h0123456789abcdefE", demangle_default),
               "core::ptr::drop_in_place");
    assert_str(demangled("_ZN49_$LT$std..io..Hasher$LT$S$GT$$u20$as$u20$a..b$GT$5__add17h0123456789abcdefE.llvm.1",
                         demangle_default),
               "<std::io::Hasher<S> as a::b>::_add");
    assert_str(demangled("_RINvNtC3std3mem8align_ofdE", demangle_default), "std::mem::align_of::<>");
    assert_str(demangled("_RINvNtC3std3mem8align_ofdE", demangle_full), "std::mem::align_of::<f64>");
}

static void what_is_not_mangled_stays(void **state)
{
    (void)state;
    static const char *const plain[] = {"main", "", "_", "_Z", "_Zzz", "__libc_start_main", "main.(*T).f", "_ZN"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_str(demangled(plain[i], demangle_default), "(as it is)");
}

static void demangled_names_lose_the_same_parts(void **state)
{
    (void)state;
    assert_str(simplified("std::vector<int>::push_back(int const&)", demangle_default), "std::vector::push_back");
    assert_str(simplified("std::vector<int>::push_back(int const&)", demangle_templates),
               "std::vector<int>::push_back");
    assert_str(simplified("std::vector<int>::push_back(int const&)", demangle_full),
               "std::vector<int>::push_back(int const&)");
}

static void names_of_other_languages_are_let_alone(void **state)
{
    (void)state;
    assert_str(simplified("main.(*T[...]).f", demangle_default), "main.(*T[...]).f");
    assert_str(simplified("java.util.List.<init>", demangle_default), "java.util.List.<init>");
    assert_str(simplified("f(int)", demangle_default), "f(int)");
    assert_str(simplified("a::b)(c", demangle_default), "a::b)(c");
}

static void deep_and_broken_symbols_end(void **state)
{
    (void)state;
    enum { n = 1 << 17 };
    char *symbol = malloc(n + 1);
    memset(symbol, 'P', n);
    memcpy(symbol, "_Z1fI", 5);
    symbol[n] = '\0';
    assert_str(demangled(symbol, demangle_default), "(as it is)");
    symbol[60000] = '\0';
    assert_str(demangled(symbol, demangle_default), "(as it is)");
    free(symbol);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_leaves_out_its_part),
        cmocka_unit_test(letters_of_old_rust_are_unescaped),
        cmocka_unit_test(names_of_d_are_those_of_binutils),
        cmocka_unit_test(what_looks_like_d_and_is_not_stays),
        cmocka_unit_test(references_to_references_end),
        cmocka_unit_test(operators_are_not_taken_for_brackets),
        cmocka_unit_test(parameters_of_enclosing_functions_are_left_out),
        cmocka_unit_test(copies_of_a_function_have_its_name),
        cmocka_unit_test(rust_symbols_of_both_kinds_are_read),
        cmocka_unit_test(what_is_not_mangled_stays),
        cmocka_unit_test(demangled_names_lose_the_same_parts),
        cmocka_unit_test(names_of_other_languages_are_let_alone),
        cmocka_unit_test(deep_and_broken_symbols_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
