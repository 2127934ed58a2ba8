#include "profile/sample_types.h"

#include <string.h>

#include "profile/measure.h"
#include "profile/scale.h"

static bool out_of_memory(struct buf *error)
{
    buf_str(error, STR("out of memory"));
    return false;
}

static struct str type_name(const struct profile *profile, uint32_t i)
{
    return profile->strings[profile->sample_types[i].type];
}

static struct str type_unit(const struct profile *profile, uint32_t i)
{
    return profile->strings[profile->sample_types[i].unit];
}

/* The number that a text is, as strconv.Atoi reads it; false where it is none. */
static bool parse_index(struct str text, int64_t *value)
{
    size_t i = text.n > 0 && (text.p[0] == '-' || text.p[0] == '+');
    bool negative = i > 0 && text.p[0] == '-';
    if (i == text.n)
        return false;
    for (*value = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *value > INT32_MAX)
            return false;
        *value = *value * 10 + (text.p[i] - '0');
    }
    if (negative)
        *value = -*value;
    return true;
}

/* The default type: the one that the profile names, or else the last. */
static uint32_t default_type(const struct profile *profile)
{
    for (uint32_t i = 0; profile->default_sample_type != 0 && i < profile->nsample_types; i++) {
        if (profile->sample_types[i].type == profile->default_sample_type)
            return i;
    }
    return profile->nsample_types - 1;
}

static bool find_by_name(const struct profile *profile, struct str name, uint32_t *index)
{
    struct str bare = str_starts_with(name, STR("inuse_")) ? str_skip(name, 6) : name;
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        if (str_equal(type_name(profile, i), name) || str_equal(type_name(profile, i), bare)) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool profile_find_sample_type(const struct profile *profile, struct str name, uint32_t *index, struct buf *error)
{
    int64_t number;
    if (profile->nsample_types == 0) {
        buf_str(error, STR("profile has no samples"));
        return false;
    }
    if (name.n == 0) {
        *index = default_type(profile);
        return true;
    }
    if (parse_index(name, &number)) {
        if (number >= 0 && number < profile->nsample_types) {
            *index = (uint32_t)number;
            return true;
        }
        buf_printf(error, "sample_index %.*s is outside the range [0..%u]", STR_ARG(name), profile->nsample_types - 1);
        return false;
    }
    if (find_by_name(profile, name, index))
        return true;
    buf_printf(error, "sample_index \"%.*s\" must be one of: [", STR_ARG(name));
    for (uint32_t i = 0; i < profile->nsample_types; i++)
        buf_printf(error, "%s%.*s", i == 0 ? "" : " ", STR_ARG(type_name(profile, i)));
    buf_byte(error, ']');
    return false;
}

/* How many sample types of all profiles have a name. */
static size_t count_types(const struct profile *profiles, size_t n, struct str name)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < profiles[i].nsample_types; j++)
            count += str_equal(type_name(&profiles[i], j), name);
    }
    return count;
}

/* Names of sample types, with the place that each has in the profile at hand. */
struct type_list {
    uint32_t n;
    struct str *names;
    uint32_t *places;
};

/* Finds the place of each name. False where the profile lacks one. */
static bool find_places(struct type_list *list, const struct profile *profile, struct buf *error)
{
    for (uint32_t i = 0; i < list->n; i++) {
        uint32_t place = 0;
        while (place < profile->nsample_types && !str_equal(type_name(profile, place), list->names[i]))
            place++;
        if (place == profile->nsample_types) {
            buf_printf(error, "\"%.*s\" sample type is not found in profile", STR_ARG(list->names[i]));
            return false;
        }
        list->places[i] = place;
    }
    return true;
}

/* Whether the list is just what the profile has. */
static bool in_place(const struct type_list *list, const struct profile *profile)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->places[i] != i)
            return false;
    }
    return list->n == profile->nsample_types;
}

