#include <string.h>

#include "profile/read.h"
#include "testing.h"

static const char folded[] = "main;work (a.py:12);malloc 3\nmain;work (a.py:12) 4.5\n 2\n\n";

static const char perf_script[] = "# captured on: today\n"
                                  "my app 30074/30075 [001]  2047.749023:    5000000 cpu-clock:u: \n"
                                  "\t           191a1 leaf+0x1f (/usr/lib/libx.so.1)\n"
                                  "\t    f3230000c39e [unknown] ([unknown])\n"
                                  "\t            2cd3 std::vector<int, long>::at(int)+0x153 (/opt/my app)\n"
                                  "\n"
                                  "other    12  2047.8: sched:sched_switch: \n"
                                  "\t            2cd3 std::vector<int, long>::at(int)+0x153 (/opt/my app)\n";

static const char speedscope[] =
    "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":["
    "{\"name\":\"main\"},{\"name\":\"work\",\"file\":\"a.c\",\"line\":7}]},\"profiles\":["
    "{\"type\":\"sampled\",\"name\":\"thread 1\",\"unit\":\"milliseconds\",\"startValue\":0,\"endValue\":3,"
    "\"samples\":[[0,1],[0],[]],\"weights\":[1.5,2,1]},"
    "{\"type\":\"evented\",\"name\":\"thread 2\",\"unit\":\"seconds\",\"events\":["
    "{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"O\",\"frame\":1,\"at\":2},"
    "{\"type\":\"C\",\"frame\":1,\"at\":4},{\"type\":\"C\",\"frame\":0,\"at\":4}]}]}";

static const char cpuprofile[] =
    "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"url\":\"\",\"lineNumber\":-1},\"children\":[2,"
    "3]},"
    "{\"id\":2,\"callFrame\":{\"functionName\":\"\",\"url\":\"a.js\",\"lineNumber\":0,\"columnNumber\":4},\"children\":"
    "[4]},"
    "{\"id\":3,\"callFrame\":{\"functionName\":\"(program)\",\"url\":\"\",\"lineNumber\":-1}},"
    "{\"id\":4,\"callFrame\":{\"functionName\":\"work\",\"url\":\"a.js\",\"lineNumber\":9}}],"
    "\"startTime\":1000,\"endTime\":1100,\"samples\":[4,4,3],\"timeDeltas\":[10,20,30]}";

static const char heapprofile[] =
    "{\"head\":{\"callFrame\":{\"functionName\":\"(root)\"},\"selfSize\":0,\"id\":1,\"children\":["
    "{\"callFrame\":{\"functionName\":\"f\",\"url\":\"a.js\",\"lineNumber\":1},\"selfSize\":100,\"id\":2,\"children\":["
    "{\"callFrame\":{\"functionName\":\"g\",\"url\":\"a.js\",\"lineNumber\":2},\"selfSize\":28,\"id\":3,\"children\":[]"
    "}]}]},"
    "\"samples\":[]}";

/* Begins and ends, whole slices (one that would outlast the one it is in), and what is passed over. */
static const char slices[] =
    "[{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":2,\"args\":{\"name\":\"worker\"}},"
    "{\"ph\":\"E\",\"pid\":1,\"tid\":2,\"ts\":1},"
    "{\"ph\":\"B\",\"name\":\"main\",\"pid\":1,\"tid\":2,\"ts\":10,\"args\":{\"filename\":\"a.py\",\"line\":3}},"
    "{\"ph\":\"i\",\"name\":\"mark\",\"pid\":1,\"tid\":2,\"ts\":11},"
    "{\"ph\":\"B\",\"name\":\"work\",\"pid\":1,\"tid\":2,\"ts\":12.5},"
    "{\"ph\":\"X\",\"name\":\"inner\",\"pid\":1,\"tid\":7,\"ts\":100,\"dur\":90},"
    "{\"ph\":\"X\",\"name\":\"outer\",\"pid\":1,\"tid\":7,\"ts\":80,\"dur\":60},"
    "{\"ph\":\"E\",\"pid\":1,\"tid\":2,\"ts\":20},"
    "{\"ph\":\"E\",\"pid\":1,\"tid\":2,\"ts\":30}]";

static const char chunks[] =
    "{\"traceEvents\":[{\"ph\":\"X\",\"name\":\"RunTask\",\"pid\":1,\"tid\":2,\"ts\":1,\"dur\":5},"
    "{\"ph\":\"P\",\"name\":\"Profile\",\"id\":\"0x1\",\"pid\":1,\"args\":{\"data\":{\"startTime\":5}}},"
    "{\"ph\":\"P\",\"name\":\"ProfileChunk\",\"id\":\"0x1\",\"pid\":1,\"args\":{\"data\":{\"cpuProfile\":"
    "{\"nodes\":[{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\"}},"
    "{\"id\":2,\"parent\":1,\"callFrame\":{\"functionName\":\"f\",\"url\":\"a.js\",\"lineNumber\":1}}],"
    "\"samples\":[2,2]},\"timeDeltas\":[7,10]}}},"
    "{\"ph\":\"P\",\"name\":\"ProfileChunk\",\"id\":\"0x1\",\"pid\":1,\"args\":{\"data\":{\"cpuProfile\":"
    "{\"nodes\":[{\"id\":3,\"parent\":2,\"callFrame\":{\"functionName\":\"g\"}}],\"samples\":[3,2]},"
    "\"timeDeltas\":[30,400]}}}]}";

static const char *const texts[] = {folded, perf_script, speedscope, cpuprofile, heapprofile, slices, chunks};

enum { ntexts = sizeof texts / sizeof *texts };

static bool read_text(const char *text, size_t size, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    buf_bytes(&bytes, text, size);
    return profile_read(&bytes, mem, out, fault);
}

static struct profile read_good(const char *text)
{
    struct profile profile;
    struct fault fault = {0};
    if (!read_text(text, strlen(text), mem_libc(), &profile, &fault))
        fail_msg("offset %d: expected %s", (int)fault.offset, fault.expected);
    return profile;
}

static uint64_t depth_of(const struct profile *p, uint32_t sample)
{
    return p->stack_start[p->stack[sample] + 1] - p->stack_start[p->stack[sample]];
}

/* The name of a sample's frame number i, from the leaf on. */
static struct str name_at(const struct profile *p, uint32_t sample, uint64_t i)
{
    uint32_t location = p->frames[p->stack_start[p->stack[sample]] + i];
    if (p->line_start[location] == p->line_start[location + 1])
        return (struct str){0};
    return p->strings[p->functions[p->lines[p->line_start[location]].function].name];
}

static void folded_stacks_have_names_files_and_counts(void **state)
{
    (void)state;
    struct profile p = read_good(folded);
    assert_int_equal(p.nsamples, 3);
    assert_int_equal(depth_of(&p, 0), 3);
    assert_str(name_at(&p, 0, 0), "malloc");
    assert_str(name_at(&p, 0, 1), "work");
    assert_str(name_at(&p, 0, 2), "main");
    assert_str(p.strings[p.functions[1].filename], "a.py");
    assert_int_equal(p.nlocations, 3);
    assert_int_equal(p.values[1], 4);
    assert_int_equal(depth_of(&p, 2), 0);
    profile_finish(&p);
}

static void perf_script_has_events_binaries_and_threads(void **state)
{
    (void)state;
    struct profile p = read_good(perf_script);
    assert_int_equal(p.nsamples, 2);
    assert_int_equal(p.nsample_types, 3);
    assert_str(p.strings[p.sample_types[1].type], "cpu");
    assert_str(p.strings[p.sample_types[1].unit], "nanoseconds");
    assert_str(p.strings[p.sample_types[2].type], "sched:sched_switch");
    assert_true(p.values[1] == 5000000 && p.values[2] == 0 && p.values[4] == 0 && p.values[5] == 1);
    assert_str(name_at(&p, 0, 0), "leaf");
    assert_int_equal(name_at(&p, 0, 1).n, 0);
    assert_str(name_at(&p, 0, 2), "std::vector<int, long>::at(int)");
    assert_str(p.strings[p.mappings[0].file], "/opt/my app");
    assert_str(p.strings[p.labels[0].str], "my app");
    assert_int_equal(p.labels[1].num, 30074);
    assert_int_equal(p.labels[2].num, 30075);
    assert_int_equal(p.label_start[2] - p.label_start[1], 2);
    profile_finish(&p);
}

static void speedscope_has_stacks_and_events(void **state)
{
    (void)state;
    struct profile p = read_good(speedscope);
    assert_int_equal(p.nsamples, 5);
    assert_str(name_at(&p, 0, 0), "work");
    assert_int_equal(p.values[1], 1500000);
    assert_int_equal(p.values[7], 1000000000);
    assert_int_equal(p.values[9], 2000000000);
    assert_int_equal(depth_of(&p, 4), 2);
    assert_str(p.strings[p.labels[4].str], "thread 2");
    profile_finish(&p);
}

static void v8_ticks_are_charged_to_their_nodes(void **state)
{
    (void)state;
    struct profile p = read_good(cpuprofile);
    assert_int_equal(p.nsamples, 2);
    assert_str(name_at(&p, 0, 0), "(program)");
    assert_str(name_at(&p, 1, 1), "(anonymous)");
    assert_true(p.values[0] == 1 && p.values[1] == 40000 && p.values[2] == 2 && p.values[3] == 50000);
    assert_int_equal(p.duration_nanos, 100000);
    assert_int_equal(p.lines[0].line, 1);
    profile_finish(&p);
    p = read_good(heapprofile);
    assert_int_equal(p.nsamples, 2);
    assert_int_equal(p.values[1], 28);
    assert_str(name_at(&p, 1, 1), "f");
    profile_finish(&p);
}

static void read_anything(const char *text, size_t size)
{
    struct profile profile;
    struct fault fault = {0};
    if (read_text(text, size, mem_libc(), &profile, &fault)) {
        profile_finish(&profile);
    } else {
        assert_non_null(fault.expected);
        assert_true(fault.offset <= size);
    }
}

static void slices_of_a_chrome_trace_are_nested_by_time(void **state)
{
    (void)state;
    struct profile p = read_good(slices);
    static const struct {
        const char *leaf;
        uint64_t depth;
        int64_t ns;
    } expected[] = {
        {"main", 1, 2500}, {"work", 2, 7500}, {"main", 1, 10000}, {"outer", 1, 20000}, {"inner", 2, 40000},
    };
    assert_int_equal(p.nsamples, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(str_equal(name_at(&p, i, 0), str_of(expected[i].leaf)));
        assert_int_equal(depth_of(&p, i), expected[i].depth);
        assert_int_equal(p.values[2 * i + 1], expected[i].ns);
    }
    assert_str(p.strings[p.labels[0].key], "thread");
    assert_str(p.strings[p.labels[0].str], "worker");
    assert_int_equal(p.labels[p.label_start[3]].num, 1); /* the other thread has a pid and a tid */
    assert_int_equal(p.label_start[4] - p.label_start[3], 2);
    assert_str(p.strings[p.functions[0].filename], "a.py");
    assert_int_equal(p.lines[0].line, 3);
    profile_finish(&p);
}

static void a_chrome_trace_s_cpu_profile_is_put_together_from_its_chunks(void **state)
{
    (void)state;
    struct profile p = read_good(chunks);
    assert_int_equal(p.nsamples, 2);
    assert_str(name_at(&p, 0, 0), "f");
    assert_true(p.values[0] == 3 && p.values[1] == 40000); /* up to the second tick and to the third */
    assert_str(name_at(&p, 1, 0), "g");
    assert_int_equal(depth_of(&p, 1), 2);
    assert_true(p.values[2] == 1 && p.values[3] == 400000);
    assert_int_equal(p.lines[0].line, 2);
    profile_finish(&p);
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ntexts; i++) {
        for (size_t n = 0; n < strlen(texts[i]); n++)
            read_anything(texts[i], n);
    }
}

