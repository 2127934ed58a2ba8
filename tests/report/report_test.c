/* Reports on a profile laid out by hand; what Go's tool prints for real ones is compared in tests/cli/difftest.py. */
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/pattern.h"
#include "sample.h"

#include "testing.h"

static void assert_report_of(const struct profile *profile, const struct report_options *options, const char *expected)
{
    struct buf out, error;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    if (!report_write(profile, options, &out, &error))
        fail_msg("%.*s", (int)error.n, error.p);
    buf_byte(&out, 0);
    assert_string_equal(out.p, expected);
    buf_finish(&out);
    buf_finish(&error);
}

static void assert_report(const struct report_options *options, const char *expected)
{
    struct profile profile = sample_profile();
    assert_report_of(&profile, options, expected);
}

static void assert_refused_of(const struct profile *profile, const struct report_options *options, const char *why)
{
    struct buf out, error;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    buf_str(&out, STR("before"));
    assert_false(report_write(profile, options, &out, &error));
    buf_byte(&error, 0);
    assert_string_equal(error.p, why);
    assert_str(buf_text(&out), "before");
    buf_finish(&out);
    buf_finish(&error);
}

static void assert_refused(const struct report_options *options, const char *why)
{
    struct profile profile = sample_profile();
    assert_refused_of(&profile, options, why);
}

static void text_lists_the_heaviest_first_and_remarks_what_was_inlined(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_text);
    assert_report(&options, "Showing nodes accounting for 100ms, 100% of 100ms total\n"
                            "      flat  flat%   sum%        cum   cum%\n"
                            "      85ms 85.00% 85.00%       85ms 85.00%  helper (inline)\n"
                            "      10ms 10.00% 95.00%       95ms 95.00%  main\n"
                            "       5ms  5.00%   100%        5ms  5.00%  [app]\n"
                            "         0     0%   100%       85ms 85.00%  alloc\n"
                            "         0     0%   100%       65ms 65.00%  work\n");
}

static void text_says_what_it_leaves_out(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_text);
    options.node_fraction = 0.1;
    options.node_count = 2;
    options.cum_sort = true;
    assert_report(&options, "Showing nodes accounting for 10ms, 10.00% of 100ms total\n"
                            "Dropped 1 node (cum <= 10ms)\n"
                            "Showing top 2 nodes out of 4\n"
                            "      flat  flat%   sum%        cum   cum%\n"
                            "      10ms 10.00% 10.00%       95ms 95.00%  main\n"
                            "         0     0% 10.00%       85ms 85.00%  alloc\n");
}

static void a_mean_divides_by_the_first_value(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_text);
    options.mean = true;
    options.granularity = report_files;
    /* The two functions of work.c stay apart, as Go keeps them: they begin at different lines. */
    assert_report(&options, "Showing nodes accounting for 24.44ms, 268.89% of 9.09ms total\n"
                            "      flat  flat%   sum%        cum   cum%\n"
                            "    9.44ms 103.89% 103.89%     9.44ms 103.89%  /src/app/work.c (inline)\n"
                            "      10ms 110.00% 213.89%     9.50ms 104.50%  /src/app/main.c\n"
                            "       5ms 55.00% 268.89%        5ms 55.00%  [app]\n"
                            "         0     0% 268.89%     9.44ms 103.89%  /src/app/work.c\n"
                            "         0     0% 268.89%     9.29ms 102.14%  /src/app/work.c\n");
}

/* The sample with alloc under work having become less: 60 ms of the 100 are negative. */
static void percentages_can_have_signs(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_text);
    struct profile profile = sample_profile();
    int64_t values[] = {6, -60000000, 2, 20000000, 1, 10000000, 1, 5000000, 1, 5000000};
    profile.values = values;
    options.signed_percentages = true;
    assert_report_of(&profile, &options,
                     "Showing nodes accounting for -20ms, -20.00% of 100ms total\n"
                     "      flat   flat%    sum%        cum    cum%\n"
                     "     -35ms -35.00% -35.00%      -35ms -35.00%  helper (inline)\n"
                     "      10ms  10.00% -25.00%      -25ms -25.00%  main\n"
                     "       5ms   5.00% -20.00%        5ms   5.00%  [app]\n"
                     "         0      0% -20.00%      -35ms -35.00%  alloc\n"
                     "         0      0% -20.00%      -55ms -55.00%  work\n");
}

