/* A small profile laid out by hand, for the tests of reports: main calls work, which calls alloc (with helper inlined
 * into it); main also calls alloc itself. Nothing in it is owned. */
#ifndef SONDE_TESTS_REPORT_SAMPLE_H
#define SONDE_TESTS_REPORT_SAMPLE_H

#include "profile/profile.h"
#include "report/report.h"

enum {
    text_empty,
    text_cpu,
    text_nanoseconds,
    text_main,
    text_work,
    text_alloc,
    text_helper,
    text_main_c,
    text_work_c,
    text_binary,
    text_user,
    text_ann,
    text_bob,
    text_bytes,
    text_samples,
    text_count,
    ntexts
};

static struct str sample_strings[ntexts] = {
    [text_empty] = {"", 0},
    [text_cpu] = {"cpu", 3},
    [text_nanoseconds] = {"nanoseconds", 11},
    [text_main] = {"main", 4},
    [text_work] = {"work", 4},
    [text_alloc] = {"alloc", 5},
    [text_helper] = {"helper", 6},
    [text_main_c] = {"/src/app/main.c", 15},
    [text_work_c] = {"/src/app/./work.c", 17},
    [text_binary] = {"/bin/app", 8},
    [text_user] = {"user", 4},
    [text_ann] = {"ann", 3},
    [text_bob] = {"bob", 3},
    [text_bytes] = {"bytes", 5},
    [text_samples] = {"samples", 7},
    [text_count] = {"count", 5},
};

static struct profile_value_type sample_types[] = {{text_samples, text_count}, {text_cpu, text_nanoseconds}};
static struct profile_mapping sample_mappings[] = {{.start = 0x1000, .limit = 0x9000, .file = text_binary, .id = 1}};
static struct profile_function sample_functions[] = {
    {text_main, text_main, text_main_c, 1, 1},
    {text_work, text_work, text_work_c, 2, 2},
    {text_alloc, text_alloc, text_work_c, 8, 3},
    {text_helper, text_helper, text_work_c, 0, 4},
};
static struct profile_location sample_locations[] = {
    {0x1010, 0, false, 1}, /* main:3 */
    {0x1020, 0, false, 2}, /* work:5 */
    {0x1030, 0, false, 3}, /* helper:4 inlined into alloc:9 */
    {0x1040, 0, false, 4}, /* no lines */
};
static uint32_t sample_line_start[] = {0, 1, 2, 4, 4};
static struct profile_line sample_lines[] = {{0, 3, 0}, {1, 5, 0}, {3, 4, 0}, {2, 9, 0}};

static uint64_t sample_stack_start[] = {0, 3, 5, 6, 7};
static uint32_t sample_frames[] = {2, 1, 0, 2, 0, 0, 3};
static uint32_t sample_stacks[] = {0, 1, 2, 0, 3};
static int64_t sample_values[] = {6, 60000000, 2, 20000000, 1, 10000000, 1, 5000000, 1, 5000000};
static uint64_t sample_label_start[] = {0, 2, 3, 3, 3, 3};
static struct profile_label sample_labels[] = {
    {.key = text_user, .str = text_bob},
    {.key = text_bytes, .is_num = true, .num = 4096, .unit = text_bytes},
    {.key = text_user, .str = text_ann},
};

static inline struct profile sample_profile(void)
{
    return (struct profile){
        .mem = mem_libc(),
        .strings = sample_strings,
        .nstrings = ntexts,
        .sample_types = sample_types,
        .nsample_types = 2,
        .mappings = sample_mappings,
        .nmappings = 1,
        .functions = sample_functions,
        .nfunctions = 4,
        .locations = sample_locations,
        .nlocations = 4,
        .line_start = sample_line_start,
        .lines = sample_lines,
        .nstacks = 4,
        .stack_start = sample_stack_start,
        .frames = sample_frames,
        .nsamples = 5,
        .stack = sample_stacks,
        .values = sample_values,
        .label_start = sample_label_start,
        .labels = sample_labels,
        .duration_nanos = 1000000000,
        .period_type = {text_cpu, text_nanoseconds},
        .has_period_type = true,
        .period = 10000000,
    };
}

/* The options of a report on its CPU time. */
static inline struct report_options sample_options(enum report_format format)
{
    struct report_options options;
    report_options_init(&options, format);
    options.sample_index = 1;
    options.compact_labels = true;
    return options;
}

#endif
