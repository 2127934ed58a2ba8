/* Flame graphs can be read by browsers, whatever is in a profile: the first byte chooses the options, the others are
 * the profile. */
#include <stdio.h>
#include <stdlib.h>

#include "../report/markup.h"
#include "fuzz/fuzz.h"
#include "profile/decode.h"
#include "report/report.h"

static void check(const struct profile *profile, enum report_format format, uint8_t choice)
{
    static const char *const units[] = {"minimum", "auto", "ms", "furlong"};
    struct report_options options;
    struct buf out, error;
    report_options_init(&options, format);
    options.granularity = (enum report_granularity)(choice % (report_addresses + 1));
    options.sample_index = choice / 8 % profile->nsample_types;
    options.mean = choice & 0x40;
    options.drop_negative = choice & 0x80;
    options.unit = str_of(units[choice % 4]);
    buf_init(&out, mem_libc());
    buf_init(&error, mem_libc());
    if (!report_write(profile, &options, &out, &error))
        abort();
    const char *wrong =
        format == report_flame_svg ? markup_check_xml(buf_text(&out)) : markup_check_page(buf_text(&out));
    if (wrong) {
        fprintf(stderr, "%s: %s\n", format == report_flame_svg ? "svg" : "html", wrong);
        abort();
    }
    buf_finish(&out);
    buf_finish(&error);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct profile profile;
    struct fault fault = {0};
    struct str input = {(const char *)bytes, size};
    if (size == 0 || !profile_decode(str_skip(input, 1), mem_libc(), &profile, &fault))
        return 0;
    if (profile.nsample_types > 0) {
        check(&profile, report_flame_svg, bytes[0]);
        check(&profile, report_flame_html, bytes[0]);
    }
    profile_finish(&profile);
    return 0;
}