static void tree_shows_callers_above_and_callees_below(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_peek);
    struct buf error;
    buf_init(&error, mem_libc());
    options.symbol_text = STR("all");
    options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
    assert_report(&options, "Showing nodes accounting for 100ms, 100% of 100ms total\n"
                            "----------------------------------------------------------+-------------\n"
                            "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"
                            "----------------------------------------------------------+-------------\n"
                            "                                              65ms 76.47% |   work\n"
                            "                                              20ms 23.53% |   main\n"
                            "         0     0%     0%       85ms 85.00%                | alloc\n"
                            "                                              85ms   100% |   helper (inline)\n"
                            "----------------------------------------------------------+-------------\n");
    pattern_destroy(options.symbol);
    buf_finish(&error);
}

static void what_is_left_out_is_bridged(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_tree);
    options.node_fraction = 0.7; /* leaves out work and the nameless one */
    options.edge_fraction = 0.8;
    assert_report(&options, "Showing nodes accounting for 95ms, 95.00% of 100ms total\n"
                            "Dropped 2 nodes (cum <= 70ms)\n"
                            "----------------------------------------------------------+-------------\n"
                            "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n"
                            "----------------------------------------------------------+-------------\n"
                            "                                              85ms   100% |   alloc (inline)\n"
                            "      85ms 85.00% 85.00%       85ms 85.00%                | helper\n"
                            "----------------------------------------------------------+-------------\n"
                            "      10ms 10.00% 95.00%       95ms 95.00%                | main\n"
                            "                                              85ms 89.47% |   alloc\n"
                            "----------------------------------------------------------+-------------\n"
                            "                                              85ms   100% |   main\n"
                            "         0     0% 95.00%       85ms 85.00%                | alloc\n"
                            "                                              85ms   100% |   helper (inline)\n"
                            "----------------------------------------------------------+-------------\n");
}

static void traces_show_labels_and_stacks_of_samples(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    struct report_options options = sample_options(report_traces);
    profile.nsamples = 2;
    assert_report_of(&profile, &options,
                     "File: app\n"
                     "Type: cpu\n"
                     "Duration: 1s, Total samples = 80ms ( 8.00%)\n"
                     "-----------+-------------------------------------------------------\n"
                     "      user:  bob\n"
                     "     bytes:  4kB\n"
                     "      60ms   helper (inline)\n"
                     "             alloc\n"
                     "             work\n"
                     "             main\n"
                     "-----------+-------------------------------------------------------\n"
                     "      user:  ann\n"
                     "      20ms   helper (inline)\n"
                     "             alloc\n"
                     "             main\n"
                     "-----------+-------------------------------------------------------\n");
}

static void tags_sum_up_labels(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_tags);
    assert_report(&options, " bytes: Total 60ms of 100ms (60.00%)\n"
                            "        60ms (60.00%): 4kB\n"
                            "\n"
                            " user: Total 80ms of 100ms (80.00%)\n"
                            "       60ms (60.00%): bob\n"
                            "       20ms (20.00%): ann\n"
                            "\n");
}

static void raw_prints_the_tables_with_the_file_s_ids(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    struct report_options options = sample_options(report_raw);
    profile.nsamples = 1;
    assert_report_of(&profile, &options,
                     "PeriodType: cpu nanoseconds\n"
                     "Period: 10000000\n"
                     "Duration: 1s\n"
                     "Samples:\n"
                     "samples/count cpu/nanoseconds\n"
                     "          6   60000000: 3 2 1 \n"
                     "                user:[bob]\n"
                     "                bytes:[4096 bytes]\n"
                     "Locations\n"
                     "     1: 0x1010 M=1 main /src/app/main.c:3:0 s=1\n"
                     "     2: 0x1020 M=1 work /src/app/./work.c:5:0 s=2\n"
                     "     3: 0x1030 M=1 helper /src/app/./work.c:4:0 s=0\n"
                     "             alloc /src/app/./work.c:9:0 s=8\n"
                     "     4: 0x1040 M=1 \n"
                     "Mappings\n"
                     "1: 0x1000/0x9000/0x0 /bin/app  \n");
}

