/* Frames that are known again by their bytes are those that decoding gives. */
#include "testing.h"

#include <string.h>

#include "random.h"
#include "trace/table.h"
#include "wire/proto.h"

enum { most_bytes = 1 << 20, frames_each = 100, rounds = 300 };

/* Numbers of all lengths, the same ones again and again. */
static uint64_t number(uint64_t *random)
{
    uint64_t kind = random_next(random) % 64, state = kind;
    return random_next(&state) >> kind;
}

static size_t put_frame(char *out, const struct trace_frame *frame)
{
    size_t n = proto_write_varint(out, frame->pc);
    n += proto_write_varint(out + n, frame->func);
    n += proto_write_varint(out + n, frame->file);
    return n + proto_write_varint(out + n, frame->line);
}

static void known_frames_are_what_their_bytes_say(void **state)
{
    (void)state;
    static char bytes[most_bytes];
    static struct trace_frame frames[frames_each];
    static struct trace_table table, plain;
    uint64_t random = 1;
    assert_true(trace_table_init(&table, mem_libc()));
    assert_true(trace_table_init(&plain, mem_libc()));
    for (int round = 0; round < rounds; round++) {
        size_t size = 0;
        for (int i = 0; i < frames_each; i++) {
            uint64_t pc = number(&random);
            /* What else is said of a pc depends on it, or else on who says it first. */
            frames[i] = (struct trace_frame){
                .pc = pc, .line = pc % 1000 + random_next(&random) % 2, .func = pc % 3, .file = pc >> 60};
            size += put_frame(bytes + size, &frames[i]);
        }
        if (round % 100 == 0) {
            trace_table_reset(&table);
            trace_table_reset(&plain);
        }
        for (int i = 0; i < frames_each; i++)
            assert_true(trace_table_add_frame(&plain, frames[i]));
        struct cursor c = cursor_over(bytes, size, 0);
        size_t start = table.stack_frames.n;
        assert_true(trace_frames_read(&table, &c, frames_each));
        assert_true(cursor_ok(&c));
        assert_int_equal(cursor_left(&c), 0);
        assert_int_equal(table.stack_frames.n - start, frames_each);
        assert_memory_equal(table.stack_frames.at + start, plain.stack_frames.at + start,
                            frames_each * sizeof *table.stack_frames.at);
        assert_int_equal(table.frames.n, plain.frames.n);
        assert_memory_equal(table.frames.at, plain.frames.at, plain.frames.n * sizeof *plain.frames.at);
    }
    trace_table_finish(&plain);
    trace_table_finish(&table);
}

static void the_first_frame_of_a_pc_is_that_pcs(void **state)
{
    (void)state;
    static struct trace_table table;
    const struct trace_frame frames[] = {{0x401000, 40, 200, 300}, {0x401000, 41, 201, 300}, {0x401000, 40, 200, 300}};
    char bytes[256] = {0};
    size_t size = 0;
    assert_true(trace_table_init(&table, mem_libc()));
    for (int i = 0; i < 3; i++)
        size += put_frame(bytes + size, &frames[i]);
    for (int round = 0; round < 2; round++) {
        struct cursor c = cursor_over(bytes, sizeof bytes, 0);
        assert_true(trace_frames_read(&table, &c, 3));
        assert_int_equal(cursor_offset(&c), size);
    }
    assert_int_equal(table.frames.n, 1);
    assert_int_equal(table.frames.at[0].line, 40);
    trace_table_finish(&table);
}

static void frames_that_are_cut_short_are_refused(void **state)
{
    (void)state;
    static struct trace_table table;
    const struct trace_frame frame = {0x7fff12345678, 70000, 70001, 123};
    char bytes[64];
    size_t size = put_frame(bytes, &frame);
    memcpy(bytes + size, bytes, size);
    assert_true(trace_table_init(&table, mem_libc()));
    for (size_t n = 0; n <= 2 * size; n++) {
        struct cursor c = cursor_over(bytes, n, 0);
        assert_true(trace_frames_read(&table, &c, 2));
        assert_int_equal(cursor_ok(&c), n == 2 * size);
    }
    trace_table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_frames_are_what_their_bytes_say),
        cmocka_unit_test(the_first_frame_of_a_pc_is_that_pcs),
        cmocka_unit_test(frames_that_are_cut_short_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
