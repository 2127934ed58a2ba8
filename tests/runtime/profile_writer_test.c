/* What was written is read back field by field and compared as a text of one line a message. */
#include "testing.h"

#include "runtime/profile_writer.h"
#include "wire/gzip.h"
#include "wire/proto.h"

#include "made_up_code.h"

static void show(struct buf *text, struct cursor message, unsigned depth);

static bool is_message(unsigned depth, const struct proto_field *field)
{
    if (depth == 0)
        return field->number <= 5 || field->number == 11;
    return field->number == 3 || field->number == 4;
}

static void show_bytes(struct buf *text, unsigned depth, struct proto_field *field)
{
    if (depth == 0 && field->number == 6) {
        buf_str(text, proto_str(field));
    } else if (is_message(depth, field)) {
        buf_byte(text, '{');
        show(text, field->bytes, depth + 1);
        buf_byte(text, '}');
    } else {
        for (const char *blank = ""; cursor_left(&field->bytes) > 0; blank = " ")
            buf_printf(text, "%s%lld", blank, (long long)cursor_varint(&field->bytes));
    }
}

static void show(struct buf *text, struct cursor message, unsigned depth)
{
    struct proto_field field;
    for (bool first = true; proto_next(&message, &field); first = false) {
        buf_printf(text, "%s%u:", first || depth == 0 ? "" : " ", field.number);
        if (field.type == proto_bytes)
            show_bytes(text, depth, &field);
        else
            buf_printf(text, "%lld", (long long)field.value);
        if (depth == 0)
            buf_byte(text, '\n');
    }
    assert_true(cursor_ok(&message));
}

static void assert_written(const struct snapshot *snapshot, const struct profile_header *header, const char *expected)
{
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct tally tally;
    struct buf zipped, raw, text;
    struct fault fault;
    tally_init(&tally, mem_libc());
    tally_add(&tally, snapshot, 1);
    buf_init(&zipped, mem_libc());
    buf_init(&raw, mem_libc());
    buf_init(&text, mem_libc());
    assert_true(profile_write(&zipped, &tally, header, &code));
    assert_true(gzip_inflate(buf_text(&zipped), 1 << 20, &raw, &fault));
    show(&text, cursor_over(raw.p, raw.n, 0), 0);
    buf_byte(&text, '\0');
    assert_string_equal(text.p, expected);
    buf_finish(&text);
    buf_finish(&raw);
    buf_finish(&zipped);
    tally_finish(&tally);
    mappings_finish(&mappings);
}

static void a_heap_profile_has_four_values_and_block_sizes(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    struct snapshot_sample *sample = snapshot_add(&snapshot, (uint64_t[]){0x401110, 0x401020, 0x7f0010}, 3);
    *sample = (struct snapshot_sample){.npcs = 3, .values = {2, 200, 1, 100}, .block_size = 100};
    struct profile_header header = {.kind = profile_allocs, .time_nanos = 5, .period = 524288};
    assert_written(&snapshot, &header,
                   "9:5\n"
                   "11:{1:1 2:2}\n"
                   "12:524288\n"
                   "1:{1:3 2:4}\n1:{1:5 2:2}\n1:{1:6 2:4}\n1:{1:7 2:2}\n"
                   "14:5\n"
                   "4:{1:1 3:4198671 4:{1:1} 2:1}\n5:{1:1 2:8 3:8}\n"
                   "4:{1:2 3:4198431 4:{1:2} 2:1}\n5:{1:2 2:9 3:9}\n"
                   "4:{1:3 3:8323087 4:{1:3} 2:2}\n5:{1:3 2:10 3:10}\n"
                   "2:{2:2 200 1 100 1:1 2 3 3:{1:2 3:100}}\n"
                   "3:{1:1 2:4198400 3:4202496 4:4096 5:11 6:12 7:1}\n"
                   "3:{1:2 2:8323072 3:8327168 5:13 7:1}\n"
                   "3:{1:3 2:8388352 3:8388480 5:14}\n"
                   "6:\n6:space\n6:bytes\n6:alloc_objects\n6:count\n6:alloc_space\n6:inuse_objects\n6:inuse_space\n"
                   "6:work\n6:main\n6:start\n6:/bin/app\n6:abcdef\n6:/lib/libc.so.6\n6:[vdso]\n");
    snapshot_finish(&snapshot);
}

/* 0x7f0081 returns behind the call at 0x7f0080, which no function holds: its mapping has no functions then. The leaf
 * 0x401100 is exact and belongs to work, not to main before it. */