static void list_says_which_source_it_did_not_find(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_list);
    struct buf error;
    buf_init(&error, mem_libc());
    options.symbol_text = STR("main");
    options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
    options.source_path = STR("/nowhere");
    options.trim_path = STR("/src/app");
    assert_report(&options, "Total: 100ms\n"
                            "ROUTINE ======================== main in main.c\n"
                            "      10ms       95ms (flat, cum) 95.00% of Total\n"
                            " Error: could not find file main.c on path /nowhere\n");
    pattern_destroy(options.symbol);
    buf_finish(&error);
}

static void list_shows_lines_with_samples_and_around_them(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonde-report-XXXXXX", file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/main.c", folder);
    FILE *source = fopen(file, "w");
    assert_non_null(source);
    fputs("int main(void)\r\n{\n    work();\n}\n", source);
    fclose(source);
    struct report_options options = sample_options(report_list);
    struct buf error;
    buf_init(&error, mem_libc());
    options.symbol_text = STR("main");
    options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
    options.source_path = str_of(folder);
    options.trim_path = STR("/src/app");
    assert_report(&options, "Total: 100ms\n"
                            "ROUTINE ======================== main in main.c\n"
                            "      10ms       95ms (flat, cum) 95.00% of Total\n"
                            "         .          .      1:int main(void)\n"
                            "         .          .      2:{\n"
                            "      10ms       95ms      3:    work();\n"
                            "         .          .      4:}\n");
    remove(file);
    remove(folder);
    pattern_destroy(options.symbol);
    buf_finish(&error);
}

static void dot_draws_boxes_and_dotted_bridges(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_dot);
    options.node_fraction = 0.7;
    assert_report(
        &options,
        "digraph \"app\" {\n"
        "node [style=filled fillcolor=\"#f8f8f8\"]\n"
        "subgraph cluster_L { \"File: app\" [shape=box fontsize=16 label=\"File: app\\lType: cpu\\lDuration: 1s, Total "
        "samples = 100ms (10.00%)\\lShowing nodes accounting for 95ms, 95.00% of 100ms total\\lDropped 2 nodes (cum <= "
        "70ms)\\l\\lSee https://git.io/JfYMW for how to read the graph\\l\" tooltip=\"app\"] }\n"
        "N1 [label=\"helper\\n85ms (85.00%)\" id=\"node1\" fontsize=24 shape=box tooltip=\"helper (85ms)\" "
        "color=\"#b20800\" fillcolor=\"#edd6d5\"]\n"
        "N2 [label=\"main\\n10ms (10.00%)\\nof 95ms (95.00%)\" id=\"node2\" fontsize=14 shape=box tooltip=\"main "
        "(95ms)\" color=\"#b20200\" fillcolor=\"#edd5d5\"]\n"
        "N3 [label=\"alloc\\n0 of 85ms (85.00%)\" id=\"node3\" fontsize=8 shape=box tooltip=\"alloc (85ms)\" "
        "color=\"#b20800\" fillcolor=\"#edd6d5\"]\n"
        "N3 -> N1 [label=\" 85ms\\n (inline)\" weight=86 penwidth=5 color=\"#b20800\" tooltip=\"alloc -> helper "
        "(85ms)\" labeltooltip=\"alloc -> helper (85ms)\"]\n"
        "N2 -> N3 [label=\" 85ms\" weight=86 penwidth=5 color=\"#b20800\" tooltip=\"main ... alloc (85ms)\" "
        "labeltooltip=\"main ... alloc (85ms)\" style=\"dotted\"]\n"
        "}\n");
}

/* Whether a report has a piece of text in it. */
static void assert_report_has(const struct report_options *options, const char *const *pieces, size_t n)
{
    struct profile profile = sample_profile();
    struct buf out, error;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(report_write(&profile, options, &out, &error));
    for (size_t i = 0; i < n; i++) {
        if (str_find(buf_text(&out), str_of(pieces[i]), 0) == out.n)
            fail_msg("no \"%s\" in:\n%.*s", pieces[i], (int)out.n, out.p);
    }
    buf_finish(&out);
    buf_finish(&error);
}

