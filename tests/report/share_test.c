/* Work in shares: every stack is in one of them, and what a report says does not depend on how many there are. */
#include "report/share.h"

#include <sched.h>

#include "report/report.h"
#include "testing.h"

enum { nfunctions = 500, nlocations = 1000, nstacks = 20000, depth = 48 };

static struct str strings[nfunctions + 1];
static char names[nfunctions][8];
static struct profile_function functions[nfunctions];
static struct profile_location locations[nlocations];
static struct profile_line lines[nlocations];
static uint32_t line_start[nlocations + 1], frames[nstacks * depth], stack[nstacks];
static uint64_t stack_start[nstacks + 1], label_start[nstacks + 1];
static int64_t values[nstacks];
static struct profile_value_type types[1];

/* A profile with so many frames that they are worth sharing. */
static struct profile large_profile(void)
{
    uint32_t random = 1;
    strings[0] = STR("");
    for (uint32_t i = 0; i < nfunctions; i++) {
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        strings[i + 1] = (struct str){names[i], 2};
        functions[i] = (struct profile_function){.name = i + 1, .id = i + 1};
    }
    for (uint32_t i = 0; i < nlocations; i++) {
        locations[i] = (struct profile_location){i + 1, PROFILE_NONE, false, i + 1};
        lines[i] = (struct profile_line){.function = i % nfunctions, .line = i};
        line_start[i + 1] = i + 1;
    }
    for (uint32_t i = 0; i < nstacks; i++) {
        stack[i] = i;
        values[i] = i % 7;
        stack_start[i + 1] = (uint64_t)(i + 1) * depth;
        for (uint32_t f = 0; f < depth; f++)
            frames[i * depth + f] = (random = random * 1664525 + 1013904223) % (f + 1) % nlocations * 20;
    }
    return (struct profile){.strings = strings,
                            .nstrings = nfunctions + 1,
                            .sample_types = types,
                            .nsample_types = 1,
                            .functions = functions,
                            .nfunctions = nfunctions,
                            .locations = locations,
                            .line_start = line_start,
                            .lines = lines,
                            .nlocations = nlocations,
                            .stack_start = stack_start,
                            .frames = frames,
                            .nstacks = nstacks,
                            .stack = stack,
                            .values = values,
                            .label_start = label_start,
                            .nsamples = nstacks};
}

static void shares_follow_each_other_and_are_even(void **state)
{
    (void)state;
    struct profile profile = large_profile();
    for (unsigned n = 1; n <= 8; n++) {
        uint32_t before = 0;
        for (unsigned i = 0; i < n; i++) {
            uint32_t end = share_end(&profile, i, n);
            assert_true(end >= before + nstacks / n - 1 && end <= before + nstacks / n + 8);
            before = end;
        }
        assert_int_equal(before, nstacks);
    }
}

static void one_stack_that_holds_nearly_all_is_in_one_share(void **state)
{
    (void)state;
    uint64_t start[] = {0, 1, 1000000, 1000001};
    struct profile profile = {.nstacks = 3, .stack_start = start};
    assert_int_equal(share_end(&profile, 0, 2), 2);
    assert_int_equal(share_end(&profile, 1, 2), 3);
}

static void a_small_profile_is_not_shared(void **state)
{
    (void)state;
    uint64_t start[] = {0, 8};
    struct profile small = {.nstacks = 1, .stack_start = start}, none = {.nstacks = 0};
    assert_int_equal(shares_of(&small), 1);
    assert_int_equal(shares_of(&none), 1);
}

static void write_report(enum report_format format, struct buf *out)
{
    struct profile profile = large_profile();
    struct report_options options;
    struct buf error;
    report_options_init(&options, format);
    options.granularity = report_lines;
    buf_init(out, mem_libc());
    buf_init(&error, mem_libc());
    assert_true(report_write(&profile, &options, out, &error));
    buf_finish(&error);
}

static void a_report_is_the_same_on_one_processor_and_on_several(void **state)
{
    (void)state;
    static const enum report_format formats[] = {report_text, report_tree, report_dot, report_callgrind};
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    }
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct buf several, single;
        write_report(formats[i], &several);
        assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
        write_report(formats[i], &single);
        assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
        assert_true(several.n > 1000 && str_equal(buf_text(&several), buf_text(&single)));
        buf_finish(&several);
        buf_finish(&single);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_follow_each_other_and_are_even),
        cmocka_unit_test(one_stack_that_holds_nearly_all_is_in_one_share),
        cmocka_unit_test(a_small_profile_is_not_shared),
        cmocka_unit_test(a_report_is_the_same_on_one_processor_and_on_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
