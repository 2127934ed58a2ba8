/* -proto: the profile itself, with what was asked for done to it. */
#include <string.h>

#include "profile/edit.h"
#include "report/number.h"
#include "report/report.h"

/* Cuts every location down to its outermost line. False on exhaustion. */
static bool drop_inlined_lines(struct profile *profile, bool columns)
{
    uint32_t nlines = profile->nlocations > 0 ? profile->line_start[profile->nlocations] : 0;
    uint8_t *keep = mem_get(profile->mem, nlines + (size_t)1);
    if (!keep)
        return false;
    memset(keep, 0, nlines + (size_t)1);
    for (uint32_t i = 0; i < profile->nlocations; i++) {
        if (profile->line_start[i + 1] > profile->line_start[i])
            keep[profile->line_start[i + 1] - 1] = 1;
    }
    for (uint32_t i = 0; i < nlines && !columns; i++)
        profile->lines[i].column = 0;
    profile_keep_lines(profile, keep);
    mem_put(profile->mem, keep, nlines + (size_t)1);
    for (uint32_t i = 0; i < profile->nmappings; i++)
        profile->mappings[i].has_inline_frames = false;
    return true;
}

static void multiply(struct profile *profile, double ratio)
{
    size_t n = (size_t)profile->nsamples * profile->nsample_types;
    for (size_t i = 0; i < n && ratio > 0 && ratio != 1; i++)
        profile->values[i] = number_of((double)profile->values[i] * ratio);
}

bool report_prepare_proto(struct profile *profile, const struct report_options *options, struct buf *error)
{
    if (!report_check(profile, options, error))
        return false;
    multiply(profile, 1 / options->divide_by);
    if (!options->no_inlines || drop_inlined_lines(profile, options->show_columns))
        return true;
    buf_str(error, STR("out of memory"));
    return false;
}
