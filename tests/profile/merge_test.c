#include "profile/merge.h"

#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/sample_types.h"
#include "profile/scale.h"
#include "profile/small.h"
#include "testing.h"

static struct profile decode(const struct buf *bytes, struct mem *mem)
{
    struct profile profile;
    struct fault fault;
    assert_true(profile_decode(buf_text(bytes), mem, &profile, &fault));
    return profile;
}

static struct profile small(void)
{
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    put_small_profile(&bytes);
    struct profile profile = decode(&bytes, mem_libc());
    buf_finish(&bytes);
    return profile;
}

/* A profile of one sample without frames that has such a value. */
static struct profile with_type(const char *type, const char *unit, int64_t value)
{
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    proto_put_str(&bytes, 6, STR(""));
    proto_put_str(&bytes, 6, str_of(type));
    proto_put_str(&bytes, 6, str_of(unit));
    PUT(&bytes, 1, 1, 1, 2, 2);
    PUT(&bytes, 2, 2, (uint64_t)value);
    struct profile profile = decode(&bytes, mem_libc());
    buf_finish(&bytes);
    return profile;
}

static struct profile combine(struct profile a, struct profile b)
{
    struct profile both[] = {a, b}, out;
    struct buf error;
    buf_init(&error, mem_libc());
    if (!profile_combine(both, 2, &out, &error))
        fail_msg("%.*s", STR_ARG(buf_text(&error)));
    buf_finish(&error);
    return out;
}

static void refuse(struct profile a, struct profile b, const char *why)
{
    struct profile both[] = {a, b}, out;
    struct buf error;
    buf_init(&error, mem_libc());
    assert_false(profile_combine(both, 2, &out, &error));
    buf_byte(&error, '\0');
    assert_string_equal(error.p, why);
    buf_finish(&error);
}

static void equal_samples_are_added_up(void **state)
{
    (void)state;
    struct profile p = combine(small(), small());
    assert_int_equal(p.nsamples, 3); /* the second and fourth have the same stack and no labels */
    assert_int_equal(p.values[0], 2);
    assert_int_equal(p.values[2], 10);
    assert_int_equal(p.nlocations, 3);
    assert_int_equal(p.locations[0].id, 1);
    assert_true(p.locations[0].is_folded); /* the leaf of the first sample comes first */
    assert_int_equal(p.nmappings, 1);
    assert_int_equal(p.duration_nanos, 2000000000);
    assert_int_equal(p.ncomments, 1);
    profile_finish(&p);
}

static void a_base_takes_away(void **state)
{
    (void)state;
    struct profile p = small(), base = small();
    struct buf error;
    buf_init(&error, mem_libc());
    assert_true(profile_subtract(&p, &base, false, false, &error));
    assert_int_equal(p.nsamples, 0);
    assert_int_equal(p.nlocations, 0);
    assert_int_equal(p.nmappings, 1); /* the first one stays */
    profile_finish(&p);
    p = small();
    base = small();
    assert_true(profile_subtract(&p, &base, true, false, &error));
    assert_int_equal(p.nsamples, 6);
    const struct profile_label *label = &p.labels[p.label_start[3]];
    assert_str(p.strings[label->key], "pprof::base");
    assert_str(p.strings[label->str], "true");
    assert_str(p.strings[label[1].key], "thread");
    assert_int_equal(p.values[7], -10000000);
    profile_finish(&p);
    buf_finish(&error);
}

static void units_become_the_finest(void **state)
{
    (void)state;
    struct profile p = combine(with_type("cpu", "ms", 3), with_type("cpu", "us", 5));
    assert_int_equal(p.values[0], 3005);
    assert_str(p.strings[p.sample_types[0].unit], "us");
    profile_finish(&p);
}

static void types_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    refuse(with_type("cpu", "ms", 1), with_type("space", "bytes", 1), "profiles have empty common sample type list");
    refuse(with_type("cpu", "ms", 1), with_type("cpu", "bytes", 1),
           "sample types: incompatible types: {cpu ms} {cpu bytes}");
}

static void sample_types_are_found_by_number_and_name(void **state)
{
    (void)state;
    struct profile p = with_type("space", "bytes", 1);
    struct buf error;
    uint32_t index = 7;
    buf_init(&error, mem_libc());
    assert_true(profile_find_sample_type(&p, STR("inuse_space"), &index, &error));
    assert_int_equal(index, 0);
    assert_true(profile_find_sample_type(&p, STR("+0"), &index, &error));
    assert_true(profile_find_sample_type(&p, STR(""), &index, &error));
    assert_false(profile_find_sample_type(&p, STR("1"), &index, &error));
    assert_str(buf_text(&error), "sample_index 1 is outside the range [0..0]");
    error.n = 0;
    assert_false(profile_find_sample_type(&p, STR("objects"), &index, &error));
    assert_str(buf_text(&error), "sample_index \"objects\" must be one of: [space]");
    buf_finish(&error);
    profile_finish(&p);
}

static void scaling_rounds_and_drops_what_becomes_nothing(void **state)
{
    (void)state;
    struct profile p = small();
    double ratios[] = {0.4, 1};
    profile_scale_each(&p, ratios);
    assert_int_equal(p.nsamples, 3); /* the first had a count of 1, which is 0 now, for all its nanoseconds */
    assert_int_equal(p.values[0], 1);
    assert_int_equal(p.values[1], 20000000);
    profile_finish(&p);
}

static void a_profile_without_mappings_gets_one(void **state)
{
    (void)state;
    struct profile p = with_type("cpu", "ms", 1);
    assert_true(profile_ensure_mapping(&p));
    assert_int_equal(p.nmappings, 1);
    assert_true(profile_ensure_mapping(&p));
    assert_int_equal(p.nmappings, 1);
    profile_finish(&p);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(SIZE_MAX);
        struct profile originals[] = {small(), small()}, p, base;
        struct buf error;
        buf_init(&error, mem_libc());
        assert_true(profile_copy(&originals[0], &failing.mem, &p) && profile_copy(&originals[1], &failing.mem, &base));
        profile_finish(&originals[0]);
        profile_finish(&originals[1]);
        failing.left = successes;
        bool ok = profile_subtract(&p, &base, true, true, &error);
        assert_int_equal(ok, error.n == 0);
        buf_finish(&error);
        assert_true(successes < 200);
        if (ok) {
            profile_finish(&p);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_samples_are_added_up),
        cmocka_unit_test(a_base_takes_away),
        cmocka_unit_test(units_become_the_finest),
        cmocka_unit_test(types_that_do_not_fit_are_refused),
        cmocka_unit_test(sample_types_are_found_by_number_and_name),
        cmocka_unit_test(scaling_rounds_and_drops_what_becomes_nothing),
        cmocka_unit_test(a_profile_without_mappings_gets_one),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
