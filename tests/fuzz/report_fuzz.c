/* Every report can be made of every profile that decodes, in every combination of options: the first bytes choose them,
 * the others are the profile. A report says why where it fails, and leaves nothing behind. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "profile/decode.h"
#include "profile/pattern.h"
#include "report/report.h"

enum { option_bytes = 4 };

static struct report_options options_of(const uint8_t *choice, uint32_t nsample_types)
{
    static const char *const units[] = {"minimum", "auto", "ms", "kB", "furlong"};
    struct report_options options;
    report_options_init(&options, (enum report_format)(choice[0] % report_nformats));
    options.granularity = (enum report_granularity)(choice[0] / 16 % (report_addresses + 1));
    options.sample_index = nsample_types > 0 ? choice[1] % nsample_types : 0;
    options.mean = choice[1] & 0x10;
    options.cum_sort = choice[1] & 0x20;
    options.drop_negative = choice[1] & 0x40;
    options.call_tree = choice[1] & 0x80;
    options.no_inlines = choice[2] & 0x01;
    options.show_columns = choice[2] & 0x02;
    options.trim = choice[2] & 0x04;
    options.compact_labels = choice[2] & 0x08;
    options.node_fraction = (choice[2] & 0xf0) * 0.001;
    options.node_count = choice[3] / 8 - 1;
    options.unit = str_of(units[choice[3] % 5]);
    options.divide_by = choice[3] & 1 ? 1 : 0.001;
    options.trim_path = STR("/src");
    options.source_path = STR("/nowhere");
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct profile profile;
    struct fault fault = {0};
    struct buf out, error;
    struct str input = {(const char *)bytes, size};
    if (size < option_bytes || !profile_decode(str_skip(input, option_bytes), mem_libc(), &profile, &fault))
        return 0;
    struct report_options options = options_of(bytes, profile.nsample_types);
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    options.symbol_text = STR("a|main");
    options.symbol = pattern_create(options.symbol_text, mem_libc(), &error);
    if (!report_write(&profile, &options, &out, &error) && (error.n == 0 || out.n > 0))
        abort();
    pattern_destroy(options.symbol);
    buf_finish(&out);
    buf_finish(&error);
    profile_finish(&profile);
    return 0;
}
