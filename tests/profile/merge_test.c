#include "profile/merge.h"

#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/sample_types.h"
#include "profile/scale.h"
#include "profile/small.h"
#include "random.h"
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

enum { nlocations = 9, nnames = 4 };

static void put_drawn_sample(struct buf *out, uint64_t *seed, uint64_t nvalues)
{
    size_t sample = proto_begin(out, 2), stack = proto_begin(out, 1);
    for (uint64_t depth = random_next(seed) % 4; depth > 0; depth--)
        proto_put_varint(out, 1 + random_next(seed) % nlocations);
    proto_end(out, stack);
    for (uint64_t i = 0; i < nvalues; i++)
        proto_put_uint(out, 2, random_next(seed) % 5 - 2);
    if (random_next(seed) % 3 == 0)
        PUT(out, 3, 1, 1 + random_next(seed) % nnames, 2, 1 + random_next(seed) % nnames);
    proto_end(out, sample);
}

/* A profile whose functions, locations and stacks are often those of others drawn so; its types mostly are. */
static struct profile drawn(uint64_t *seed, bool same_types)
{
    static const char *const strings[] = {"", "a", "b", "c", "d", "ms", "us", "cpu", "wall", "/bin/x"};
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    uint64_t unit = !same_types && random_next(seed) % 6 == 0 ? 6 : 5,
             types = !same_types && random_next(seed) % 6 == 0 ? 1 : 2;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        proto_put_str(&bytes, 6, str_of(strings[i]));
    PUT(&bytes, 1, 1, 7, 2, unit);
    if (types == 2)
        PUT(&bytes, 1, 1, 8, 2, 5);
    PUT(&bytes, 3, 1, 1, 2, 0x1000 * (1 + random_next(seed) % 3), 3, 0x9000, 5, 9);
    for (uint64_t id = 1; id <= nlocations; id++) {
        size_t location = proto_begin(&bytes, 4);
        proto_put_uint(&bytes, 1, id);
        proto_put_uint(&bytes, 2, random_next(seed) % 2);
        proto_put_uint(&bytes, 3, 0x4000 + random_next(seed) % 4);
        for (uint64_t n = random_next(seed) % 3; n > 0; n--)
            PUT(&bytes, 4, 1, 1 + random_next(seed) % nnames, 2, 1 + random_next(seed) % 2, 3,
                1 + random_next(seed) % 2);
        proto_end(&bytes, location);
    }
    for (uint64_t id = 1; id <= nnames; id++)
        PUT(&bytes, 5, 1, id, 2, 1 + random_next(seed) % nnames, 4, 1 + random_next(seed) % nnames);
    for (uint64_t n = random_next(seed) % 12; n > 0; n--)
        put_drawn_sample(&bytes, seed, types);
    proto_put_uint(&bytes, 9, random_next(seed) % 3);
    proto_put_uint(&bytes, 10, random_next(seed) % 100);
    PUT(&bytes, 11, 1, 7, 2, 5);
    proto_put_uint(&bytes, 12, 1 + random_next(seed) % 3);
    proto_put_uint(&bytes, 13, 1 + random_next(seed) % nnames);
    struct profile profile = decode(&bytes, mem_libc());
    buf_finish(&bytes);
    return profile;
}

static void profiles_added_one_by_one_become_what_they_become_together(void **state)
{
    (void)state;
    size_t nfit = 0;
    for (uint64_t round = 1; round <= 400; round++) {
        bool fits = true;
        struct profile profiles[6], together, added = {0};
        struct profile_sum sum = {.mem = mem_libc()};
        struct buf error, expected, got;
        uint64_t seed = round;
        size_t n = 1 + random_next(&seed) % 6;
        buf_init(&error, mem_libc());
        buf_init(&expected, mem_libc());
        buf_init(&got, mem_libc());
        for (size_t i = 0; i < n; i++) {
            profiles[i] = drawn(&seed, false);
            struct profile copy;
            assert_true(profile_copy(&profiles[i], mem_libc(), &copy));
            fits = fits && profile_sum_fits(&sum, &copy);
            if (fits)
                assert_true(profile_sum_add(&sum, &copy, &error));
            else
                profile_finish(&copy);
        }
        nfit += fits;
        assert_true(profile_sum_take(&sum, &added, &error) && profile_combine(profiles, n, &together, &error));
        assert_true(profile_encode(&together, &expected) && profile_encode(&added, &got));
        if (fits && !str_equal(buf_text(&expected), buf_text(&got)))
            fail_msg("the profiles of round %d differ", (int)round);
        profile_finish(&together);
        profile_finish(&added);
        buf_finish(&error);
        buf_finish(&expected);
        buf_finish(&got);
    }
    assert_true(nfit > 100);
}

