/* What a JIT compiler tells perf of its code: which record names an address, and which line it is in. */
#include "symbol/jit_dump.h"

#include "base/buf.h"
#include "testing.h"

enum { pid = 77, naddresses = 4 };

static const uint64_t addresses[naddresses] = {0x1000, 0x1008, 0x1010, 0x2004};

static void put(struct buf *out, uint64_t value, unsigned bytes, bool big)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_byte(out, (char)(value >> 8 * (big ? bytes - 1 - i : i)));
}

static void begin(struct buf *out, bool big)
{
    static const uint64_t words[] = {0x4A695444, 1, 40, 62, 0, pid};
    buf_init(out, mem_libc());
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        put(out, words[i], 4, big);
    put(out, 0, 8, big);
    put(out, 0, 8, big);
}

static void put_record(struct buf *out, uint32_t id, size_t size, bool big)
{
    put(out, id, 4, big);
    put(out, 16 + size, 4, big);
    put(out, 0, 8, big);
}

static void load(struct buf *out, struct str name, uint64_t address, uint64_t size, uint64_t number, bool big)
{
    put_record(out, 0, 40 + name.n + 1 + 4, big);
    put(out, pid, 4, big);
    put(out, pid, 4, big);
    put(out, address, 8, big);
    put(out, address, 8, big);
    put(out, size, 8, big);
    put(out, number, 8, big);
    buf_str(out, name);
    put(out, 0, 5, big);
}

static void move(struct buf *out, uint64_t address, uint64_t size, uint64_t number)
{
    put_record(out, 1, 48, false);
    put(out, pid, 8, false);
    put(out, address, 8, false);
    put(out, 0, 8, false);
    put(out, address, 8, false);
    put(out, size, 8, false);
    put(out, number, 8, false);
}

/* Two lines: 5 of a file from the address on, 6 of the same from 8 bytes further on. `claimed` entries are said to be
 * there. */
static void lines(struct buf *out, uint64_t address, uint64_t first, uint64_t claimed)
{
    put_record(out, 2, 16 + 16 + 5 + 16 + 2, false);
    put(out, address, 8, false);
    put(out, claimed, 8, false);
    put(out, first, 8, false);
    put(out, 5, 8, false);
    buf_bytes(out, "a.js", 5);
    put(out, first + 8, 8, false);
    put(out, 6, 8, false);
    buf_bytes(out, "\xff", 2);
}

static void resolve(const struct buf *dump, struct jit_place places[naddresses])
{
    assert_true(jit_dump_resolve(buf_text(dump), addresses, naddresses, places, mem_libc()));
}

static void records_name_what_they_hold_in_either_byte_order(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    for (int big = 0; big < 2; big++) {
        begin(&dump, big);
        load(&dump, STR("first"), 0x1000, 0x10, 0, big);
        load(&dump, STR("second"), 0x2000, 0x10, 1, big);
        assert_int_equal(jit_dump_pid(buf_text(&dump)), pid);
        resolve(&dump, places);
        assert_str(places[0].name, "first");
        assert_str(places[1].name, "first");
        assert_str(places[2].name, "");
        assert_str(places[3].name, "second");
        assert_str(places[3].file, "");
        buf_finish(&dump);
    }
}

static void of_code_that_was_replaced_the_last_is_right(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    begin(&dump, false);
    load(&dump, STR("old"), 0x1000, 0x1000, 0, false);
    load(&dump, STR("new"), 0x1008, 8, 1, false);
    resolve(&dump, places);
    assert_str(places[0].name, "old");
    assert_str(places[1].name, "new");
    assert_str(places[2].name, "old");
    buf_finish(&dump);
}

static void lines_are_those_of_the_code_behind_them(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    begin(&dump, false);
    lines(&dump, 0x1000, 0x1000, 2);
    load(&dump, STR("f"), 0x1000, 0x20, 0, false);
    load(&dump, STR("g"), 0x2000, 0x20, 1, false);
    resolve(&dump, places);
    assert_str(places[0].file, "a.js");
    assert_int_equal(places[0].line, 5);
    assert_str(places[2].file, "a.js");
    assert_int_equal(places[2].line, 6);
    assert_str(places[3].file, "");
    buf_finish(&dump);
}

static void moved_code_is_known_in_both_places(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    begin(&dump, false);
    lines(&dump, 0x1000, 0x1000, 2);
    load(&dump, STR("f"), 0x1000, 0x20, 9, false);
    move(&dump, 0x1ffc, 0x20, 9);
    move(&dump, 0x2000, 0x20, 8); /* of nothing */
    resolve(&dump, places);
    assert_str(places[0].name, "f");
    assert_str(places[3].name, "f");
    assert_int_equal(places[3].line, 6);
    buf_finish(&dump);
}

static void lines_of_v8_are_64_bytes_further_on(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    begin(&dump, false);
    lines(&dump, 0x1000, 0x1040, 2);
    load(&dump, STR("JS:*f a.js:5"), 0x1000, 0x20, 0, false);
    resolve(&dump, places);
    assert_int_equal(places[0].line, 5);
    assert_int_equal(places[1].line, 6);
    buf_finish(&dump);
}

static void lines_that_do_not_fill_their_record_are_not_believed(void **state)
{
    static const uint64_t claims[] = {1, 3, UINT64_MAX};
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        begin(&dump, false);
        lines(&dump, 0x1000, 0x1000, claims[i]);
        load(&dump, STR("f"), 0x1000, 0x20, 0, false);
        resolve(&dump, places);
        assert_str(places[0].name, "f");
        assert_int_equal(places[0].line, 0);
        buf_finish(&dump);
    }
}

static void what_is_broken_or_cut_off_is_passed_over(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    (void)state;
    begin(&dump, false);
    lines(&dump, 0x1000, 0x1000, 2);
    load(&dump, STR("f"), 0x1000, 0x20, 0, false);
    load(&dump, STR("g"), 0x2000, 0x20, 1, false);
    for (size_t n = 0; n < dump.n; n++) {
        struct str part = {dump.p, n};
        assert_true(jit_dump_resolve(part, addresses, naddresses, places, mem_libc()));
        assert_int_equal(places[3].name.n, 0);
    }
    dump.p[4] = 9; /* the version */
    assert_int_equal(jit_dump_pid(buf_text(&dump)), 0);
    buf_finish(&dump);
}

static void exhaustion_is_told(void **state)
{
    struct jit_place places[naddresses];
    struct buf dump;
    bool fine = false;
    (void)state;
    begin(&dump, false);
    lines(&dump, 0x1000, 0x1000, 2);
    load(&dump, STR("f"), 0x1000, 0x20, 0, false);
    for (size_t successes = 0; !fine && successes < 100; successes++) {
        struct failing_mem failing = failing_mem(successes);
        fine = jit_dump_resolve(buf_text(&dump), addresses, naddresses, places, &failing.mem);
        assert_true(fine || successes < 8);
    }
    assert_true(fine);
    buf_finish(&dump);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_name_what_they_hold_in_either_byte_order),
        cmocka_unit_test(of_code_that_was_replaced_the_last_is_right),
        cmocka_unit_test(lines_are_those_of_the_code_behind_them),
        cmocka_unit_test(moved_code_is_known_in_both_places),
        cmocka_unit_test(lines_of_v8_are_64_bytes_further_on),
        cmocka_unit_test(lines_that_do_not_fill_their_record_are_not_believed),
        cmocka_unit_test(what_is_broken_or_cut_off_is_passed_over),
        cmocka_unit_test(exhaustion_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
