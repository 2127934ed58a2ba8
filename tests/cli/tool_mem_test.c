#include "cli/tool_mem.h"

#include <string.h>

#include "testing.h"

enum { megabyte = 1 << 20 };

/* A block of old_size bytes with a mark at both ends, resized: the marks that still fit must be there. */
static void keeps_marks(size_t old_size, size_t new_size)
{
    struct mem *mem = tool_mem();
    char *block = mem_get(mem, old_size);
    block[0] = 'a';
    block[old_size - 1] = 'z';
    block = mem->resize(mem, block, old_size, new_size);
    assert_int_equal(block[0], 'a');
    if (new_size >= old_size)
        assert_int_equal(block[old_size - 1], 'z');
    block[new_size - 1] = 'e';
    mem_put(mem, block, new_size);
}

static void blocks_keep_what_is_in_them_at_every_change_of_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {2,
                                   4096,
                                   4 * megabyte - 1,
                                   4 * megabyte,
                                   4 * megabyte + 1,
                                   5 * megabyte + 4096,
                                   6 * megabyte,
                                   31 * megabyte + 7};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++)
            keeps_marks(sizes[i], sizes[j]);
    }
}

static void many_large_blocks_do_not_overlap(void **state)
{
    (void)state;
    char *blocks[16];
    for (int i = 0; i < 16; i++) {
        size_t size = (size_t)(4 + i) * megabyte + 1000;
        blocks[i] = mem_get(tool_mem(), size);
        memset(blocks[i], i, size);
    }
    for (int i = 0; i < 16; i++) {
        size_t size = (size_t)(4 + i) * megabyte + 1000;
        for (size_t at = 0; at < size; at += 999)
            assert_int_equal(blocks[i][at], i);
        mem_put(tool_mem(), blocks[i], size);
    }
}

/* Blocks of random sizes come, change and go; each keeps what it was filled with, wherever its pages were before. */
static void used_pages_serve_again(void **state)
{
    enum { nblocks = 12, rounds = 400, step = 64 << 10 };
    (void)state;
    char *blocks[nblocks] = {NULL};
    size_t sizes[nblocks] = {0};
    uint32_t random = 1;
    for (int round = 0; round < rounds; round++) {
        random = random * 1664525 + 1013904223;
        unsigned i = random >> 8 & 0xffff, b = i % nblocks;
        size_t size = (random >> 24) % 3 == 0 ? 0 : (size_t)(random >> 12 & 0xff) * step;
        size_t kept = size < sizes[b] ? size : sizes[b];
        blocks[b] = tool_mem()->resize(tool_mem(), blocks[b], sizes[b], size);
        for (size_t at = 0; at < kept; at += step / 2)
            assert_int_equal(blocks[b][at], b);
        for (size_t at = 0; at < size; at += step / 2)
            blocks[b][at] = (char)b;
        sizes[b] = size;
    }
    for (unsigned b = 0; b < nblocks; b++)
        mem_put(tool_mem(), blocks[b], sizes[b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(used_pages_serve_again),
        cmocka_unit_test(blocks_keep_what_is_in_them_at_every_change_of_size),
        cmocka_unit_test(many_large_blocks_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
