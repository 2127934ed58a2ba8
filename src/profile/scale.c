#include "profile/scale.h"

#include <math.h>
#include <string.h>

#include "profile/edit.h"

struct scaling {
    struct profile *profile;
    const double *ratios;
};

/* What Go's conversion yields on amd64: the smallest number for all that do not fit. */
static int64_t to_int64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

static bool scale_sample(void *context, uint32_t sample)
{
    const struct scaling *s = context;
    uint32_t n = s->profile->nsample_types;
    int64_t *values = s->profile->values + (uint64_t)sample * n;
    bool keep = false;
    for (uint32_t i = 0; i < n; i++) {
        if (s->ratios[i] != 1) {
            values[i] = to_int64(round((double)values[i] * s->ratios[i]));
            keep |= values[i] != 0;
        }
    }
    return keep;
}

void profile_scale_each(struct profile *profile, const double *ratios)
{
    bool all_ones = true;
    for (uint32_t i = 0; i < profile->nsample_types; i++)
        all_ones &= ratios[i] == 1;
    if (!all_ones)
        profile_keep_samples(profile, scale_sample, &(struct scaling){profile, ratios});
}

bool profile_scale(struct profile *profile, double ratio)
{
    uint32_t n = profile->nsample_types;
    double *ratios = mem_get_array(profile->mem, n, sizeof *ratios);
    if (!ratios)
        return n == 0;
    for (uint32_t i = 0; i < n; i++)
        ratios[i] = ratio;
    profile_scale_each(profile, ratios);
    mem_put(profile->mem, ratios, n * sizeof *ratios);
    return true;
}

/* The sum of one sample type's values; it wraps around as in Go. */
static int64_t sum_of(const struct profile *profile, uint32_t type)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < profile->nsamples; i++)
        sum += (uint64_t)profile->values[(uint64_t)i * profile->nsample_types + type];
    return (int64_t)sum;
}

bool profile_normalize(struct profile *profile, const struct profile *base)
{
    uint32_t n = profile->nsample_types;
    double *ratios = mem_get_array(profile->mem, n, sizeof *ratios);
    if (!ratios)
        return n == 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t own = sum_of(profile, i);
        ratios[i] = own == 0 ? 0 : (double)sum_of(base, i) / (double)own;
    }
    profile_scale_each(profile, ratios);
    mem_put(profile->mem, ratios, n * sizeof *ratios);
    return true;
}