static void a_sum_is_released_wherever_memory_runs_out(void **state)
{
    (void)state;
    bool good = false;
    for (size_t successes = 0; !good; successes++) {
        struct failing_mem failing = failing_mem(SIZE_MAX);
        struct profile_sum sum = {.mem = &failing.mem};
        struct buf error;
        uint64_t seed = 3;
        struct profile copies[4], out;
        buf_init(&error, mem_libc());
        for (size_t i = 0; i < 4; i++) {
            struct profile original = drawn(&seed, true);
            assert_true(profile_copy(&original, &failing.mem, &copies[i]));
            profile_finish(&original);
        }
        failing.left = successes;
        size_t i = 0;
        for (good = true; i < 4 && good; i++)
            good = profile_sum_add(&sum, &copies[i], &error);
        for (; i < 4; i++)
            profile_finish(&copies[i]);
        good = good && profile_sum_take(&sum, &out, &error);
        assert_int_equal(good, error.n == 0);
        if (good)
            profile_finish(&out);
        profile_sum_finish(&sum);
        buf_finish(&error);
        assert_true(successes < 2000);
    }
}

/* Profiles read raw, of texts that say the same things several times. */
static void what_is_read_raw_adds_up_to_the_same(void **state)
{
    (void)state;
    struct buf text, raw_text, error, strict_sum, raw_sum;
    buf_init(&text, mem_libc());
    put_small_profile(&text);
    for (int i = 0; i < 40; i++) { /* strings that are listed again, samples with the same stack, odd lengths */
        proto_put_str(&text, 6, STR(""));
        proto_put_str(&text, 6, STR("main"));
        PUT(&text, 2, 1, 1 + (uint64_t)i % 2, 2, 1, 2, 5);
    }
    struct profile strict[3], raw[3], sum;
    struct fault fault;
    for (int i = 0; i < 3; i++) {
        strict[i] = decode(&text, mem_libc());
        buf_init(&raw_text, mem_libc());
        buf_str(&raw_text, buf_text(&text));
        assert_true(profile_decode_raw(&raw_text, mem_libc(), &raw[i], &fault));
        assert_int_equal(raw_text.n, 0); /* taken over */
        assert_int_equal(raw[i].nstacks, raw[i].nsamples);
    }
    buf_init(&error, mem_libc());
    buf_init(&strict_sum, mem_libc());
    buf_init(&raw_sum, mem_libc());
    assert_true(profile_merge(strict, 3, mem_libc(), &sum, &error) && profile_encode(&sum, &strict_sum));
    profile_finish(&sum);
    assert_true(profile_merge(raw, 3, mem_libc(), &sum, &error) && profile_encode(&sum, &raw_sum));
    profile_finish(&sum);
    assert_true(str_equal(buf_text(&strict_sum), buf_text(&raw_sum)));
    for (int i = 0; i < 3; i++) {
        profile_finish(&strict[i]);
        profile_finish(&raw[i]);
    }
    buf_finish(&text);
    buf_finish(&error);
    buf_finish(&strict_sum);
    buf_finish(&raw_sum);
}

/* As above, with every allocation failing once. */
static void exhaustion_while_raw_profiles_are_read_is_told(void **state)
{
    (void)state;
    struct buf text, copy;
    struct fault fault;
    bool done = false;
    buf_init(&text, mem_libc());
    put_small_profile(&text);
    for (size_t successes = 0; !done; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct profile raw;
        buf_init(&copy, mem_libc());
        buf_str(&copy, buf_text(&text));
        done = profile_decode_raw(&copy, &failing.mem, &raw, &fault);
        assert_true(done || copy.n == text.n);
        if (done)
            profile_finish(&raw);
        buf_finish(&copy);
    }
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_raw_adds_up_to_the_same),
        cmocka_unit_test(exhaustion_while_raw_profiles_are_read_is_told),
        cmocka_unit_test(equal_samples_are_added_up),
        cmocka_unit_test(a_base_takes_away),
        cmocka_unit_test(units_become_the_finest),
        cmocka_unit_test(types_that_do_not_fit_are_refused),
        cmocka_unit_test(sample_types_are_found_by_number_and_name),
        cmocka_unit_test(scaling_rounds_and_drops_what_becomes_nothing),
        cmocka_unit_test(a_profile_without_mappings_gets_one),
        cmocka_unit_test(every_failing_allocation_is_an_error),
        cmocka_unit_test(profiles_added_one_by_one_become_what_they_become_together),
        cmocka_unit_test(a_sum_is_released_wherever_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