static void every_changed_byte_is_read_or_refused(void **state)
{
    (void)state;
    static const char changes[] = {'0', '9', ' ', '\n', '"', '\xff', '[', ':', '-', '}'};
    for (size_t i = 0; i < ntexts; i++) {
        char text[2048];
        size_t n = strlen(texts[i]);
        assert_true(n < sizeof text);
        for (size_t at = 0; at < n; at++) {
            memcpy(text, texts[i], n);
            text[at] = changes[(at + i) % sizeof changes];
            read_anything(text, n);
        }
    }
}

static void every_failing_allocation_is_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ntexts; i++) {
        bool ok = false;
        for (size_t successes = 0; !ok; successes++) {
            struct failing_mem failing = failing_mem(successes);
            struct profile profile;
            struct fault fault = {0};
            ok = read_text(texts[i], strlen(texts[i]), &failing.mem, &profile, &fault);
            if (ok)
                profile_finish(&profile);
            else
                assert_non_null(fault.expected);
            assert_true(successes < 2000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_stacks_have_names_files_and_counts),
        cmocka_unit_test(perf_script_has_events_binaries_and_threads),
        cmocka_unit_test(speedscope_has_stacks_and_events),
        cmocka_unit_test(v8_ticks_are_charged_to_their_nodes),
        cmocka_unit_test(slices_of_a_chrome_trace_are_nested_by_time),
        cmocka_unit_test(a_chrome_trace_s_cpu_profile_is_put_together_from_its_chunks),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(every_changed_byte_is_read_or_refused),
        cmocka_unit_test(every_failing_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
