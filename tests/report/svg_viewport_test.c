#include "report/svg_viewport.h"

#include "report/drawing.h"
#include "report/scripts.h"
#include "testing.h"

#define HEAD "<svg width=\"8pt\" height=\"8pt\"\n viewBox=\"0.00 0.00 8.00 8.00\" xmlns=\"x\">\n"
#define OPEN_SCRIPT "<script type=\"text/ecmascript\"><![CDATA["
#define BEHIND_SCRIPT "]]></script><g id=\"viewport\" transform=\"scale(0.5,0.5) translate(0,0)\">"

/* The document made of a text, with the script's text taken out. */
static void assert_becomes(const char *svg, const char *expected)
{
    struct buf out;
    buf_init(&out, mem_libc());
    svg_put_viewport(&out, str_of(svg));
    size_t script = str_find(buf_text(&out), pan_zoom_script, 0);
    if (script < out.n) {
        memmove(out.p + script, out.p + script + pan_zoom_script.n, out.n - script - pan_zoom_script.n);
        out.n -= pan_zoom_script.n;
    }
    if (!str_equal(buf_text(&out), str_of(expected)))
        fail_msg("\"%s\" became \"%.*s\", not \"%s\"", svg, (int)out.n, out.p, expected);
    buf_finish(&out);
}

static void a_picture_fills_the_window_and_gets_the_script(void **state)
{
    (void)state;
    assert_becomes("<?xml?>" HEAD "<g id=\"graph0\" class=\"graph\">\n</g>\n</svg>\n",
                   "<?xml?><svg width=\"100%\" height=\"100%\" xmlns=\"x\">\n" OPEN_SCRIPT BEHIND_SCRIPT
                   "<g id=\"graph0\" class=\"graph\">\n</g>\n</g></svg>\n");
}

static void what_is_not_there_stays_away(void **state)
{
    (void)state;
    assert_becomes("", "");
    assert_becomes("<svg", "<svg");
    assert_becomes("<svg width=\"\" height=\"1\" viewBox=\"1\">", "<svg width=\"\" height=\"1\" viewBox=\"1\">");
    assert_becomes("<svg width=\"1\" height=\"1\" viewBox=\"1", "<svg width=\"1\" height=\"1\" viewBox=\"1");
    assert_becomes("<g id=\"graphs\"><g id=\"graph12\">", "<g id=\"graphs\"><g id=\"graph12\">");
    assert_becomes("</svg></svg>", "</g></svg></svg>");
    assert_becomes("<g id=\"graph7\">", OPEN_SCRIPT BEHIND_SCRIPT "<g id=\"graph7\">");
}

static void ampersands_are_quoted(void **state)
{
    (void)state;
    assert_becomes("a&;b&amp;c&;", "a&amp;;b&amp;c&amp;;");
}

static void exhaustion_shows(void **state)
{
    (void)state;
    for (size_t successes = 0; successes < 8; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct buf out;
        buf_init(&out, &failing.mem);
        svg_put_viewport(&out, STR(HEAD "<g id=\"graph0\"></g></svg>"));
        assert_true(out.failed || str_ends_with(buf_text(&out), STR("</g></g></svg>")));
        buf_finish(&out);
    }
}

static void graphviz_draws_in_a_process_of_its_own(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip_with("ThreadSanitizer does not see what orders the threads of graphviz's libraries");
#endif
    struct buf out, error;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    bool fine = drawing_make(STR("digraph \"g\" { a -> b [label=\"<&>\"] }"), "svg", &out, &error);
    if (!fine && str_find(buf_text(&error), STR("libgvc6"), 0) < error.n) {
        buf_finish(&error);
        skip_with("no graphviz");
    }
    assert_true(fine);
    assert_true(str_starts_with(buf_text(&out), STR("<?xml")) && str_ends_with(buf_text(&out), STR("</svg>\n")));
    assert_true(str_find(buf_text(&out), STR("&lt;&amp;&gt;"), 0) < out.n);
    size_t before = out.n;
    assert_false(drawing_make(STR("digraph {"), "svg", &out, &error));
    assert_str(buf_text(&error), "graphviz failed: the graph cannot be read");
    assert_false(drawing_make(STR("digraph {}"), "nosuchformat", &out, &error));
    assert_true(str_find(buf_text(&error), STR("does not write nosuchformat"), 0) < error.n);
    assert_int_equal(out.n, before);
    buf_finish(&error);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_fills_the_window_and_gets_the_script),
        cmocka_unit_test(what_is_not_there_stays_away),
        cmocka_unit_test(ampersands_are_quoted),
        cmocka_unit_test(exhaustion_shows),
        cmocka_unit_test(graphviz_draws_in_a_process_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
