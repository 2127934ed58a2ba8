#include "testing.h"

#include "base/duration.h"

static void expect(int64_t ns, const char *text)
{
    struct buf out;
    buf_init(&out, mem_libc());
    buf_duration(&out, ns);
    buf_byte(&out, 0);
    assert_string_equal(out.p, text);
    buf_finish(&out);
}

static void the_unit_fits_the_size(void **state)
{
    (void)state;
    expect(0, "0s");
    expect(999, "999ns");
    expect(1000, "1µs");
    expect(1001, "1.001µs");
    expect(2200000, "2.2ms");
    expect(999999999, "999.999999ms");
    expect(1000000000, "1s");
    expect(59999999999, "59.999999999s");
}

static void minutes_and_hours_keep_their_seconds(void **state)
{
    (void)state;
    expect(60000000000, "1m0s");
    expect(3723500000000, "1h2m3.5s");
    expect(3600000000001, "1h0m0.000000001s");
}

static void what_is_negative_has_a_sign(void **state)
{
    (void)state;
    expect(-1500, "-1.5µs");
    expect(INT64_MIN, "-2562047h47m16.854775808s");
    expect(INT64_MAX, "2562047h47m16.854775807s");
}

static void expect_read(const char *text, int64_t ns)
{
    int64_t read = -1;
    assert_true(duration_parse(str_of(text), &read));
    assert_int_equal(read, ns);
}

static void what_go_writes_is_read(void **state)
{
    (void)state;
    expect_read("0", 0);
    expect_read("0s", 0);
    expect_read("1.2s", 1200000000);
    expect_read("1h2m3.5s", 3723500000000);
    expect_read("7µs", 7000);
    expect_read("7us", 7000);
    expect_read(".5ms", 500000);
    expect_read("1.ns", 1);
    expect_read("0.100000000000000000000h", 360000000000);
    expect_read("2562047h47m16.854775807s", INT64_MAX);
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "1",
                                        "s",
                                        ".s",
                                        "1.2.3s",
                                        "1x",
                                        "-1s",
                                        "1s ",
                                        "9223372036854775808ns",
                                        "2562047h47m16.854775808s",
                                        "99999999999999999999h"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t read = 7;
        assert_false(duration_parse(str_of(texts[i]), &read));
        assert_int_equal(read, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_unit_fits_the_size),         cmocka_unit_test(minutes_and_hours_keep_their_seconds),
        cmocka_unit_test(what_is_negative_has_a_sign),    cmocka_unit_test(what_go_writes_is_read),
        cmocka_unit_test(what_is_no_duration_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