/* The default type that the profile keeps: its own where it is in the list, else the list's first. */
static bool set_default(const struct type_list *list, struct profile *profile)
{
    struct str own = profile->strings[profile->default_sample_type];
    for (uint32_t i = 0; i < list->n; i++) {
        if (str_equal(list->names[i], own))
            return true;
    }
    profile->default_sample_type = profile_string(profile, list->names[0]);
    return profile->default_sample_type != PROFILE_NONE;
}

/* Keeps the listed types of a profile, in the list's order. */
static bool keep_types(const struct type_list *list, struct profile *profile)
{
    uint32_t n = list->n, old = profile->nsample_types;
    struct profile_value_type *types = mem_get_array(profile->mem, n, sizeof *types);
    int64_t *values = mem_get_array(profile->mem, (size_t)profile->nsamples * n, sizeof *values);
    if (!types || (!values && profile->nsamples > 0) || !set_default(list, profile)) {
        mem_put(profile->mem, types, n * sizeof *types);
        mem_put(profile->mem, values, (size_t)profile->nsamples * n * sizeof *values);
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        types[i] = profile->sample_types[list->places[i]];
    for (uint64_t i = 0; values && i < (uint64_t)profile->nsamples * n; i++)
        values[i] = profile->values[i / n * old + list->places[i % n]];
    mem_put(profile->mem, profile->sample_types, old * sizeof *types);
    mem_put(profile->mem, profile->values, (size_t)profile->nsamples * old * sizeof *values);
    profile->sample_types = types;
    profile->values = values;
    profile->nsample_types = n;
    return true;
}

static bool keep_common(struct type_list *list, struct profile *profiles, size_t n, struct buf *error)
{
    const struct profile *first = &profiles[0];
    for (uint32_t i = 0; i < first->nsample_types; i++) {
        if (count_types(profiles, n, type_name(first, i)) == n)
            list->names[list->n++] = type_name(first, i);
    }
    if (list->n == 0) {
        buf_str(error, STR("profiles have empty common sample type list"));
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!find_places(list, &profiles[i], error))
            return false;
        if (!in_place(list, &profiles[i]) && !keep_types(list, &profiles[i]))
            return out_of_memory(error);
    }
    return true;
}

bool profiles_keep_common_types(struct profile *profiles, size_t n, struct buf *error)
{
    struct mem *mem = profiles[0].mem;
    size_t room = (size_t)profiles[0].nsample_types + 1;
    struct type_list list = {0, mem_get_array(mem, room, sizeof *list.names),
                             mem_get_array(mem, room, sizeof *list.places)};
    bool ok = list.names && list.places ? keep_common(&list, profiles, n, error) : out_of_memory(error);
    mem_put(mem, list.names, room * sizeof *list.names);
    mem_put(mem, list.places, room * sizeof *list.places);
    return ok;
}

static struct str without_s(struct str name)
{
    return str_ends_with(name, STR("s")) ? str_first(name, name.n - 1) : name;
}

/* A type by its texts. */
struct named_type {
    struct str type, unit;
};

static struct named_type sample_type_at(const struct profile *profile, uint32_t i)
{
    return (struct named_type){type_name(profile, i), type_unit(profile, i)};
}

static struct named_type period_type_of(const struct profile *profile)
{
    return (struct named_type){profile->strings[profile->period_type.type],
                               profile->strings[profile->period_type.unit]};
}

/* The type number i of a profile: -1 is the period's. */
static struct named_type type_at(const struct profile *profile, int64_t i)
{
    return i < 0 ? period_type_of(profile) : sample_type_at(profile, (uint32_t)i);
}

static bool convertible(struct named_type a, struct named_type b)
{
    return str_equal(without_s(a.type), without_s(b.type)) &&
           (str_equal(a.unit, b.unit) || measure_same_kind(a.unit, b.unit));
}

