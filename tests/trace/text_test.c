#include "testing.h"

#include "trace/text.h"

static const char good[] = "Trace Go1.26\n"
                           "EventBatch gen=1 m=7 time=100 size=300\n"
                           "# a comment\n"
                           "\n"
                           "Stack id=5 nframes=1\n"
                           "\tpc=4096 func=1 file=2 line=17\n"
                           "String id=1\n"
                           "\tdata=\"a\\x00\\\"b\"\n";

static void expect(struct str text, struct str binary)
{
    struct buf out;
    struct trace_fault fault = {0};
    buf_init(&out, mem_libc());
    buf_byte(&out, '>');
    assert_true(trace_text_encode(text, &out, &fault));
    assert_false(fault.set);
    assert_true(str_equal(buf_text(&out), binary));
    buf_finish(&out);
}

static void a_text_becomes_the_shortest_binary_form(void **state)
{
    (void)state;
    expect(STR(good), STR(">go 1.26 trace\0\0\0"
                          "\x01\x01\x07\x64\xac\x02"
                          "\x03\x05\x01\x80\x20\x01\x02\x11"
                          "\x05\x01\x04"
                          "a\0\"b"));
}

static void without_a_first_line_the_events_say_the_version(void **state)
{
    (void)state;
    expect(STR("EventBatch gen=1 m=2 time=3 size=0"), STR(">go 1.23 trace\0\0\0\x01\x01\x02\x03\0"));
    expect(STR("EventBatch gen=1 m=2 time=3 size=0\nSync"), STR(">go 1.25 trace\0\0\0\x01\x01\x02\x03\0\x32"));
    expect(STR("EventBatch gen=1 m=2 time=3 size=0\nEndOfGeneration\nSync\n"),
           STR(">go 1.26 trace\0\0\0\x01\x01\x02\x03\0\x34\x32"));
}

static void expect_refused(const char *text, const char *why)
{
    struct buf out;
    struct trace_fault fault = {0};
    buf_init(&out, mem_libc());
    buf_byte(&out, '>');
    assert_false(trace_text_encode(str_of(text), &out, &fault));
    assert_int_equal(out.n, 1);
    assert_true(fault.set && fault.offset <= strlen(text));
    assert_string_equal(fault.rule, why);
    buf_finish(&out);
}

static void what_is_wrong_is_told_with_the_line_and_what_was_expected(void **state)
{
    (void)state;
    expect_refused("", "line 1: expected \"Trace Go1.NN\", not an empty text");
    expect_refused("Trace Go1.24", "line 1: expected a version Go1.NN of traces that is known, not \"Go1.24\"");
    expect_refused("Trace Go1.22\nSync\n", "line 2: expected the name of an event of this version, not \"Sync\"");
    expect_refused("Trace Go1.26\n\nFrequency\n", "line 3: expected freq=NUMBER, not \"the end of the line\"");
    expect_refused("Trace Go1.26\nFrequency hz=1\n", "line 2: expected freq=NUMBER, not \"hz=1\"");
    expect_refused("Trace Go1.26\nFrequency freq=18446744073709551616",
                   "line 2: expected freq=NUMBER, not \"freq=18446744073709551616\"");
    expect_refused("Trace Go1.26\nFrequency freq=1 x", "line 2: expected the end of the line, not \"x\"");
    expect_refused("Trace Go1.26\nStack id=1 nframes=1048576\n\tpc=1 func=0 file=0 line=0",
                   "line 3: the text ends after 1 of a stack's 1048576 frames");
    expect_refused("Trace Go1.26\nString id=1\n", "line 2: the text ends where data=\"...\" must follow");
    expect_refused("Trace Go1.26\nString id=1\nString id=2\n", "line 3: expected data=\"...\", not \"String id=2\"");
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    for (size_t allowed = 0;; allowed++) {
        struct failing_mem mem = failing_mem(allowed);
        struct trace_fault fault = {0};
        struct buf out;
        buf_init(&out, &mem.mem);
        bool encoded = trace_text_encode(STR(good), &out, &fault);
        assert_true(encoded != fault.set);
        buf_finish(&out);
        if (encoded)
            break;
        assert_true(allowed < 100);
    }
}

static void only_texts_are_taken_for_texts(void **state)
{
    (void)state;
    assert_true(trace_text_is(STR(good)));
    assert_true(trace_text_is(STR("# x\n\n EventBatch gen=1")));
    assert_false(trace_text_is(STR("go 1.26 trace\0\0\0")));
    assert_false(trace_text_is(STR("")));
    assert_false(trace_text_is(STR("\n\n")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_becomes_the_shortest_binary_form),
        cmocka_unit_test(without_a_first_line_the_events_say_the_version),
        cmocka_unit_test(what_is_wrong_is_told_with_the_line_and_what_was_expected),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(only_texts_are_taken_for_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
