#include "cli/colouring.h"

#include <stdlib.h>
#include <unistd.h>

#include "testing.h"

/* Puts a text in parts of `step` bytes, and writes codes as <code>, with <> for the end of a mark. */
static void assert_marked(enum report_format format, const char *text, size_t step, const char *expected)
{
    struct colouring colouring;
    struct buf out, plain;
    buf_init(&out, mem_libc());
    buf_init(&plain, mem_libc());
    colouring_init(&colouring, format, mem_libc());
    for (struct str rest = str_of(text); rest.n > 0; rest = str_skip(rest, step))
        colouring_put(&colouring, str_first(rest, step), &out);
    colouring_end(&colouring, &out);
    for (size_t i = 0; i < out.n; i++) {
        if (out.p[i] != '\033') {
            buf_byte(&plain, out.p[i]);
            continue;
        }
        size_t end = str_find(buf_text(&out), STR("m"), i);
        struct str code = {out.p + i + 2, end - i - 2};
        buf_printf(&plain, "<%.*s>", str_equal(code, STR("0")) ? 0 : (int)code.n, code.p);
        i = end;
    }
    buf_byte(&plain, 0);
    assert_string_equal(plain.p, expected);
    colouring_finish(&colouring);
    buf_finish(&plain);
    buf_finish(&out);
}

static void entries_are_as_hot_as_they_are_heavy(void **state)
{
    (void)state;
    for (size_t step = 1; step < 200; step += 66) {
        assert_marked(
            report_text,
            "Type: cpu\n      flat  flat%   sum%        cum   cum%\n"
            "     2.50s 25.00% 25.00%      5.50s 55.00%  main.f (inline)\n"
            "         0     0% 25.00%     -0.10s  1.00%  main.g\n",
            step,
            "Type: cpu\n<1>      flat  flat%   sum%        cum   cum%<>\n"
            "     <1;31>2.50s<> <1;31>25.00%<> <2>25.00%<>      <1;31>5.50s<> <1;31>55.00%<>  main.f<2> (inline)<>\n"
            "         <2>0<>     <2>0%<> <2>25.00%<>     <32>-0.10s<>  <32>1.00%<>  main.g\n");
    }
}

static void trees_have_bold_entries_between_their_neighbours(void **state)
{
    (void)state;
    assert_marked(report_peek,
                  "-----------+---\n"
                  "                                             0.05s  8.00% |   main.caller\n"
                  "     0.01s  0.50%  0.50%      0.02s  2.00%                | main.f\n",
                  1000,
                  "<2>-----------+---<>\n"
                  "                                             <31>0.05s<>  <31>8.00%<> |   main.caller\n"
                  "     0.01s  0.50%  <2>0.50%<>      <33>0.02s<>  <33>2.00%<>                | <1>main.f<>\n");
}

static void lists_traces_and_tags(void **state)
{
    (void)state;
    assert_marked(
        report_list,
        "Total: 550ms\nROUTINE ==== main.f in f.go\n      10ms      510ms (flat, cum) 92.73% of Total\n"
        "         .      510ms     26:\ts := f()\n",
        1000,
        "Total: 550ms\n<1>ROUTINE ==== main.f in f.go<>\n      <31>10ms<>      <33>510ms<> (flat, cum) 92.73% of "
        "Total\n         <2>.<>      <33>510ms<>     <2>26:<>\ts := f()\n");
    assert_marked(report_traces, "      pool:  batch\n      10ms   leaf\n             caller (inline)\n", 1000,
                  "      <36>pool:<>  batch\n      <1>10ms<>   leaf\n             caller<2> (inline)<>\n");
    assert_marked(report_tags, " pool: Total 16s of 18s (90%)\n       7.65s ( 1.11%): batch\n", 1000,
                  "<1> pool<>: Total 16s of 18s (90%)\n       <33>7.65s<> ( 1.11%): batch\n");
}

static void what_is_for_programs_stays_as_it_is(void **state)
{
    (void)state;
    assert_marked(report_raw, "      flat  flat%\n     2.50s 25.00% 25.00%      5.50s 55.00%  main.f\nno end", 3,
                  "      flat  flat%\n     2.50s 25.00% 25.00%      5.50s 55.00%  main.f\nno end");
}

static void any_text_will_do(void **state)
{
    (void)state;
    static const char *const texts[] = {"",  "\n", " ",      "-",      "%", " 0 0% 0% 0 0%", "1 -% -% 1 -% |",
                                        "(", ":",  " a: (b", "......+"};
    static const enum report_format formats[] = {report_text, report_tree, report_list, report_traces, report_tags};
    struct colouring colouring;
    struct buf out;
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            buf_init(&out, mem_libc());
            colouring_init(&colouring, formats[f], mem_libc());
            colouring_put(&colouring, str_of(texts[i]), &out);
            colouring_end(&colouring, &out);
            assert_true(out.n >= strlen(texts[i]));
            colouring_finish(&colouring);
            buf_finish(&out);
        }
    }
}

static void the_choice_is_above_the_terminal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_false(colours_wanted("auto", ends[1]));
    assert_true(colours_wanted("always", ends[1]));
    assert_false(colours_wanted("never", ends[1]));
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_as_hot_as_they_are_heavy),
        cmocka_unit_test(trees_have_bold_entries_between_their_neighbours),
        cmocka_unit_test(lists_traces_and_tags),
        cmocka_unit_test(what_is_for_programs_stays_as_it_is),
        cmocka_unit_test(any_text_will_do),
        cmocka_unit_test(the_choice_is_above_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
