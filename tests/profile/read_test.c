#include "profile/read.h"

#include <string.h>

#include "profile/small.h"
#include "testing.h"
#include "wire/gzip.h"

static const char *const texts[] = {
    "heap profile: 3: 196608 [ 10: 655360] @ heap_v2/524288\n"
    " 1: 65536 [ 4: 262144] @ 0x00400123 0x00400456\n"
    "MAPPED_LIBRARIES:\n"
    "build=/srv\n"
    "00400000-00500000 r-xp 00000000 08:01 1234 $build/app\n",
    "goroutine profile: total 7\n3 @ 0x400123 0x400456\n",
    "--- threadz 1 ---\n--- Thread 7f79 (name: main/14748) stack: ---\n PC: 0x400123\n 0x400456\n"
    "--- Thread 7f80 (name: w/14749) stack: ---\n [same as previous thread]\n--- Memory map: ---\n",
    "--- contentionz 1 ---\ncycles/second = 3201000000\nsampling period = 100\n 19490304 27 @ 0x4001bc 0x400455\n",
    "--- heapz 1 ---\nformat = java\nresolution=bytes\n 7 1234567 @ 0x3 0x4\n 0x3 com.example.Main.work "
    "(Main.java:42)\n",
};

enum { ntexts = sizeof texts / sizeof *texts };

static struct buf held(const void *bytes, size_t size)
{
    struct buf out;
    buf_init(&out, mem_libc());
    buf_bytes(&out, bytes, size);
    return out;
}

static struct profile read_good(struct buf bytes)
{
    struct profile profile;
    struct fault fault = {0};
    if (!profile_read(&bytes, mem_libc(), &profile, &fault))
        fail_msg("offset %d: expected %s", (int)fault.offset, fault.expected);
    assert_null(bytes.p);
    return profile;
}

static void read_anything(const void *bytes, size_t size)
{
    struct buf copy = held(bytes, size);
    struct profile profile;
    struct fault fault = {0};
    if (profile_read(&copy, mem_libc(), &profile, &fault)) {
        profile_finish(&profile);
    } else {
        assert_non_null(fault.expected);
        assert_true(fault.offset <= size);
    }
}

static void every_format_is_recognized(void **state)
{
    (void)state;
    static const char *const types[] = {"alloc_objects", "goroutine", "thread", "contentions", "inuse_objects"};
    for (size_t i = 0; i < ntexts; i++) {
        struct profile p = read_good(held(texts[i], strlen(texts[i])));
        assert_true(str_equal(p.strings[p.sample_types[0].type], str_of(types[i])));
        assert_int_equal(p.nsamples, 1);
        assert_int_equal(p.nlocations, 2);
        assert_true(p.drop_frames != 0);
        profile_finish(&p);
    }
}

static void a_heap_text_is_scaled_and_mapped(void **state)
{
    (void)state;
    struct profile p = read_good(held(texts[0], strlen(texts[0])));
    assert_int_equal(p.values[2], 8); /* one block of 64 KiB among half-MiB steps */
    assert_int_equal(p.locations[0].address, 0x400122);
    assert_str(p.strings[p.mappings[p.locations[0].mapping].file], "/srv/app");
    assert_int_equal(p.labels[0].num, 65536);
    profile_finish(&p);
}

static void a_thread_like_the_one_before_counts_for_it(void **state)
{
    (void)state;
    struct profile p = read_good(held(texts[2], strlen(texts[2])));
    assert_int_equal(p.values[0], 2);
    profile_finish(&p);
}

static void a_java_text_has_its_own_names(void **state)
{
    (void)state;
    struct profile p = read_good(held(texts[4], strlen(texts[4])));
    assert_int_equal(p.nfunctions, 1);
    assert_str(p.strings[p.functions[0].filename], "Main.java");
    assert_int_equal(p.lines[0].line, 42);
    assert_int_equal(p.locations[0].address, 0);
    profile_finish(&p);
}

static void gzipped_is_as_plain(void **state)
{
    (void)state;
    struct buf packed, small;
    buf_init(&packed, mem_libc());
    buf_init(&small, mem_libc());
    assert_true(gzip_deflate(str_of(texts[1]), 6, &packed));
    struct profile p = read_good(packed);
    profile_finish(&p);
    put_small_profile(&small);
    buf_init(&packed, mem_libc());
    assert_true(gzip_deflate(buf_text(&small), 6, &packed));
    buf_finish(&small);
    p = read_good(packed);
    assert_int_equal(p.nsamples, 4);
    profile_finish(&p);
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ntexts; i++) {
        for (size_t n = 0; n < strlen(texts[i]); n++)
            read_anything(texts[i], n);
    }
}

static void every_changed_byte_is_read_or_refused(void **state)
{
    (void)state;
    static const char changes[] = {'0', 'f', ' ', '\n', '@', '\xff', '\0', ':'};
    for (size_t i = 0; i < ntexts; i++) {
        char text[1024];
        size_t n = strlen(texts[i]);
        for (size_t at = 0; at < n; at++) {
            memcpy(text, texts[i], n);
            text[at] = changes[(at + i) % sizeof changes];
            read_anything(text, n);
        }
    }
}

static void an_unknown_text_is_said_to_be_that(void **state)
{
    (void)state;
    struct buf page = held("<html>not found</html>", 22);
    struct profile profile;
    struct fault fault = {0};
    assert_false(profile_read(&page, mem_libc(), &profile, &fault));
    assert_string_equal(fault.expected, "a profile in a known format");
}

static void every_failing_allocation_is_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ntexts; i++) {
        bool ok = false;
        for (size_t successes = 0; !ok; successes++) {
            struct failing_mem failing = failing_mem(successes);
            struct buf bytes = held(texts[i], strlen(texts[i]));
            struct profile profile;
            struct fault fault = {0};
            ok = profile_read(&bytes, &failing.mem, &profile, &fault);
            if (ok)
                profile_finish(&profile);
            else
                assert_non_null(fault.expected);
            assert_true(successes < 2000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_is_recognized),
        cmocka_unit_test(a_heap_text_is_scaled_and_mapped),
        cmocka_unit_test(a_thread_like_the_one_before_counts_for_it),
        cmocka_unit_test(a_java_text_has_its_own_names),
        cmocka_unit_test(gzipped_is_as_plain),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(every_changed_byte_is_read_or_refused),
        cmocka_unit_test(an_unknown_text_is_said_to_be_that),
        cmocka_unit_test(every_failing_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
