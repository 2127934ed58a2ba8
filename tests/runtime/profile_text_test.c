#include "testing.h"

#include "runtime/columns.h"
#include "runtime/profile_text.h"
#include "sonde/sonde.h"

#include "made_up_code.h"

static void assert_text(struct buf *text, const char *expected)
{
    buf_byte(text, '\0');
    assert_string_equal(text->p, expected);
    buf_finish(text);
}

/* The expected text is what text/tabwriter of Go 1.26 made of the same cells. */
static void columns_are_as_wide_as_in_go(void **state)
{
    (void)state;
    static const char *const lines[][4] = {
        {"#", "0x654e90", "runtime/pprof.writeRuntimeProfile+0xb0", "/src/pprof.go:851"},
        {"#", "0x7f1234567890", "f+0x1", "x"},
        {"#", "0x1"},
        {"#", "0x7f1234567890", "seven+7", "y"},
        {"#", "0x7f1234567890", "\xc3\xa9ight+8", "z"},
        {"#", "0x7f1234567890", "", "w"},
    };
    struct columns columns;
    struct buf out;
    columns_init(&columns, mem_libc());
    buf_init(&out, mem_libc());
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        columns_line(&columns);
        for (int j = 0; j < 4 && lines[i][j]; j++)
            columns_cell(&columns, str_of(lines[i][j]));
    }
    assert_true(columns_flush(&columns, &out));
    columns_finish(&columns);
    assert_text(&out, "#\t0x654e90\truntime/pprof.writeRuntimeProfile+0xb0\t/src/pprof.go:851\n"
                      "#\t0x7f1234567890\tf+0x1\t\t\t\t\tx\n"
                      "#\t0x1\n"
                      "#\t0x7f1234567890\tseven+7\ty\n"
                      "#\t0x7f1234567890\t\xc3\xa9ight+8\tz\n"
                      "#\t0x7f1234567890\t\tw\n");
}

static void counts_come_most_frequent_first_and_by_their_text(void **state)
{
    (void)state;
    static const uint64_t stacks[][2] = {{0x401010, 0x7f0010}, {0x4010101, 0}, {0x401110, 0}, {0x401110, 0}};
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct snapshot snapshot;
    struct tally tally;
    struct buf out;
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    buf_init(&out, mem_libc());
    for (int i = 3; i >= 0; i--) {
        struct snapshot_sample *sample = snapshot_add(&snapshot, stacks[i], stacks[i][1] ? 2 : 1);
        sample->values[0] = 1;
        sample->leaf_is_exact = i == 0;
        sample->truncated = i == 1;
    }
    tally_add(&tally, &snapshot, 1);
    assert_true(profile_text_counts(&out, &tally, profile_goroutine, &code));
    assert_text(&out, "goroutine profile: total 4\n"
                      "2 @ 0x401110\n"
                      "#\t0x40110f\twork+0xf\t/bin/app\n"
                      "\n"
                      "1 @ 0x4010101\n"
                      "#\t0x4010100\n"
                      "#\t[truncated stack]\n"
                      "\n"
                      "1 @ 0x401011 0x7f0010\n"
                      "#\t0x401010\tmain+0x10\t/bin/app\n"
                      "#\t0x7f000f\tstart+0xf\t/lib/libc.so.6\n"
                      "\n");
    tally_finish(&tally);
    snapshot_finish(&snapshot);
    mappings_finish(&mappings);
}

/* Go's reader takes a line without an address for no profile at all. */
static void a_count_without_a_stack_has_an_address_all_the_same(void **state)
{
    (void)state;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct snapshot snapshot;
    struct tally tally;
    struct buf out;
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    buf_init(&out, mem_libc());
    snapshot_add(&snapshot, NULL, 0)->values[0] = 2;
    struct snapshot_sample *sample = snapshot_add(&snapshot, NULL, 0);
    sample->values[0] = 1;
    sample->truncated = true;
    tally_add(&tally, &snapshot, 1);
    assert_true(profile_text_counts(&out, &tally, profile_goroutine, &code));
    assert_text(&out, "goroutine profile: total 3\n2 @ 0x3\n\n1 @ 0x3\n#\t[truncated stack]\n\n");
    tally_finish(&tally);
    snapshot_finish(&snapshot);
    mappings_finish(&mappings);
}

