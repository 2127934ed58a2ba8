#include "profile/decode.h"

#include "profile/encode.h"
#include "profile/small.h"
#include "testing.h"
#include "wire/gzip.h"

static struct buf small(void)
{
    struct buf out;
    buf_init(&out, mem_libc());
    put_small_profile(&out);
    return out;
}

/* Decodes what must be good. */
static struct profile decode(const struct buf *bytes)
{
    struct profile profile;
    struct fault fault = {0};
    if (!profile_decode(buf_text(bytes), mem_libc(), &profile, &fault))
        fail_msg("offset %d: expected %s", (int)fault.offset, fault.expected);
    return profile;
}

/* Decodes what must be faulty, and returns the fault's offset. */
static uint64_t refuse(const struct buf *bytes)
{
    struct profile profile;
    struct fault fault = {0};
    assert_false(profile_decode(buf_text(bytes), mem_libc(), &profile, &fault));
    assert_non_null(fault.expected);
    return fault.offset;
}

static void all_parts_come_out(void **state)
{
    (void)state;
    struct buf bytes = small();
    struct profile p = decode(&bytes);
    assert_int_equal(p.nsample_types, 2);
    assert_str(p.strings[p.sample_types[1].unit], "nanoseconds");
    assert_int_equal(p.nmappings, 1);
    assert_true(p.mappings[0].start == 0x400000 && p.mappings[0].has_inline_frames);
    assert_str(p.strings[p.mappings[0].build_id], "0abc123");
    assert_int_equal(p.nlocations, 3);
    assert_int_equal(p.line_start[2] - p.line_start[1], 2);
    assert_str(p.strings[p.functions[p.lines[p.line_start[1]].function].name], "inlined");
    assert_int_equal(p.lines[p.line_start[1]].column, 2);
    assert_int_equal(p.locations[2].mapping, PROFILE_NONE);
    assert_true(p.locations[2].is_folded);
    assert_int_equal(p.functions[1].start_line, 20);
    assert_str(p.strings[p.comments[0]], "a comment");
    assert_str(p.strings[p.default_sample_type], "cpu");
    assert_true(p.time_nanos == 1700000000000000000 && p.period == 10000000 && p.has_period_type);
    profile_finish(&p);
    buf_finish(&bytes);
}

static void equal_stacks_are_one_but_samples_stay(void **state)
{
    (void)state;
    struct buf bytes = small();
    struct profile p = decode(&bytes);
    assert_int_equal(p.nsamples, 4);
    assert_int_equal(p.nstacks, 3);
    assert_int_equal(p.stack[1], p.stack[3]);
    assert_int_equal(p.stack_start[1], 3);
    assert_int_equal(p.frames[0], 2);
    assert_int_equal(p.stack_start[p.stack[2] + 1] - p.stack_start[p.stack[2]], 0);
    assert_int_equal(p.values[7], 30000000);
    profile_finish(&p);
    buf_finish(&bytes);
}

static void labels_stand_in_the_order_in_which_they_are_written(void **state)
{
    (void)state;
    struct buf bytes = small();
    struct profile p = decode(&bytes);
    assert_int_equal(p.label_start[1], 2);
    assert_str(p.strings[p.labels[0].key], "thread");
    assert_false(p.labels[0].is_num);
    assert_str(p.strings[p.labels[1].key], "request");
    assert_true(p.labels[1].is_num && p.labels[1].num == 4096);
    assert_str(p.strings[p.labels[1].unit], "bytes");
    profile_finish(&p);
    buf_finish(&bytes);
}

static void writing_what_was_read_is_stable(void **state)
{
    (void)state;
    struct buf bytes = small(), first, second;
    buf_init(&first, mem_libc());
    buf_init(&second, mem_libc());
    struct profile p = decode(&bytes);
    assert_true(profile_encode(&p, &first));
    profile_finish(&p);
    p = decode(&first);
    assert_true(profile_encode(&p, &second));
    profile_finish(&p);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    buf_finish(&bytes);
    buf_finish(&first);
    buf_finish(&second);
}

static void gzipped_is_as_plain(void **state)
{
    (void)state;
    struct buf bytes = small(), packed;
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(&bytes), 6, &packed));
    struct profile p = decode(&packed);
    assert_int_equal(p.nsamples, 4);
    profile_finish(&p);
    buf_finish(&bytes);
    buf_finish(&packed);
}

