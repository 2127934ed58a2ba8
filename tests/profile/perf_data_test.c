#include <string.h>

#include "profile/read.h"
#include "testing.h"

enum {
    header_size = 104,
    attr_size = 128 + 16,
    attrs_at = header_size,
    ids_at = attrs_at + attr_size,
    data_at = ids_at + 8
};

static void put_u16(struct buf *out, uint16_t value)
{
    buf_bytes(out, &value, sizeof value);
}

static void put_u32(struct buf *out, uint32_t value)
{
    buf_bytes(out, &value, sizeof value);
}

static void put_u64(struct buf *out, uint64_t value)
{
    buf_bytes(out, &value, sizeof value);
}

/* A record's header, whose size end_record sets. */
static size_t begin_record(struct buf *out, uint32_t type, uint16_t misc)
{
    put_u32(out, type);
    put_u16(out, misc);
    put_u16(out, 0);
    return out->n;
}

static void end_record(struct buf *out, size_t mark)
{
    uint16_t size = (uint16_t)(out->n - mark + 8);
    memcpy(out->p + mark - 2, &size, sizeof size);
}

static void put_mmap(struct buf *out, uint32_t pid, uint64_t start, uint64_t size, const char *file)
{
    size_t mark = begin_record(out, 1, 2);
    put_u32(out, pid);
    put_u32(out, pid);
    put_u64(out, start);
    put_u64(out, size);
    put_u64(out, 0);
    buf_bytes(out, file, strlen(file) + 1);
    end_record(out, mark);
}

/* IP, TID, PERIOD and CALLCHAIN. */
static void put_sample(struct buf *out, uint32_t pid, const uint64_t *chain, uint64_t depth)
{
    size_t mark = begin_record(out, 9, 2);
    put_u64(out, chain[0]);
    put_u32(out, pid);
    put_u32(out, pid);
    put_u64(out, 5000);
    put_u64(out, depth + 1);
    put_u64(out, (uint64_t)-512); /* user space follows */
    for (uint64_t i = 0; i < depth; i++)
        put_u64(out, chain[i]);
    end_record(out, mark);
}

static void put_records(struct buf *out)
{
    static const uint64_t first[] = {0x1010, 0x2021, 0x9001}, second[] = {0x1010};
    size_t mark = begin_record(out, 3, 0);
    put_u32(out, 7);
    put_u32(out, 7);
    buf_bytes(out, "app", 4);
    end_record(out, mark);
    put_mmap(out, 7, 0x2000, 0x1000, "/lib/libx.so.1");
    put_mmap(out, 7, 0x1000, 0x1000, "/bin/app");
    mark = begin_record(out, 7, 0); /* 8 is forked from 7 */
    put_u32(out, 8);
    put_u32(out, 7);
    put_u32(out, 8);
    put_u32(out, 7);
    put_u64(out, 0);
    end_record(out, mark);
    put_sample(out, 7, first, 3);
    put_sample(out, 8, second, 1);
}

static void put_build_ids(struct buf *out)
{
    size_t mark = begin_record(out, 0, 0);
    put_u32(out, 7);
    for (char i = 0; i < 24; i++)
        buf_byte(out, i < 20 ? i + 1 : 0);
    buf_bytes(out, "/bin/app", 9);
    end_record(out, mark);
}

static struct buf recording(void)
{
    struct buf out, data, ids;
    buf_init(&out, mem_libc());
    buf_init(&data, mem_libc());
    buf_init(&ids, mem_libc());
    put_records(&data);
    put_build_ids(&ids);
    const uint64_t header[] = {header_size, attr_size, attrs_at, attr_size, data_at, data.n, 0, 0, 1 << 2, 0, 0, 0};
    buf_str(&out, STR("PERFILE2"));
    buf_bytes(&out, header, sizeof header);
    const uint64_t attr[] = {(uint64_t)128 << 32 | 1, 0, 5000, 1 | 2 | 1 << 5 | 1 << 8, 0, 0};
    buf_bytes(&out, attr, sizeof attr);
    buf_fill(&out, 0, 128 - sizeof attr);
    put_u64(&out, ids_at);
    put_u64(&out, 8);
    put_u64(&out, 77);
    buf_str(&out, buf_text(&data));
    put_u64(&out, out.n + 16);
    put_u64(&out, ids.n);
    buf_str(&out, buf_text(&ids));
    buf_finish(&data);
    buf_finish(&ids);
    return out;
}

static void samples_have_mappings_threads_and_periods(void **state)
{
    (void)state;
    struct buf bytes = recording();
    struct profile p;
    struct fault fault = {0};
    if (!profile_read(&bytes, mem_libc(), &p, &fault))
        fail_msg("offset %d: expected %s", (int)fault.offset, fault.expected);
    assert_int_equal(p.nsamples, 2);
    assert_str(p.strings[p.sample_types[1].type], "cpu");
    assert_int_equal(p.values[1], 5000);
    assert_int_equal(p.period, 5000);
    assert_str(p.strings[p.mappings[0].file], "/bin/app"); /* the program, though mapped second */
    assert_str(p.strings[p.mappings[0].build_id], "0102030405060708090a0b0c0d0e0f1011121314");
    assert_int_equal(p.locations[p.frames[0]].address, 0x1010);
    assert_int_equal(p.locations[p.frames[0]].mapping, 0);
    assert_int_equal(p.locations[p.frames[1]].address, 0x2020);
    assert_int_equal(p.locations[p.frames[1]].mapping, 1);
    assert_int_equal(p.locations[p.frames[2]].mapping, PROFILE_NONE);
    assert_int_equal(p.stack_start[2] - p.stack_start[1], 1);
    assert_int_equal(p.frames[3], p.frames[0]); /* the child has its parent's mappings */
    assert_str(p.strings[p.labels[0].str], "app");
    assert_int_equal(p.labels[1].num, 7);
    profile_finish(&p);
}

static void read_anything(const char *bytes, size_t size)
{
    struct buf copy;
    struct profile profile;
    struct fault fault = {0};
    buf_init(&copy, mem_libc());
    buf_bytes(&copy, bytes, size);
    if (profile_read(&copy, mem_libc(), &profile, &fault)) {
        profile_finish(&profile);
    } else {
        assert_non_null(fault.expected);
        assert_true(fault.offset <= size);
    }
}

static void every_prefix_is_read_or_refused(void **state)
{
    (void)state;
    struct buf bytes = recording();
    for (size_t n = 0; n < bytes.n; n++)
        read_anything(bytes.p, n);
    buf_finish(&bytes);
}

static void every_changed_byte_is_read_or_refused(void **state)
{
    (void)state;
    static const unsigned char changes[] = {0x01, 0x80, 0xff, 0x7f, 0x10};
    struct buf bytes = recording();
    for (size_t i = 0; i < bytes.n; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            bytes.p[i] ^= (char)changes[k];
            read_anything(bytes.p, bytes.n);
            bytes.p[i] ^= (char)changes[k];
        }
    }
    buf_finish(&bytes);
}

static void every_failing_allocation_is_a_fault(void **state)
{
    (void)state;
    for (size_t successes = 0;; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct buf bytes = recording();
        struct profile profile;
        struct fault fault = {0};
        assert_true(successes < 500);
        if (profile_read(&bytes, &failing.mem, &profile, &fault)) {
            profile_finish(&profile);
            break;
        }
        assert_non_null(fault.expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_have_mappings_threads_and_periods),
        cmocka_unit_test(every_prefix_is_read_or_refused),
        cmocka_unit_test(every_changed_byte_is_read_or_refused),
        cmocka_unit_test(every_failing_allocation_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