static void delays_are_headed_as_in_go(void **state)
{
    (void)state;
    struct tally tally;
    struct buf out;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    tally_init(&tally, mem_libc());
    buf_init(&out, mem_libc());
    assert_true(profile_text_delays(&out, &tally, profile_block, &code));
    assert_text(&out, "--- contention:\ncycles/second=1000000000\n");
    buf_init(&out, mem_libc());
    assert_true(profile_text_delays(&out, &tally, profile_mutex, &code));
    assert_text(&out, "--- mutex:\ncycles/second=1000000000\nsampling period=0\n");
    tally_finish(&tally);
    mappings_finish(&mappings);
}

static void a_heap_text_has_raw_values_smallest_first(void **state)
{
    (void)state;
    struct snapshot snapshot;
    struct tally tally;
    struct buf out;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct sonde_memstats stats = {.alloc = 1, .total_alloc = 2, .stack_inuse = 3, .stack_sys = 4};
    snapshot_init(&snapshot, mem_libc());
    tally_init(&tally, mem_libc());
    buf_init(&out, mem_libc());
    *snapshot_add(&snapshot, (uint64_t[]){0x401110}, 1) =
        (struct snapshot_sample){.npcs = 1, .values = {1, 4096, 1, 4096}, .block_size = 4096};
    *snapshot_add(&snapshot, (uint64_t[]){0x401120}, 1) =
        (struct snapshot_sample){.pcs = 1, .npcs = 1, .values = {2, 32, 1, 16}, .block_size = 16};
    tally_add(&tally, &snapshot, 1);
    assert_true(profile_text_heap(&out, &tally, 524288, &stats, 12345, &code));
    static const char expected[] = "heap profile: 2: 4112 [3: 4128] @ heap/1048576\n"
                                   "1: 16 [2: 32] @ 0x401120\n"
                                   "#\t0x40111f\twork+0x1f\t/bin/app\n"
                                   "\n"
                                   "1: 4096 [1: 4096] @ 0x401110\n"
                                   "#\t0x40110f\twork+0xf\t/bin/app\n"
                                   "\n"
                                   "\n# runtime.MemStats\n# Alloc = 1\n# TotalAlloc = 2\n# Sys = 0\n# Lookups = 0\n";
    assert_true(str_starts_with(buf_text(&out), STR(expected)));
    assert_true(str_find(buf_text(&out), STR("# Stack = 3 / 4\n# MSpan = 0 / 0\n"), 0) < out.n);
    assert_true(str_ends_with(buf_text(&out), STR("# DebugGC = false\n# MaxRSS = 12345\n")));
    buf_finish(&out);
    tally_finish(&tally);
    snapshot_finish(&snapshot);
    mappings_finish(&mappings);
}

static void equal_sums_are_told_apart(void **state)
{
    (void)state;
    struct tally tally;
    struct buf out;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct sonde_memstats stats = {0};
    tally_init(&tally, mem_libc());
    buf_init(&out, mem_libc());
    assert_true(profile_text_heap(&out, &tally, 1, &stats, 0, &code));
    assert_true(str_starts_with(buf_text(&out), STR("heap profile: 0: 0 [0: 1] @ heap/2\n\n# runtime.MemStats\n")));
    buf_finish(&out);
    tally_finish(&tally);
    mappings_finish(&mappings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_in_go),
        cmocka_unit_test(counts_come_most_frequent_first_and_by_their_text),
        cmocka_unit_test(a_count_without_a_stack_has_an_address_all_the_same),
        cmocka_unit_test(delays_are_headed_as_in_go),
        cmocka_unit_test(a_heap_text_has_raw_values_smallest_first),
        cmocka_unit_test(equal_sums_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
