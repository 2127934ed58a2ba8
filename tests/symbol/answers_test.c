/* What the symbol cache writes it reads again; what is not what it wrote it refuses. */
#include "symbol/answers.h"

#include <stdlib.h>

#include "testing.h"

enum { key = 4711 };

static const struct binary_frame two[] = {
    {{"_ZN1a1bEv", 9}, {"/src/a.h", 8}, 12, 3, 10},
    {{"main", 4}, {"/src/main.c", 11}, 7, 0, 5},
};

static bool fill(struct answer_set *set)
{
    return answer_set_add(set, 0x2000, two, 2, true) && answer_set_add(set, 0x1000, two + 1, 1, false) &&
           answer_set_add(set, 0x3000, NULL, 0, false);
}

/* Writes three answers: of two frames, of one, of none. False on exhaustion. */
static bool write_three(struct mem *mem, struct buf *out)
{
    struct answer_set set;
    struct arena arena;
    arena_init(&arena, mem);
    answer_set_init(&set, mem, &arena);
    buf_init(out, mem);
    bool fine = fill(&set) && answer_set_write(&set, key, out);
    answer_set_finish(&set);
    arena_finish(&arena);
    return fine;
}

struct told {
    size_t index, n;
    bool from_debug;
    struct binary_frame frames[4];
};

static bool take(void *to, size_t index, const struct binary_frame *frames, size_t n, bool from_debug)
{
    struct told *told = to;
    *told = (struct told){.index = index, .n = n, .from_debug = from_debug};
    for (size_t i = 0; i < n && i < 4; i++)
        told->frames[i] = frames[i];
    return true;
}

static void answers_come_back_as_they_were(void **state)
{
    struct buf bytes;
    struct answers answers;
    struct told told = {.n = 9};
    (void)state;
    assert_true(write_three(mem_libc(), &bytes));
    assert_true(answers_read(buf_text(&bytes), key, &answers));
    assert_int_equal(answers.naddresses, 3);
    assert_int_equal(answers_find(&answers, 0x1000, 0), 0);
    assert_int_equal(answers_find(&answers, 0x2000, 1), 1);
    assert_int_equal(answers_find(&answers, 0x1000, 1), 3);
    assert_int_equal(answers_find(&answers, 0x1001, 0), 3);
    assert_int_equal(answers_address(&answers, 2), 0x3000);
    assert_true(answers_tell(&answers, 2, 5, take, &told));
    assert_int_equal(told.n, 9);
    assert_true(answers_tell(&answers, 1, 5, take, &told));
    assert_int_equal(told.index, 5);
    assert_int_equal(told.n, 2);
    assert_true(told.from_debug);
    assert_str(told.frames[0].name, "_ZN1a1bEv");
    assert_str(told.frames[1].file, "/src/main.c");
    assert_int_equal(told.frames[0].line, 12);
    assert_int_equal(told.frames[0].column, 3);
    assert_int_equal(told.frames[1].start_line, 5);
    assert_true(answers_tell(&answers, 0, 0, take, &told));
    assert_false(told.from_debug);
    assert_str(told.frames[0].name, "main");
    buf_finish(&bytes);
}

static void another_key_is_refused(void **state)
{
    struct buf bytes;
    struct answers answers;
    (void)state;
    assert_true(write_three(mem_libc(), &bytes));
    assert_false(answers_read(buf_text(&bytes), key + 1, &answers));
    buf_finish(&bytes);
}

static void every_cut_and_every_flipped_bit_is_refused(void **state)
{
    struct buf bytes;
    struct answers answers;
    (void)state;
    assert_true(write_three(mem_libc(), &bytes));
    for (size_t n = 0; n < bytes.n; n++)
        assert_false(answers_read(str_first(buf_text(&bytes), n), key, &answers));
    for (size_t bit = 0; bit < bytes.n * 8; bit++) {
        bytes.p[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(answers_read(buf_text(&bytes), key, &answers));
        bytes.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_finish(&bytes);
}

static void exhaustion_is_told(void **state)
{
    struct buf bytes;
    size_t n = 0;
    (void)state;
    for (bool fine = false; !fine; n++) {
        struct failing_mem failing = failing_mem(n);
        fine = write_three(&failing.mem, &bytes);
        buf_finish(&bytes);
    }
    assert_in_range(n, 5, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_back_as_they_were),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(every_cut_and_every_flipped_bit_is_refused),
        cmocka_unit_test(exhaustion_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