static void a_cpu_profile_has_counts_and_times_and_names_what_it_can(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    struct snapshot_sample *sample = snapshot_add(&snapshot, (uint64_t[]){0x401100, 0x7f0081}, 2);
    sample->leaf_is_exact = sample->truncated = true;
    sample->values[0] = 3;
    sample->values[1] = 30000000;
    snapshot.lost = 2;
    snapshot.period = 10000000;
    struct profile_header header = {profile_cpu, false, 7, 9, 10000000};
    assert_written(&snapshot, &header,
                   "9:7\n10:9\n"
                   "11:{1:1 2:2}\n12:10000000\n"
                   "1:{1:3 2:4}\n1:{1:1 2:2}\n"
                   "4:{1:1 3:4198656 4:{1:1} 2:1}\n5:{1:1 2:5 3:5}\n"
                   "4:{1:2 3:8323200 2:2}\n"
                   "4:{1:3 3:2 4:{1:2}}\n5:{1:2 2:6 3:6}\n"
                   "2:{2:3 2:30000000 1:1 2 3}\n"
                   "4:{1:4 3:1 4:{1:3}}\n5:{1:3 2:7 3:7}\n"
                   "2:{2:2 2:20000000 1:4}\n"
                   "3:{1:1 2:4198400 3:4202496 4:4096 5:8 6:9 7:1}\n"
                   "3:{1:2 2:8323072 3:8327168 5:10}\n"
                   "3:{1:3 2:8388352 3:8388480 5:11}\n"
                   "6:\n6:cpu\n6:nanoseconds\n6:samples\n6:count\n6:work\n6:[truncated stack]\n6:[lost samples]\n"
                   "6:/bin/app\n6:abcdef\n6:/lib/libc.so.6\n6:[vdso]\n");
    snapshot_finish(&snapshot);
}

static void a_difference_lists_the_program_and_what_it_used(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    snapshot_add(&snapshot, (uint64_t[]){0x7f0010}, 1)->values[0] = -4;
    struct profile_header header = {profile_threadcreate, true, 7, 9, 0};
    assert_written(&snapshot, &header,
                   "9:7\n10:9\n11:{1:1 2:2}\n12:1\n1:{1:1 2:2}\n"
                   "4:{1:1 3:8323087 4:{1:1} 2:2}\n5:{1:1 2:3 3:3}\n"
                   "2:{2:-4 1:1}\n"
                   "3:{1:1 2:4198400 3:4202496 4:4096 5:4 6:5}\n"
                   "3:{1:2 2:8323072 3:8327168 5:6 7:1}\n"
                   "6:\n6:threadcreate\n6:count\n6:start\n6:/bin/app\n6:abcdef\n6:/lib/libc.so.6\n");
    snapshot_finish(&snapshot);
}

static void an_empty_profile_has_its_types(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem_libc());
    struct profile_header header = {.kind = profile_mutex, .is_delta = true, .time_nanos = 1};
    assert_written(&snapshot, &header,
                   "9:1\n11:{1:1 2:2}\n12:1\n1:{1:1 2:2}\n1:{1:3 2:4}\n"
                   "3:{1:1 2:4198400 3:4202496 4:4096 5:5 6:6}\n"
                   "6:\n6:contentions\n6:count\n6:delay\n6:nanoseconds\n6:/bin/app\n6:abcdef\n");
}

static void exhaustion_fails_it(void **state)
{
    (void)state;
    struct mappings mappings;
    struct code code = made_up_code(&mappings);
    struct snapshot snapshot;
    bool done = false;
    snapshot_init(&snapshot, mem_libc());
    for (uint64_t i = 0; i < 100; i++)
        snapshot_add(&snapshot, (uint64_t[]){0x401001 + i, 0x401020}, 2);
    for (size_t successes = 0; !done; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct profile_header header = {.kind = profile_heap};
        struct tally tally;
        struct buf out;
        tally_init(&tally, &failing.mem);
        buf_init(&out, &failing.mem);
        tally_add(&tally, &snapshot, 1);
        done = profile_write(&out, &tally, &header, &code);
        buf_finish(&out);
        tally_finish(&tally);
        assert_in_range(successes, 0, 200);
    }
    snapshot_finish(&snapshot);
    mappings_finish(&mappings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_profile_has_four_values_and_block_sizes),
        cmocka_unit_test(a_cpu_profile_has_counts_and_times_and_names_what_it_can),
        cmocka_unit_test(a_difference_lists_the_program_and_what_it_used),
        cmocka_unit_test(an_empty_profile_has_its_types),
        cmocka_unit_test(exhaustion_fails_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