static void labels_hang_at_the_boxes_as_nodelets(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_dot);
    static const char *const pieces[] = {
        "N2_0 [label = \"user:bob\" id=\"N2_0\" fontsize=8 shape=box3d tooltip=\"60ms\"]\n"
        "N2 -> N2_0 [label=\" 60ms\" weight=100 tooltip=\"60ms\" labeltooltip=\"60ms\"]\n"
        "NN2_0_0 [label = \"4kB\" id=\"NN2_0_0\" fontsize=8 shape=box3d tooltip=\"60ms\"]\n"
        "N2_0 -> NN2_0_0 [label=\" 60ms\" weight=100 tooltip=\"60ms\" labeltooltip=\"60ms\"]\n"
        "N2_1 [label = \"user:ann\" id=\"N2_1\" fontsize=8 shape=box3d tooltip=\"20ms\"]\n",
    };
    assert_report_has(&options, pieces, 1);
}

static void a_call_tree_has_a_node_for_every_way(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_dot);
    static const char *const pieces[] = {
        "[label=\"helper\\n65ms (65.00%)\"",
        "[label=\"helper\\n20ms (20.00%)\"",
        "[label=\"alloc\\n0 of 65ms (65.00%)\"",
        "[label=\"alloc\\n0 of 20ms (20.00%)\"",
    };
    options.call_tree = true;
    assert_report_has(&options, pieces, 4);
}

static void callgrind_numbers_names_and_counts_addresses_from_the_last(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_callgrind);
    assert_report(&options, "positions: instr line\n"
                            "events: cpu(ms)\n"
                            "\n"
                            "ob=(1) /bin/app\n"
                            "fl=(1) /src/app/work.c\n"
                            "fn=(1) helper\n"
                            "0x1030 4 85\n"
                            "\n"
                            "ob=(1)\n"
                            "fl=(2) /src/app/main.c\n"
                            "fn=(2) main\n"
                            "-32 3 10\n"
                            "cfl=(1)\n"
                            "cfn=(3) work\n"
                            "calls=0 -16 5\n"
                            "* * 65\n"
                            "cfl=(1)\n"
                            "cfn=(4) alloc\n"
                            "calls=0 * 9\n"
                            "* * 20\n"
                            "\n"
                            "ob=(1)\n"
                            "fl=\n"
                            "fn=\n"
                            "+48 0 5\n"
                            "\n"
                            "ob=(1)\n"
                            "fl=(1)\n"
                            "fn=(3)\n"
                            "-32 5 0\n"
                            "cfl=(1)\n"
                            "cfn=(4)\n"
                            "calls=0 -16 9\n"
                            "* * 65\n"
                            "\n"
                            "ob=(1)\n"
                            "fl=(1)\n"
                            "fn=(4)\n"
                            "+16 9 0\n"
                            "cfl=(1)\n"
                            "cfn=(1)\n"
                            "calls=0 +16 4\n"
                            "* * 85\n");
}

static void callgrind_tells_functions_of_a_call_tree_apart(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_callgrind);
    static const char *const pieces[] = {"alloc [1/2]\n", "alloc [2/2]\n"};
    options.call_tree = true;
    assert_report_has(&options, pieces, 2);
}

static void topproto_is_a_profile_of_the_entries(void **state)
{
    (void)state;
    struct profile profile = sample_profile(), top;
    struct report_options options = sample_options(report_topproto);
    struct buf out, error;
    struct fault fault;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(report_write(&profile, &options, &out, &error));
    assert_true(profile_decode(buf_text(&out), mem_libc(), &top, &fault));
    assert_int_equal(top.nsamples, 5);
    assert_int_equal(top.values[0], 85);
    assert_str(profile_text(&top, top.functions[top.lines[0].function].name), "helper");
    assert_str(profile_text(&top, top.sample_types[1].unit), "ms");
    profile_finish(&top);
    buf_finish(&out);
    buf_finish(&error);
}