/* Decodes from a block of exactly the size, so that a sanitizer sees a read behind it; frees what comes out. */
static void decode_anything(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = test_malloc(size + (size == 0));
    memcpy(copy, bytes, size);
    struct profile profile;
    struct fault fault = {0};
    if (profile_decode((struct str){(const char *)copy, size}, mem_libc(), &profile, &fault)) {
        profile_finish(&profile);
    } else {
        assert_non_null(fault.expected);
        assert_true(fault.offset <= size);
    }
    test_free(copy);
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    struct buf bytes = small();
    for (size_t n = 0; n < bytes.n; n++)
        decode_anything((uint8_t *)bytes.p, n);
    buf_finish(&bytes);
}

static void every_changed_byte_is_read_or_refused(void **state)
{
    (void)state;
    struct buf bytes = small();
    for (size_t i = 0; i < bytes.n; i++) {
        for (unsigned change = 1; change < 256; change++) {
            bytes.p[i] ^= (char)change;
            decode_anything((uint8_t *)bytes.p, bytes.n);
            bytes.p[i] ^= (char)change;
        }
    }
    buf_finish(&bytes);
}

static void every_failing_allocation_is_a_fault(void **state)
{
    (void)state;
    struct buf bytes = small(), packed;
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(&bytes), 6, &packed));
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct profile profile;
        struct fault fault = {0};
        assert_true(successes < 100);
        if (!profile_decode(buf_text(&packed), &failing.mem, &profile, &fault)) {
            assert_non_null(fault.expected);
            continue;
        }
        profile_finish(&profile);
        break;
    }
    buf_finish(&bytes);
    buf_finish(&packed);
}

/* A profile with one sample type and two functions, locations and samples under the given ids. */
static struct buf with_ids(uint64_t a, uint64_t b)
{
    struct buf out;
    buf_init(&out, mem_libc());
    proto_put_str(&out, 6, STR(""));
    PUT(&out, 1, 1, 0);
    PUT(&out, 5, 1, a);
    PUT(&out, 5, 1, b);
    for (int i = 0; i < 2; i++) {
        size_t location = proto_begin(&out, 4);
        proto_put_uint(&out, 1, i == 0 ? a : b);
        PUT(&out, 4, 1, i == 0 ? b : a);
        proto_end(&out, location);
    }
    PUT(&out, 2, 1, a, 1, b, 2, 1);
    PUT(&out, 2, 1, b, 2, 1);
    return out;
}

static void ids_may_be_any_numbers(void **state)
{
    (void)state;
    static const uint64_t ids[] = {
        1, 2, 3, 4, 5, 1000000, UINT32_MAX, (uint64_t)1 << 32, ((uint64_t)1 << 32) + 1, UINT64_MAX};
    enum { n = sizeof ids / sizeof *ids };
    for (int i = 0; i < n * n; i++) {
        uint64_t a = ids[i / n], b = ids[i % n];
        struct buf bytes = with_ids(a, b);
        if (a == b) {
            refuse(&bytes);
        } else {
            struct profile p = decode(&bytes);
            assert_true(p.frames[0] == 0 && p.frames[1] == 1 && p.frames[2] == 1);
            assert_true(p.lines[0].function == 1 && p.lines[1].function == 0);
            assert_true(p.functions[0].id == a && p.locations[1].id == b);
            profile_finish(&p);
        }
        buf_finish(&bytes);
    }
}

static void an_id_of_zero_is_refused(void **state)
{
    (void)state;
    struct buf bytes = with_ids(0, 1);
    refuse(&bytes);
    buf_finish(&bytes);
}

static void what_refers_to_nothing_is_refused_at_its_offset(void **state)
{
    (void)state;
    struct buf bytes = with_ids(1, 2);
    size_t n = bytes.n;
    PUT(&bytes, 2, 1, 3, 2, 1);
    assert_int_equal(refuse(&bytes), n + 2);
    bytes.n = n;
    size_t sample = proto_begin(&bytes, 2), stack = proto_begin(&bytes, 1);
    for (int i = 0; i < 20; i++)
        proto_put_varint(&bytes, i == 12 ? 300 : 1);
    proto_end(&bytes, stack);
    proto_put_uint(&bytes, 2, 1);
    proto_end(&bytes, sample);
    assert_int_equal(refuse(&bytes), n + 4 + 12);
    bytes.n = n;
    PUT(&bytes, 11, 1, 1);
    refuse(&bytes);
    bytes.n = n;
    PUT(&bytes, 4, 1, 7, 2, 9);
    struct profile p = decode(&bytes);
    assert_int_equal(p.locations[2].mapping, PROFILE_NONE);
    profile_finish(&p);
    buf_finish(&bytes);
}

