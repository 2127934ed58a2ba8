#include "wire/proto.h"

#include "testing.h"

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, mem_libc());
    proto_put_uint(&out, 1, UINT64_MAX);
    size_t mark = proto_begin(&out, 2);
    proto_put_str(&out, 3, STR("inner"));
    buf_fill(&out, 0, 0);
    proto_end(&out, mark);
    struct cursor message = cursor_over(out.p, out.n, 0);
    struct proto_field field, inner;
    assert_true(proto_next(&message, &field));
    assert_int_equal(field.number, 1);
    assert_true(field.value == UINT64_MAX);
    assert_true(proto_next(&message, &field));
    assert_int_equal(field.number, 2);
    assert_true(proto_next(&field.bytes, &inner));
    assert_str(proto_str(&inner), "inner");
    assert_false(proto_next(&message, &field));
    assert_true(cursor_ok(&message));
    buf_finish(&out);
}

static void a_nested_message_longer_than_127_bytes_gets_its_length(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, mem_libc());
    size_t mark = proto_begin(&out, 2);
    buf_fill(&out, 'x', 300);
    proto_end(&out, mark);
    struct cursor message = cursor_over(out.p, out.n, 0);
    struct proto_field field;
    assert_true(proto_next(&message, &field));
    assert_int_equal(proto_str(&field).n, 300);
    assert_false(proto_next(&message, &field));
    buf_finish(&out);
}

static void broken_fields_are_refused(void **state)
{
    (void)state;
    static const struct str broken[] = {
        {"\x00\x01", 2},     /* field number 0 */
        {"\x0b", 1},         /* a group */
        {"\x0a\x05xx", 4},   /* longer than the message */
        {"\x09\x01\x02", 3}, /* half a fixed64 */
        {"\x08", 1},         /* no value */
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct cursor message = cursor_over(broken[i].p, broken[i].n, 0);
        struct proto_field field;
        assert_false(proto_next(&message, &field));
        assert_false(cursor_ok(&message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_nested_message_longer_than_127_bytes_gets_its_length),
        cmocka_unit_test(broken_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
