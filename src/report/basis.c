/* One pass over the samples before filters change them: the total that percentages are of, and the units of numeric
 * labels. Keys and units are few, so they are looked up by walking a short list. */
#include <stdlib.h>

#include "base/vec.h"
#include "report/number.h"
#include "report/report.h"

struct units {
    VEC(struct report_label_unit) used, ignored;
    uint32_t last_key; /* string id of used.at[last]: most labels repeat the key of the one before */
    size_t last;
};

/* Whether the sample was negated and put beside the others to be compared with them. */
static bool is_diff_base(const struct profile *profile, uint32_t sample)
{
    for (uint64_t i = profile->label_start[sample]; i < profile->label_start[sample + 1]; i++) {
        const struct profile_label *label = &profile->labels[i];
        if (!label->is_num && str_equal(profile->strings[label->key], STR("pprof::base")) &&
            str_equal(profile->strings[label->str], STR("true")))
            return true;
    }
    return false;
}

/* Sums wrap around, as Go's do. */
static int64_t total_of(const struct profile *profile, uint32_t sample_index, bool mean, bool *is_diff)
{
    int64_t total = 0, divisor = 0, base_total = 0, base_divisor = 0;
    for (uint32_t i = 0; i < profile->nsamples; i++) {
        const int64_t *values = profile->values + (size_t)i * profile->nsample_types;
        int64_t value = number_abs(values[sample_index]);
        int64_t count = mean ? values[0] : 0;
        total = number_add(total, value);
        divisor = number_add(divisor, count);
        if (is_diff_base(profile, i)) {
            *is_diff = true;
            base_total = number_add(base_total, value);
            base_divisor = number_add(base_divisor, count);
        }
    }
    if (base_total > 0)
        return base_divisor != 0 ? number_divide(base_total, base_divisor) : base_total;
    return divisor != 0 ? number_divide(total, divisor) : total;
}

/* Finds a key's place in units->used, or adds it; false on exhaustion. */
static bool find_key(struct units *units, uint32_t key_id, struct str key, struct mem *mem)
{
    if (units->used.n > 0 && units->last_key == key_id)
        return true;
    units->last_key = key_id;
    for (units->last = 0; units->last < units->used.n; units->last++) {
        if (str_equal(units->used.at[units->last].key, key))
            return true;
    }
    return vec_push(&units->used, mem, (struct report_label_unit){key, {NULL, 0}});
}

static bool ignore_unit(struct units *units, struct report_label_unit unit, struct mem *mem)
{
    for (size_t i = 0; i < units->ignored.n; i++) {
        if (str_equal(units->ignored.at[i].key, unit.key) && str_equal(units->ignored.at[i].unit, unit.unit))
            return true;
    }
    return vec_push(&units->ignored, mem, unit);
}

static bool add_label(struct units *units, const struct profile *profile, const struct profile_label *label,
                      struct mem *mem)
{
    if (!find_key(units, label->key, profile->strings[label->key], mem))
        return false;
    struct report_label_unit *used = &units->used.at[units->last];
    struct str unit = profile->strings[label->unit];
    if (unit.n == 0 || str_equal(used->unit, unit))
        return true;
    if (used->unit.n > 0)
        return ignore_unit(units, (struct report_label_unit){used->key, unit}, mem);
    used->unit = unit;
    return true;
}

static void infer_unit(struct report_label_unit *unit)
{
    if (unit->unit.n > 0)
        return;
    bool bytes = str_equal(unit->key, STR("alignment")) || str_equal(unit->key, STR("request"));
    unit->unit = bytes ? STR("bytes") : unit->key;
}

static int by_key_and_unit(const void *a, const void *b)
{
    const struct report_label_unit *left = a, *right = b;
    int order = str_compare(left->key, right->key);
    return order ? order : str_compare(left->unit, right->unit);
}

/* Cuts a vector's block to what it holds, so that its size can be told from its count; false on exhaustion. */
static bool fit(struct report_label_unit **at, size_t n, size_t room, struct mem *mem)
{
    if (n == room)
        return true;
    void *fitted = mem->resize(mem, *at, room * sizeof **at, n * sizeof **at);
    if (!fitted && n > 0)
        return false;
    *at = fitted;
    return true;
}

bool report_basis_init(struct report_basis *basis, const struct profile *profile, uint32_t sample_index, bool mean,
                       struct mem *mem)
{
    struct units units = {0};
    uint64_t nlabels = profile->nsamples > 0 ? profile->label_start[profile->nsamples] : 0;
    for (uint64_t i = 0; i < nlabels; i++) {
        if (profile->labels[i].is_num && !add_label(&units, profile, &profile->labels[i], mem))
            goto exhausted;
    }
    for (size_t i = 0; i < units.used.n; i++)
        infer_unit(&units.used.at[i]);
    if (units.ignored.n > 1)
        qsort(units.ignored.at, units.ignored.n, sizeof *units.ignored.at, by_key_and_unit);
    if (!fit(&units.used.at, units.used.n, units.used.room, mem))
        goto exhausted;
    units.used.room = units.used.n;
    if (!fit(&units.ignored.at, units.ignored.n, units.ignored.room, mem))
        goto exhausted;
    *basis = (struct report_basis){
        .mem = mem,
        .units = units.used.at,
        .nunits = (uint32_t)units.used.n,
        .ignored = units.ignored.at,
        .nignored = (uint32_t)units.ignored.n,
    };
    basis->total = total_of(profile, sample_index, mean, &basis->is_diff);
    return true;
exhausted:
    vec_finish(&units.used, mem);
    vec_finish(&units.ignored, mem);
    return false;
}

void report_basis_recount(struct report_basis *basis, const struct profile *profile, uint32_t sample_index, bool mean)
{
    basis->total = total_of(profile, sample_index, mean, &basis->is_diff);
}

void report_basis_finish(struct report_basis *basis)
{
    if (!basis->mem)
        return;
    mem_put(basis->mem, basis->units, basis->nunits * sizeof *basis->units);
    mem_put(basis->mem, basis->ignored, basis->nignored * sizeof *basis->ignored);
    *basis = (struct report_basis){0};
}
