/* Large gzipped profiles, which are read while they are inflated: the outcome is that of reading the text in one piece.
 */
#include <string.h>

#include "profile/decode.h"
#include "profile/encode.h"
#include "profile/read.h"
#include "testing.h"
#include "wire/gzip.h"
#include "wire/proto.h"

enum { nsamples = 30000, nlocations = 5000, depth = 40 };

/* What is odd about a profile. */
struct oddity {
    uint64_t first_id, step; /* ids of locations */
    bool types_last;         /* a sample type behind the samples */
    bool tables_first;       /* samples behind the tables */
    uint64_t wrong_location; /* in the last sample, where not 0 */
    uint64_t wrong_string;   /* of a label, where not 0 */
    size_t long_string;      /* bytes of one, where not 0 */
};

static void put_number_message(struct buf *out, uint32_t number, const uint64_t *values, size_t n)
{
    size_t mark = proto_begin(out, number);
    for (size_t i = 0; i < n; i++) {
        if (values[i] != 0)
            proto_put_uint(out, (uint32_t)i + 1, values[i]);
    }
    proto_end(out, mark);
}
#define PUT_MESSAGE(out, number, ...)                                                                                  \
    put_number_message((out), (number), (const uint64_t[]){__VA_ARGS__},                                               \
                       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void put_samples(struct buf *out, const struct oddity *odd)
{
    uint64_t random = 7;
    for (uint32_t i = 0; i < nsamples; i++) {
        size_t sample = proto_begin(out, 2), stack = proto_begin(out, 1);
        for (uint32_t f = 0; f < 1 + i % depth; f++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            proto_put_varint(out, odd->first_id + (random >> 33) % nlocations * odd->step);
        }
        if (odd->wrong_location != 0 && i + 1 == nsamples)
            proto_put_varint(out, odd->wrong_location);
        proto_end(out, stack);
        proto_put_uint(out, 2, random >> 40);
        if (i % 3 == 0) {
            PUT_MESSAGE(out, 3, 2, 0, i, 1);
            PUT_MESSAGE(out, 3, 1, odd->wrong_string != 0 && i > nsamples / 2 ? odd->wrong_string : 2);
        }
        if (i == 10)
            PUT_MESSAGE(out, 3, 1); /* neither text nor number: not a label */
        proto_end(out, sample);
    }
}

static void put_tables(struct buf *out, const struct oddity *odd)
{
    PUT_MESSAGE(out, 5, 1, 1, 1, 2, 5);
    for (uint64_t i = 0; i < nlocations; i++) {
        size_t location = proto_begin(out, 4);
        proto_put_uint(out, 1, odd->first_id + i * odd->step);
        proto_put_uint(out, 3, 0x1000 + i);
        PUT_MESSAGE(out, 4, 1, i);
        proto_end(out, location);
    }
    static const char *const strings[] = {"", "count", "key"};
    for (size_t i = 0; i < 3; i++)
        proto_put_str(out, 6, str_of(strings[i]));
    if (odd->long_string > 0) {
        char *text = mem_get(mem_libc(), odd->long_string);
        memset(text, 'x', odd->long_string);
        proto_put_str(out, 6, (struct str){text, odd->long_string});
        mem_put(mem_libc(), text, odd->long_string);
    }
    proto_put_uint(out, 9, 1700000000);
}

static struct buf text_of(const struct oddity *odd)
{
    struct buf text;
    buf_init(&text, mem_libc());
    if (!odd->types_last)
        PUT_MESSAGE(&text, 1, 1, 1);
    if (odd->tables_first)
        put_tables(&text, odd);
    put_samples(&text, odd);
    if (odd->types_last)
        PUT_MESSAGE(&text, 1, 1, 1);
    if (!odd->tables_first)
        put_tables(&text, odd);
    assert_false(text.failed);
    return text;
}

static void assert_equal_profiles(struct profile *a, struct profile *b)
{
    struct buf left, right;
    buf_init(&left, mem_libc());
    buf_init(&right, mem_libc());
    assert_true(profile_encode(a, &left) && profile_encode(b, &right));
    assert_true(str_equal(buf_text(&left), buf_text(&right)));
    assert_int_equal(a->nstacks, b->nstacks);
    struct profile again;
    struct fault fault;
    assert_true(profile_decode_text(buf_text(&left), mem_libc(), &again, &fault));
    assert_int_equal(again.nlocations, a->nlocations);
    for (uint32_t i = 0; i < a->nlocations; i++)
        assert_int_equal(again.locations[i].id, a->locations[i].id);
    assert_memory_equal(again.frames, a->frames, a->stack_start[a->nstacks] * sizeof *a->frames);
    profile_finish(&again);
    buf_finish(&left);
    buf_finish(&right);
}

/* Reads a text both ways: in one piece, and from gzip. */
static void assert_read_alike(struct buf *text)
{
    struct profile plain, large;
    struct fault plain_fault = {0}, large_fault = {0};
    struct buf packed;
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(text), 1, &packed));
    assert_true(packed.n > 1 << 20);
    bool good = profile_decode_text(buf_text(text), mem_libc(), &plain, &plain_fault);
    assert_int_equal(profile_read(&packed, mem_libc(), &large, &large_fault), good);
    if (good) {
        assert_equal_profiles(&plain, &large);
        profile_finish(&plain);
        profile_finish(&large);
    } else {
        assert_int_equal(plain_fault.offset, large_fault.offset);
        assert_string_equal(plain_fault.expected, large_fault.expected);
    }
    buf_finish(text);
}