/* The finest unit that any profile has for its type number i. */
static bool finest_unit(const struct profile *profiles, size_t n, int64_t i, struct str *unit, struct buf *error)
{
    struct named_type finest = type_at(&profiles[0], i);
    for (size_t k = 1; k < n; k++) {
        struct named_type other = type_at(&profiles[k], i);
        if (!convertible(finest, other)) {
            buf_printf(error, "%s: incompatible types: {%.*s %.*s} {%.*s %.*s}", i < 0 ? "period type" : "sample types",
                       STR_ARG(finest.type), STR_ARG(finest.unit), STR_ARG(other.type), STR_ARG(other.unit));
            return false;
        }
        if (measure_scale(1, other.unit, finest.unit).value < 1)
            finest = other;
    }
    *unit = finest.unit;
    return true;
}

/* Scales one profile to units[0] for the period and units[1 + i] for its sample types. */
static bool convert_profile(struct profile *profile, const struct str *units, double *ratios)
{
    struct str from = period_type_of(profile).unit;
    uint32_t unit = profile_string(profile, units[0]);
    if (unit == PROFILE_NONE)
        return false;
    profile->period = (int64_t)measure_scale(profile->period, from, units[0]).value;
    profile->period_type.unit = unit;
    for (uint32_t i = 0; i < profile->nsample_types; i++) {
        ratios[i] = measure_scale(1, type_unit(profile, i), units[1 + i]).value;
        unit = profile_string(profile, units[1 + i]);
        if (unit == PROFILE_NONE)
            return false;
        profile->sample_types[i].unit = unit;
    }
    profile_scale_each(profile, ratios);
    return true;
}

static bool unify(struct profile *profiles, size_t n, struct str *units, double *ratios, struct buf *error)
{
    for (int64_t i = -1; i < profiles[0].nsample_types; i++) {
        if (!finest_unit(profiles, n, i, &units[1 + i], error))
            return false;
    }
    for (size_t k = 0; k < n; k++) {
        if (!convert_profile(&profiles[k], units, ratios))
            return out_of_memory(error);
    }
    return true;
}

bool profiles_unify_units(struct profile *profiles, size_t n, struct buf *error)
{
    if (n <= 1)
        return true;
    for (size_t k = 1; k < n; k++) {
        if (profiles[k].nsample_types != profiles[0].nsample_types) {
            buf_printf(error, "inconsistent samples type count: %u != %u", profiles[0].nsample_types,
                       profiles[k].nsample_types);
            return false;
        }
    }
    struct mem *mem = profiles[0].mem;
    size_t room = (size_t)profiles[0].nsample_types + 1;
    struct str *units = mem_get_array(mem, room, sizeof *units);
    double *ratios = mem_get_array(mem, room, sizeof *ratios);
    bool ok = units && ratios ? unify(profiles, n, units, ratios, error) : out_of_memory(error);
    mem_put(mem, units, room * sizeof *units);
    mem_put(mem, ratios, room * sizeof *ratios);
    return ok;
}

static bool same_type(struct named_type a, struct named_type b)
{
    return str_equal(a.type, b.type) && str_equal(a.unit, b.unit);
}

static void put_sample_types(struct buf *out, const struct profile *profile)
{
    buf_byte(out, '[');
    for (uint32_t i = 0; i < profile->nsample_types; i++)
        buf_printf(out, "%s%.*s/%.*s", i == 0 ? "" : " ", STR_ARG(type_name(profile, i)),
                   STR_ARG(type_unit(profile, i)));
    buf_byte(out, ']');
}

bool profiles_compatible(const struct profile *a, const struct profile *b, struct buf *error)
{
    struct named_type p = period_type_of(a), q = period_type_of(b);
    if (!same_type(p, q)) {
        buf_printf(error, "incompatible period types %.*s/%.*s and %.*s/%.*s", STR_ARG(p.type), STR_ARG(p.unit),
                   STR_ARG(q.type), STR_ARG(q.unit));
        return false;
    }
    bool same = a->nsample_types == b->nsample_types;
    for (uint32_t i = 0; same && i < a->nsample_types; i++)
        same = same_type(sample_type_at(a, i), sample_type_at(b, i));
    if (same)
        return true;
    buf_str(error, STR("incompatible sample types "));
    put_sample_types(error, a);
    buf_str(error, STR(" and "));
    put_sample_types(error, b);
    return false;
}