static void a_line_without_a_function_is_refused(void **state)
{
    (void)state;
    struct buf bytes = with_ids(1, 2);
    size_t location = proto_begin(&bytes, 4);
    proto_put_uint(&bytes, 1, 3);
    PUT(&bytes, 4, 2, 5);
    proto_end(&bytes, location);
    refuse(&bytes);
    buf_finish(&bytes);
}

static void samples_have_a_value_for_each_type(void **state)
{
    (void)state;
    struct buf bytes = with_ids(1, 2);
    size_t n = bytes.n;
    PUT(&bytes, 2, 1, 1);
    refuse(&bytes);
    bytes.n = n;
    PUT(&bytes, 2, 1, 1, 2, 1, 2, 1);
    refuse(&bytes);
    bytes.n = n;
    PUT(&bytes, 1, 1, 0);
    refuse(&bytes);
    buf_finish(&bytes);
}

/* Memory that fails beyond a total, for inputs that would have much allocated for nothing. */
struct capped_mem {
    struct mem mem;
    size_t left;
};

static void *capped_resize(struct mem *self, void *block, size_t old_size, size_t new_size)
{
    struct capped_mem *capped = (struct capped_mem *)self;
    assert_true(new_size <= capped->left);
    return mem_libc()->resize(mem_libc(), block, old_size, new_size);
}

static void counts_that_the_file_cannot_hold_take_no_memory(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    proto_put_str(&bytes, 6, STR(""));
    for (int i = 0; i < 20000; i++)
        PUT(&bytes, 1, 1, 0);
    for (int i = 0; i < 20000; i++)
        PUT(&bytes, 2, 0);
    struct capped_mem capped = {{capped_resize}, 64 * bytes.n};
    struct profile profile;
    struct fault fault = {0};
    assert_false(profile_decode(buf_text(&bytes), &capped.mem, &profile, &fault));
    assert_non_null(fault.expected);
    buf_finish(&bytes);
}

static void a_gzip_bomb_is_refused(void **state)
{
    (void)state;
    struct buf zeros, packed;
    buf_init(&zeros, mem_libc());
    buf_init(&packed, mem_libc());
    buf_fill(&zeros, 0, 100 << 20);
    assert_true(gzip_deflate(buf_text(&zeros), 1, &packed));
    buf_finish(&zeros);
    struct capped_mem capped = {{capped_resize}, 2 * ((64 << 20) + packed.n * 256)};
    struct profile profile;
    struct fault fault = {0};
    assert_false(profile_decode(buf_text(&packed), &capped.mem, &profile, &fault));
    assert_non_null(fault.expected);
    buf_finish(&packed);
}

static void profiles_behind_each_other_are_refused(void **state)
{
    (void)state;
    struct buf bytes = small();
    PUT(&bytes, 1, 1, small_samples);
    proto_put_uint(&bytes, 9, 1);
    refuse(&bytes);
    buf_finish(&bytes);
}

static void the_first_string_must_be_empty(void **state)
{
    (void)state;
    struct buf bytes;
    buf_init(&bytes, mem_libc());
    assert_int_equal(refuse(&bytes), 0);
    proto_put_uint(&bytes, 12, 1);
    assert_int_equal(refuse(&bytes), 2);
    proto_put_str(&bytes, 6, STR("x"));
    assert_int_equal(refuse(&bytes), 2);
    buf_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_come_out),
        cmocka_unit_test(equal_stacks_are_one_but_samples_stay),
        cmocka_unit_test(labels_stand_in_the_order_in_which_they_are_written),
        cmocka_unit_test(writing_what_was_read_is_stable),
        cmocka_unit_test(gzipped_is_as_plain),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(every_changed_byte_is_read_or_refused),
        cmocka_unit_test(every_failing_allocation_is_a_fault),
        cmocka_unit_test(ids_may_be_any_numbers),
        cmocka_unit_test(an_id_of_zero_is_refused),
        cmocka_unit_test(what_refers_to_nothing_is_refused_at_its_offset),
        cmocka_unit_test(a_line_without_a_function_is_refused),
        cmocka_unit_test(samples_have_a_value_for_each_type),
        cmocka_unit_test(counts_that_the_file_cannot_hold_take_no_memory),
        cmocka_unit_test(a_gzip_bomb_is_refused),
        cmocka_unit_test(profiles_behind_each_other_are_refused),
        cmocka_unit_test(the_first_string_must_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
