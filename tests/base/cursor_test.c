#include "base/cursor.h"

#include "testing.h"

static struct cursor over(const char *bytes, size_t size)
{
    return cursor_over(bytes, size, 0);
}

static void fixed_numbers_are_read_in_their_byte_order(void **state)
{
    (void)state;
    struct cursor c = over("\x01\x02\x03\x01\x02\x03\x04\x01\x02\x03\x04", 11);
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_u16le(&c), 0x0302);
    assert_int_equal(cursor_u32le(&c), 0x04030201);
    assert_int_equal(cursor_u32be(&c), 0x01020304);
    assert_true(cursor_ok(&c));
}

static void a_short_input_fails_at_its_offset_and_stays_failed(void **state)
{
    (void)state;
    struct cursor c = cursor_over("abc", 3, 100);
    assert_int_equal(cursor_u16le(&c), 0x6261);
    assert_int_equal(cursor_u32le(&c), 0);
    assert_false(cursor_ok(&c));
    assert_int_equal(c.fault.offset, 102);
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(c.fault.offset, 102);
}

static void varints_of_every_length_are_read(void **state)
{
    (void)state;
    struct cursor c = over("\x00\x7f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14);
    assert_int_equal(cursor_varint(&c), 0);
    assert_int_equal(cursor_varint(&c), 127);
    assert_int_equal(cursor_varint(&c), 128);
    assert_true(cursor_varint(&c) == UINT64_MAX);
    assert_true(cursor_ok(&c));
}

static void a_varint_beyond_64_bits_is_refused(void **state)
{
    (void)state;
    struct cursor c = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    cursor_varint(&c);
    assert_false(cursor_ok(&c));
    struct cursor endless = over("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12);
    cursor_varint(&endless);
    assert_false(cursor_ok(&endless));
}

static void a_varint_cut_short_is_refused(void **state)
{
    (void)state;
    struct cursor c = over("\x80\x80", 2);
    assert_int_equal(cursor_varint(&c), 0);
    assert_false(cursor_ok(&c));
}

/* Encodes pseudo-random numbers of 0 to 63 bits, some with needless groups, and reads them at once and one by one. */
static void many_varints_at_once_are_those_read_one_by_one(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    uint32_t got[1000];
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        size_t n = 0;
        while (n < sizeof bytes - 10) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t value = seed >> (round % 2 ? 1 + (seed >> 58) % 63 : 44 + (seed >> 60));
            for (; value >= 0x80; value >>= 7)
                bytes[n++] = (uint8_t)value | 0x80;
            bool padded = (seed & 0xf00000) == 0;
            bytes[n++] = (uint8_t)value | (padded ? 0x80 : 0);
            if (padded)
                bytes[n++] = 0;
        }
        struct cursor all = cursor_over(bytes, n, 0), one = all;
        size_t count = cursor_varints_u32(&all, got);
        assert_true(cursor_ok(&all) && cursor_left(&all) == 0);
        for (size_t i = 0; i < count; i++) {
            uint64_t want = cursor_varint(&one);
            assert_int_equal(got[i], want > UINT32_MAX ? UINT32_MAX : want);
        }
        assert_true(cursor_ok(&one) && cursor_left(&one) == 0);
    }
}

static void many_varints_at_once_fail_where_one_is_broken(void **state)
{
    (void)state;
    uint32_t got[32];
    struct cursor cut = over("\x01\x02\x03\x04\x05\x06\x07\x08\x80", 9);
    cursor_varints_u32(&cut, got);
    assert_false(cursor_ok(&cut));
    assert_int_equal(cut.fault.offset, 8);
    struct cursor large = over("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x01", 12);
    cursor_varints_u32(&large, got);
    assert_false(cursor_ok(&large));
    assert_int_equal(large.fault.offset, 1);
}

static void signed_leb128_is_sign_extended(void **state)
{
    (void)state;
    struct cursor c = over("\x7f\x3f\x80\x7f\x40", 5);
    assert_int_equal(cursor_sleb128(&c), -1);
    assert_int_equal(cursor_sleb128(&c), 63);
    assert_int_equal(cursor_sleb128(&c), -128);
    assert_int_equal(cursor_sleb128(&c), -64);
}

static void a_sub_cursor_keeps_the_offsets_of_the_input(void **state)
{
    (void)state;
    struct cursor c = over("abcdef", 6);
    cursor_u8(&c);
    struct cursor sub = cursor_sub(&c, 3);
    assert_int_equal(cursor_u8(&c), 'e');
    cursor_bytes(&sub, 4);
    assert_int_equal(sub.fault.offset, 1);
    cursor_adopt(&c, &sub);
    assert_int_equal(c.fault.offset, 1);
    assert_int_equal(cursor_left(&c), 0);
}

static void a_sub_cursor_larger_than_the_rest_fails_both(void **state)
{
    (void)state;
    struct cursor c = over("abc", 3);
    struct cursor sub = cursor_sub(&c, UINT64_MAX);
    assert_false(cursor_ok(&sub));
    assert_false(cursor_ok(&c));
}

static void c_strings_end_at_their_nul(void **state)
{
    (void)state;
    struct cursor c = over("ab\0c", 4);
    assert_str(cursor_c_string(&c), "ab");
    assert_int_equal(cursor_c_string(&c).n, 0);
    assert_int_equal(c.fault.offset, 3);
}

static void varints_of_at_most_eight_bytes_are_read_at_once(void **state)
{
    (void)state;
    uint8_t bytes[24];
    for (unsigned bits = 0; bits <= 64; bits++) {
        for (int less = 0; less < 2; less++) {
            uint64_t value = (bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits)) - (uint64_t)less, rest = value;
            size_t n = 0;
            for (; rest >= 0x80; rest >>= 7)
                bytes[n++] = (uint8_t)rest | 0x80;
            bytes[n++] = (uint8_t)rest;
            memset(bytes + n, 0x85, sizeof bytes - n);
            uint64_t got;
            const uint8_t *end = varint_of_8(bytes, &got);
            assert_true(n <= 8 ? end == bytes + n && got == value : end == NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_of_at_most_eight_bytes_are_read_at_once),
        cmocka_unit_test(fixed_numbers_are_read_in_their_byte_order),
        cmocka_unit_test(a_short_input_fails_at_its_offset_and_stays_failed),
        cmocka_unit_test(varints_of_every_length_are_read),
        cmocka_unit_test(a_varint_beyond_64_bits_is_refused),
        cmocka_unit_test(a_varint_cut_short_is_refused),
        cmocka_unit_test(many_varints_at_once_are_those_read_one_by_one),
        cmocka_unit_test(many_varints_at_once_fail_where_one_is_broken),
        cmocka_unit_test(signed_leb128_is_sign_extended),
        cmocka_unit_test(a_sub_cursor_keeps_the_offsets_of_the_input),
        cmocka_unit_test(a_sub_cursor_larger_than_the_rest_fails_both),
        cmocka_unit_test(c_strings_end_at_their_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
