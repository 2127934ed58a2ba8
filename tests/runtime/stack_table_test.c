#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/signal/stack_table.h"
#include "testing.h"

enum { slots = 256, words = 4096, threads = 4, rounds = 20000, kinds = 50 };

struct fixture {
    struct stack_table table;
    void *memory;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->memory = aligned_alloc(16, stack_table_size(slots, words));
    memset(fixture->memory, 0, stack_table_size(slots, words));
    stack_table_init(&fixture->table, fixture->memory, slots, words);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->memory);
    free(fixture);
    return 0;
}

static int64_t total(const struct stack_table *table, uint32_t *entries)
{
    struct stack_entry entry;
    int64_t sum = 0;
    *entries = 0;
    for (uint32_t slot = 0; slot <= table->slot_mask; slot++) {
        if (!stack_table_read(table, slot, &entry))
            continue;
        sum += entry.count;
        ++*entries;
    }
    return sum;
}

static void equal_stacks_are_one_entry(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t stack[] = {0x1000, 0x2000, 0x3000};
    uint32_t entries;
    stack_table_add(&fixture->table, stack, 3, false, 1);
    stack_table_add(&fixture->table, stack, 3, false, 4);
    assert_int_equal(total(&fixture->table, &entries), 5);
    assert_int_equal(entries, 1);
    assert_int_equal(fixture->table.lost, 0);
}

static void stacks_differ_by_depth_by_program_counters_and_by_truncation(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t stack[] = {0x1000, 0x2000, 0x3000}, other[] = {0x1000, 0x2000, 0x3001};
    uint32_t entries;
    stack_table_add(&fixture->table, stack, 3, false, 1);
    stack_table_add(&fixture->table, stack, 2, false, 1);
    stack_table_add(&fixture->table, other, 3, false, 1);
    stack_table_add(&fixture->table, stack, 3, true, 1);
    stack_table_add(&fixture->table, stack, 0, false, 1);
    assert_int_equal(total(&fixture->table, &entries), 5);
    assert_int_equal(entries, 5);
}

static void an_entry_reads_back_as_it_was_added(void **state)
{
    struct fixture *fixture = *state;
    uint64_t stack[stack_depth];
    for (uint32_t i = 0; i < stack_depth; i++)
        stack[i] = 0x400000 + i;
    stack_table_add(&fixture->table, stack, stack_depth, true, 7);
    struct stack_entry entry = {0};
    for (uint32_t slot = 0; slot < slots; slot++)
        if (stack_table_read(&fixture->table, slot, &entry))
            break;
    assert_int_equal(entry.npcs, stack_depth);
    assert_int_equal(entry.count, 7);
    assert_true(entry.truncated);
    assert_memory_equal(entry.pcs, stack, sizeof stack);
}

static void what_finds_no_slot_is_counted_as_lost(void **state)
{
    struct fixture *fixture = *state;
    uint32_t entries;
    for (uint64_t i = 0; i < 2 * slots; i++)
        stack_table_add(&fixture->table, &i, 1, false, 3);
    int64_t kept = total(&fixture->table, &entries);
    assert_true(entries > slots / 2 && entries <= slots);
    assert_int_equal(kept + (int64_t)fixture->table.lost, 2 * slots * 3);
    assert_true(fixture->table.lost > 0);
}

static void what_finds_no_room_in_the_arena_is_counted_as_lost(void **state)
{
    struct fixture *fixture = *state;
    uint64_t stack[stack_depth] = {0};
    uint32_t entries;
    for (uint64_t i = 0; i < 40; i++) {
        stack[0] = i;
        stack_table_add(&fixture->table, stack, stack_depth, false, 1);
    }
    assert_int_equal(total(&fixture->table, &entries), words / stack_depth);
    assert_int_equal(fixture->table.lost, 40 - words / stack_depth);
    stack_table_add(&fixture->table, stack, 0, false, 1); /* the empty stack needs none */
    assert_int_equal(total(&fixture->table, &entries), words / stack_depth + 1);
}

static void a_cleared_table_is_empty_and_usable(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t pc = 1;
    uint32_t entries;
    stack_table_add(&fixture->table, &pc, 1, false, 1);
    stack_table_clear(&fixture->table);
    assert_int_equal(total(&fixture->table, &entries), 0);
    stack_table_add(&fixture->table, &pc, 1, false, 2);
    assert_int_equal(total(&fixture->table, &entries), 2);
}

static void *add_many(void *argument)
{
    struct fixture *fixture = argument;
    uint64_t stack[8] = {0};
    for (uint64_t i = 0; i < rounds; i++) {
        stack[i % 8] = i % kinds / 8 + 1;
        stack_table_add(&fixture->table, stack, 1 + i % 8, false, 1);
    }
    return NULL;
}

static void nothing_is_lost_when_threads_add_at_the_same_time(void **state)
{
    struct fixture *fixture = *state;
    pthread_t ids[threads];
    uint32_t entries;
    for (int i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, add_many, fixture), 0);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    int64_t kept = total(&fixture->table, &entries);
    assert_int_equal(kept + (int64_t)fixture->table.lost, threads * rounds);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(equal_stacks_are_one_entry),
        TEST(stacks_differ_by_depth_by_program_counters_and_by_truncation),
        TEST(an_entry_reads_back_as_it_was_added),
        TEST(what_finds_no_slot_is_counted_as_lost),
        TEST(what_finds_no_room_in_the_arena_is_counted_as_lost),
        TEST(a_cleared_table_is_empty_and_usable),
        TEST(nothing_is_lost_when_threads_add_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