static void proto_carries_out_what_was_asked_for(void **state)
{
    (void)state;
    struct profile sample = sample_profile(), profile, made;
    struct report_options options = sample_options(report_text);
    struct buf out, error;
    struct fault fault;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(profile_copy(&sample, mem_libc(), &profile));
    options.divide_by = 2;
    options.no_inlines = true;
    assert_true(report_prepare_proto(&profile, &options, &error) && profile_encode(&profile, &out));
    assert_true(profile_decode(buf_text(&out), mem_libc(), &made, &fault));
    assert_int_equal(made.values[1], 30000000);
    assert_int_equal(made.line_start[4], 3);
    assert_str(profile_text(&made, made.functions[made.lines[2].function].name), "alloc");
    profile_finish(&made);
    profile_finish(&profile);
    buf_finish(&out);
    buf_finish(&error);
}

static void source_without_end_is_not_read_to_it(void **state)
{
    (void)state;
    char folder[] = "/tmp/sonde-report-XXXXXX", file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/main.c", folder);
    FILE *source = fopen(file, "w");
    assert_non_null(source);
    fputs("one\n", source);
    for (int i = 0; i < 70000; i++)
        fputc('x', source); /* no compiler's line: what follows is not looked at */
    fputs("\nthree\n", source);
    assert_int_equal(fseek(source, 1L << 40, SEEK_SET), 0);
    fputc('x', source);
    fclose(source);
    struct report_options options = sample_options(report_list);
    struct buf error;
    buf_init(&error, mem_libc());
    options.symbol_text = STR("main");
    options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
    options.source_path = str_of(folder);
    options.trim_path = STR("/src/app");
    assert_report(&options, "Total: 100ms\n"
                            "ROUTINE ======================== main in main.c\n"
                            "      10ms       95ms (flat, cum) 95.00% of Total\n"
                            "         .          .      1:one\n");
    remove(file);
    remove(folder);
    pattern_destroy(options.symbol);
    buf_finish(&error);
}

static void what_matches_nothing_is_an_error(void **state)
{
    (void)state;
    static const enum report_format formats[] = {report_peek, report_list};
    for (size_t i = 0; i < 2; i++) {
        struct report_options options = sample_options(formats[i]);
        struct buf error;
        buf_init(&error, mem_libc());
        options.symbol_text = STR("nosuch");
        options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
        assert_refused(&options, "no matches found for regexp: nosuch");
        pattern_destroy(options.symbol);
        buf_finish(&error);
    }
}

static void a_divisor_of_nothing_is_refused(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_text);
    options.divide_by = 0;
    assert_refused(&options, "zero divisor specified");
}

static void the_basis_outlives_what_filters_take_away(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    struct report_basis basis;
    assert_true(report_basis_init(&basis, &profile, 1, false, mem_libc()));
    assert_int_equal(basis.total, 100000000);
    assert_int_equal(basis.nunits, 1);
    assert_str(basis.units[0].unit, "bytes");
    profile.nsamples = 0;
    struct report_options options = sample_options(report_text);
    static const struct str filter = {"focus=nothing", 13};
    options.basis = &basis;
    options.filters = &filter;
    options.nfilters = 1;
    assert_report_of(&profile, &options,
                     "Active filters:\n"
                     "   focus=nothing\n"
                     "Showing nodes accounting for 0, 0% of 100ms total\n"
                     "      flat  flat%   sum%        cum   cum%\n");
    report_basis_finish(&basis);
}

/* Takes everything that was written so far, as a caller does who writes it to a file. */
static bool take_all(void *to, struct buf *out)
{
    *(size_t *)to += out->n;
    out->n = 0;
    return true;
}

static void large_reports_are_handed_over_in_pieces(void **state)
{
    (void)state;
    enum { many = 20000 };
    static uint32_t stacks[many];
    static int64_t values[2 * many];
    static uint64_t labels[many + 1];
    struct profile profile = sample_profile();
    profile.nsamples = many;
    profile.stack = stacks;
    profile.values = values;
    profile.label_start = labels;
    struct report_options options = sample_options(report_traces);
    struct buf out, error;
    size_t taken = 0;
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    options.drain = take_all;
    options.drain_to = &taken;
    assert_true(report_write(&profile, &options, &out, &error));
    assert_true(taken > 1000000);
    assert_true(out.room < 4000000);
    buf_finish(&out);
    buf_finish(&error);
}

