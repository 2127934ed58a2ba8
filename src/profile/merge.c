/* Merging, as pprof does it with its sources and bases: units and types first, then samples (merger.h). */
#include "profile/merge.h"

#include "base/vec.h"
#include "profile/merger.h"
#include "profile/sample_types.h"
#include "profile/scale.h"

static bool exhausted(struct buf *error)
{
    buf_str(error, STR("out of memory"));
    return false;
}

bool profile_merge(const struct profile *profiles, size_t n, struct mem *mem, struct profile *out, struct buf *error)
{
    for (size_t i = 1; i < n; i++) {
        if (!profiles_compatible(&profiles[0], &profiles[i], error))
            return false;
    }
    struct merger *merger = merger_create(mem);
    bool good = merger != NULL;
    for (size_t i = 0; good && i < n; i++)
        good = merger_add(merger, &profiles[i]);
    good = good && merger_take(merger, out);
    merger_destroy(merger);
    return good || exhausted(error);
}

bool profile_combine(struct profile *profiles, size_t n, struct profile *out, struct buf *error)
{
    struct profile combined = {0};
    bool ok = profiles_keep_common_types(profiles, n, error) && profiles_unify_units(profiles, n, error);
    if (ok && n == 1) {
        *out = profiles[0];
        return true;
    }
    ok = ok && profile_merge(profiles, n, profiles[0].mem, &combined, error);
    for (size_t i = 0; i < n; i++)
        profile_finish(&profiles[i]);
    if (ok)
        *out = combined;
    return ok;
}

/* --- Sums --- */

void profile_sum_finish(struct profile_sum *sum)
{
    if (sum->n > 0 && !sum->merger)
        profile_finish(&sum->only);
    merger_destroy(sum->merger);
    *sum = (struct profile_sum){.mem = sum->mem};
}

bool profile_sum_take(struct profile_sum *sum, struct profile *out, struct buf *error)
{
    bool good = true;
    if (sum->merger)
        good = merger_take(sum->merger, out);
    else
        *out = sum->only;
    merger_destroy(sum->merger);
    *sum = (struct profile_sum){.mem = sum->mem};
    return good || exhausted(error);
}

bool profile_sum_fits(const struct profile_sum *sum, const struct profile *profile)
{
    struct buf reason; /* is of no interest */
    buf_init(&reason, sum->mem);
    bool fits =
        sum->n == 0 || profiles_compatible(sum->merger ? merger_header(sum->merger) : &sum->only, profile, &reason);
    buf_finish(&reason);
    return fits;
}

static bool start_merging(struct profile_sum *sum)
{
    sum->merger = merger_create(sum->mem);
    bool good = sum->merger && merger_add(sum->merger, &sum->only);
    profile_finish(&sum->only);
    return good;
}

bool profile_sum_add(struct profile_sum *sum, struct profile *profile, struct buf *error)
{
    if (sum->n++ == 0)
        return profile_combine(profile, 1, &sum->only, error);
    bool good = (sum->merger || start_merging(sum)) && merger_add(sum->merger, profile);
    profile_finish(profile);
    return good || exhausted(error);
}

/* --- Differences --- */

/* Gives every sample the string label key=value and no other value under that key. */
static bool set_label(struct profile *p, uint32_t key, uint32_t value)
{
    uint64_t next = 0, n = 0, old = p->label_start[p->nsamples], room = old + p->nsamples;
    struct profile_label label = {.key = key, .str = value}, *labels = mem_get_array(p->mem, room, sizeof *labels);
    if (!labels)
        return p->nsamples == 0;
    for (uint32_t sample = 0; sample < p->nsamples; sample++) {
        uint64_t end = p->label_start[sample + 1];
        bool placed = false;
        p->label_start[sample] = n;
        for (; next < end; next++) {
            const struct profile_label *other = &p->labels[next];
            bool behind = other->is_num || str_compare(p->strings[other->key], p->strings[key]) >= 0;
            if (!placed && behind) {
                labels[n++] = label;
                placed = true;
            }
            if (other->is_num || other->key != key)
                labels[n++] = *other;
        }
        if (!placed)
            labels[n++] = label;
    }
    p->label_start[p->nsamples] = n;
    mem_put(p->mem, p->labels, old * sizeof *p->labels);
    profile_resize(p, &labels, room, n, sizeof *labels);
    p->labels = labels;
    return true;
}

/* Marks a profile's samples as those of a diff base. */
static bool mark_as_base(struct profile *p)
{
    uint32_t key = profile_string(p, STR("pprof::base")), value = profile_string(p, STR("true"));
    return key != PROFILE_NONE && value != PROFILE_NONE && set_label(p, key, value);
}

/* Makes the base what is to be added to the profile. */
static bool prepare_base(struct profile *profile, struct profile *base, bool is_diff_base, bool normalize,
                         struct buf *error)
{
    bool ok = !is_diff_base || mark_as_base(base);
    if (ok && normalize) {
        if (!profiles_compatible(profile, base, error))
            return false;
        ok = profile_normalize(profile, base);
    }
    ok = ok && profile_scale(base, -1);
    if (!ok)
        buf_str(error, STR("out of memory"));
    return ok;
}

bool profile_subtract(struct profile *profile, struct profile *base, bool is_diff_base, bool normalize,
                      struct buf *error)
{
    if (!prepare_base(profile, base, is_diff_base, normalize, error)) {
        profile_finish(profile);
        profile_finish(base);
        return false;
    }
    struct profile both[] = {*profile, *base};
    return profile_combine(both, 2, profile, error);
}

bool profile_ensure_mapping(struct profile *p)
{
    if (p->nmappings > 0)
        return true;
    if (!profile_resize(p, &p->mappings, 0, 1, sizeof *p->mappings))
        return false;
    p->nmappings = 1;
    p->mappings[0] = (struct profile_mapping){.id = 1};
    for (uint32_t i = 0; i < p->nlocations; i++)
        p->locations[i].mapping = 0;
    return true;
}