static void assert_odd_ones_are_read_alike(struct oddity odd)
{
    struct buf text = text_of(&odd);
    assert_read_alike(&text);
}

static void ids_of_any_kind_are_found(void **state)
{
    (void)state;
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 2, .step = 1});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 77, .step = 3});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = UINT32_MAX - 5, .step = 1});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = (uint64_t)1 << 60, .step = 12345});
}

static void fields_may_come_in_any_order(void **state)
{
    (void)state;
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .types_last = true});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .tables_first = true});
}

static void a_reference_to_nothing_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .wrong_location = nlocations + 1});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 2, .wrong_location = 2});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .wrong_location = UINT64_MAX});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .wrong_string = 3});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .wrong_string = (uint64_t)1 << 32});
}

static void a_string_may_be_longer_than_a_piece(void **state)
{
    (void)state;
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .long_string = 200000});
    assert_odd_ones_are_read_alike((struct oddity){.first_id = 1, .step = 1, .long_string = 3000000});
}

static void a_text_that_is_cut_is_refused(void **state)
{
    (void)state;
    struct oddity odd = {.first_id = 1, .step = 1};
    for (size_t cut = 1; cut < 100; cut += 7) {
        struct buf text = text_of(&odd);
        text.n -= cut;
        assert_read_alike(&text);
    }
}

static void several_members_are_one_profile(void **state)
{
    (void)state;
    struct oddity odd = {.first_id = 1, .step = 1};
    struct buf text = text_of(&odd), packed;
    struct profile plain, large;
    struct fault fault;
    buf_init(&packed, mem_libc());
    for (size_t at = 0; at < text.n; at += 700001)
        assert_true(gzip_deflate(str_first(str_skip(buf_text(&text), at), 700001), 1, &packed));
    assert_true(profile_decode_text(buf_text(&text), mem_libc(), &plain, &fault));
    assert_true(profile_read(&packed, mem_libc(), &large, &fault));
    assert_equal_profiles(&plain, &large);
    profile_finish(&plain);
    profile_finish(&large);
    buf_finish(&text);
}

static void a_broken_stream_is_refused_although_the_profile_in_it_is_whole(void **state)
{
    (void)state;
    struct oddity odd = {.first_id = 1, .step = 1};
    struct buf text = text_of(&odd), packed;
    struct profile profile;
    struct fault fault = {0};
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(&text), 1, &packed));
    packed.p[packed.n - 8] ^= 1;
    assert_false(profile_read(&packed, mem_libc(), &profile, &fault));
    assert_string_equal(fault.expected, "a complete and valid gzip stream");
    buf_finish(&text);
}

static void other_formats_are_large_too(void **state)
{
    (void)state;
    struct buf text, packed;
    struct profile profile;
    struct fault fault;
    uint64_t random = 1;
    buf_init(&text, mem_libc());
    buf_init(&packed, mem_libc());
    buf_str(&text, STR("goroutine profile: total 450000\n"));
    for (int i = 0; i < 150000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        buf_printf(&text, "3 @ 0x%llx 0x%llx\n", (unsigned long long)random >> 20, (unsigned long long)random >> 28);
    }
    assert_true(gzip_deflate(buf_text(&text), 1, &packed) && packed.n > 1 << 20);
    assert_true(profile_read(&packed, mem_libc(), &profile, &fault));
    assert_int_equal(profile.nsamples, 150000);
    profile_finish(&profile);
    buf_finish(&text);
}

static void exhaustion_is_a_fault(void **state)
{
    (void)state;
    struct oddity odd = {.first_id = 1, .step = 1};
    struct buf text = text_of(&odd), packed;
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(&text), 1, &packed));
    bool done = false;
    for (size_t successes = 0; !done; successes += successes < 30 ? 1 : 17) {
        struct failing_mem failing = failing_mem(successes);
        struct buf copy;
        struct profile profile;
        struct fault fault = {0};
        buf_init(&copy, mem_libc());
        buf_str(&copy, buf_text(&packed));
        done = profile_read(&copy, &failing.mem, &profile, &fault);
        if (done)
            profile_finish(&profile);
        else
            assert_non_null(fault.expected);
        assert_true(successes < 10000);
    }
    buf_finish(&packed);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_any_kind_are_found),
        cmocka_unit_test(fields_may_come_in_any_order),
        cmocka_unit_test(a_reference_to_nothing_is_refused_where_it_stands),
        cmocka_unit_test(a_string_may_be_longer_than_a_piece),
        cmocka_unit_test(a_text_that_is_cut_is_refused),
        cmocka_unit_test(several_members_are_one_profile),
        cmocka_unit_test(a_broken_stream_is_refused_although_the_profile_in_it_is_whole),
        cmocka_unit_test(other_formats_are_large_too),
        cmocka_unit_test(exhaustion_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