static void exhausted_memory_is_an_error_wherever_it_strikes(void **state)
{
    (void)state;
    struct profile profile = sample_profile();
    for (int format = report_text; format < report_nformats; format++) {
        bool good = false;
        for (size_t successes = 0; !good; successes++) {
            struct failing_mem failing = failing_mem(successes);
            struct report_options options = sample_options((enum report_format)format);
            struct buf out, error, compile_error;
            buf_init(&out, &failing.mem);
            buf_init(&error, mem_libc());
            buf_init(&compile_error, mem_libc());
            options.symbol = pattern_create(STR("."), mem_libc(), &compile_error);
            good = report_write(&profile, &options, &out, &error);
            if (format == report_disasm &&
                !good) /* of a profile whose binary is not there: how it ends where memory is not */
                good = str_starts_with(buf_text(&error), STR("no matches found"));
            if (!good)
                assert_str(buf_text(&error), "out of memory");
            pattern_destroy(options.symbol);
            buf_finish(&out);
            buf_finish(&error);
            buf_finish(&compile_error);
        }
    }
}

static void csv_is_the_table_of_top_with_exact_numbers(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_csv);
    options.granularity = report_lines;
    options.node_count = 3;
    assert_report(&options, "name,file,line,address,flat,flat_percent,sum_percent,cum,cum_percent,unit\n"
                            "helper /src/app/work.c:4,/src/app/work.c,4,,85000000,85,85,85000000,85,nanoseconds\n"
                            "main /src/app/main.c:3,/src/app/main.c,3,,10000000,10,95,95000000,95,nanoseconds\n"
                            "[app],,,,5000000,5,100,5000000,5,nanoseconds\n");
    options.granularity = report_functions;
    options.node_count = 1;
    options.unit = STR("ms");
    assert_report(&options, "name,file,line,address,flat,flat_percent,sum_percent,cum,cum_percent,unit\n"
                            "helper,,,,85,85,85,85,85,ms\n");
}

static void csv_quotes_what_would_end_a_field(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_csv);
    struct profile profile = sample_profile();
    struct str strings[ntexts];
    memcpy(strings, sample_strings, sizeof strings);
    strings[text_helper] = STR("say(\"a\", b)");
    profile.strings = strings;
    options.node_count = 1;
    assert_report_of(&profile, &options,
                     "name,file,line,address,flat,flat_percent,sum_percent,cum,cum_percent,unit\n"
                     "\"say(\"\"a\"\", b)\",,,,85000000,85,85,85000000,85,nanoseconds\n");
}

static void json_has_entries_and_the_calls_between_them(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_json);
    options.node_count = 2;
    assert_report(&options,
                  "{\n"
                  "  \"file\": \"app\",\n"
                  "  \"duration_nanoseconds\": 1000000000,\n"
                  "  \"period\": 10000000,\n"
                  "  \"sample_types\": [{\"type\": \"samples\", \"unit\": \"count\"}, "
                  "{\"type\": \"cpu\", \"unit\": \"nanoseconds\"}],\n"
                  "  \"type\": \"cpu\",\n"
                  "  \"unit\": \"nanoseconds\",\n"
                  "  \"total\": 100000000,\n"
                  "  \"nodes\": 5,\n"
                  "  \"dropped_nodes\": 0,\n"
                  "  \"dropped_edges\": 0,\n"
                  "  \"entries\": [\n"
                  "    {\"id\": 0, \"name\": \"helper\", \"function\": \"helper\", \"flat\": 85000000, "
                  "\"flat_percent\": 85, \"cum\": 85000000, \"cum_percent\": 85},\n"
                  "    {\"id\": 1, \"name\": \"main\", \"function\": \"main\", \"flat\": 10000000, "
                  "\"flat_percent\": 10, \"cum\": 95000000, \"cum_percent\": 95}\n"
                  "  ],\n"
                  "  \"edges\": [\n"
                  "    {\"from\": 1, \"to\": 0, \"weight\": 85000000, \"inlined\": true, \"residual\": true}\n"
                  "  ]\n"
                  "}\n");
}

static void folded_joins_stacks_that_are_equal_at_the_granularity(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_folded);
    assert_report(&options, "main;work;alloc;helper 65000000\n"
                            "main;alloc;helper 20000000\n"
                            "main 10000000\n"
                            "[app] 5000000\n");
    options.granularity = report_files;
    options.no_inlines = true;
    options.sample_index = 0;
    assert_report(&options, "/src/app/main.c;/src/app/work.c;/src/app/work.c 7\n"
                            "/src/app/main.c;/src/app/work.c 2\n"
                            "/src/app/main.c 1\n"
                            "[app] 1\n");
}

static void speedscope_has_a_profile_for_each_sample_type(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_speedscope);
    assert_report(&options,
                  "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
                  "\"exporter\":\"sonde " SONDE_VERSION "\",\n"
                  "\"name\":\"app\",\"activeProfileIndex\":1,\n"
                  "\"shared\":{\"frames\":[{\"name\":\"main\"},\n{\"name\":\"work\"},\n{\"name\":\"helper\"},\n"
                  "{\"name\":\"alloc\"},\n{\"name\":\"[app]\"}]},\n"
                  "\"profiles\":[\n"
                  "{\"type\":\"sampled\",\"name\":\"samples\",\"unit\":\"none\",\"samples\":[\n"
                  "[0,1,3,2],\n[0,3,2],\n[0],\n[4]],\"weights\":[7,2,1,1],\"startValue\":0,\"endValue\":11},\n"
                  "{\"type\":\"sampled\",\"name\":\"cpu\",\"unit\":\"nanoseconds\",\"samples\":[\n"
                  "[0,1,3,2],\n[0,3,2],\n[0],\n[4]],\"weights\":[65000000,20000000,10000000,5000000],"
                  "\"startValue\":0,\"endValue\":100000000}]}\n");
}

static void speedscope_refuses_negative_values(void **state)
{
    (void)state;
    struct report_options options = sample_options(report_speedscope);
    struct profile profile = sample_profile();
    int64_t values[] = {6, 60000000, 2, -20000000, 1, 10000000, 1, 5000000, 1, 5000000};
    profile.values = values;
    assert_refused_of(&profile, &options,
                      "speedscope shows no negative differences: leave them out with -drop_negative");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_lists_the_heaviest_first_and_remarks_what_was_inlined),
        cmocka_unit_test(text_says_what_it_leaves_out),
        cmocka_unit_test(a_mean_divides_by_the_first_value),
        cmocka_unit_test(percentages_can_have_signs),
        cmocka_unit_test(tree_shows_callers_above_and_callees_below),
        cmocka_unit_test(what_is_left_out_is_bridged),
        cmocka_unit_test(traces_show_labels_and_stacks_of_samples),
        cmocka_unit_test(tags_sum_up_labels),
        cmocka_unit_test(raw_prints_the_tables_with_the_file_s_ids),
        cmocka_unit_test(list_says_which_source_it_did_not_find),
        cmocka_unit_test(list_shows_lines_with_samples_and_around_them),
        cmocka_unit_test(dot_draws_boxes_and_dotted_bridges),
        cmocka_unit_test(labels_hang_at_the_boxes_as_nodelets),
        cmocka_unit_test(a_call_tree_has_a_node_for_every_way),
        cmocka_unit_test(callgrind_numbers_names_and_counts_addresses_from_the_last),
        cmocka_unit_test(callgrind_tells_functions_of_a_call_tree_apart),
        cmocka_unit_test(topproto_is_a_profile_of_the_entries),
        cmocka_unit_test(csv_is_the_table_of_top_with_exact_numbers),
        cmocka_unit_test(csv_quotes_what_would_end_a_field),
        cmocka_unit_test(json_has_entries_and_the_calls_between_them),
        cmocka_unit_test(folded_joins_stacks_that_are_equal_at_the_granularity),
        cmocka_unit_test(speedscope_has_a_profile_for_each_sample_type),
        cmocka_unit_test(speedscope_refuses_negative_values),
        cmocka_unit_test(proto_carries_out_what_was_asked_for),
        cmocka_unit_test(source_without_end_is_not_read_to_it),
        cmocka_unit_test(what_matches_nothing_is_an_error),
        cmocka_unit_test(a_divisor_of_nothing_is_refused),
        cmocka_unit_test(the_basis_outlives_what_filters_take_away),
        cmocka_unit_test(large_reports_are_handed_over_in_pieces),
        cmocka_unit_test(exhausted_memory_is_an_error_wherever_it_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
