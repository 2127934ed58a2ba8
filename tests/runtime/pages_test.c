#include "runtime/pages.h"
#include "runtime/start.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static void blocks_of_every_size_are_apart_and_keep_their_bytes(void **state)
{
    (void)state;
    static unsigned char *blocks[3000];
    for (size_t size = 1; size < 3000; size++) {
        blocks[size] = mem_get(pages_mem(), size * 17);
        assert_non_null(blocks[size]);
        assert_int_equal((uintptr_t)blocks[size] % 16, 0);
        memset(blocks[size], (int)size, size * 17);
    }
    for (size_t size = 1; size < 3000; size++) {
        assert_int_equal(blocks[size][0], (unsigned char)size);
        assert_memory_equal(blocks[size], blocks[size] + 1, size * 17 - 1);
        mem_put(pages_mem(), blocks[size], size * 17);
    }
}

static void a_block_keeps_its_bytes_through_every_resize(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, 17, 100, 1000, 32768, 32769, 100000, 10000000, 50000, 32768, 40, 1};
    struct mem *mem = pages_mem();
    unsigned char *block = NULL;
    size_t old = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = mem->resize(mem, block, old, sizes[i]);
        assert_non_null(block);
        size_t same = 0;
        while (same < old && same < sizes[i] && block[same] == same % 251)
            same++;
        assert_int_equal(same, old < sizes[i] ? old : sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            block[at] = (unsigned char)(at % 251);
        old = sizes[i];
    }
    assert_null(mem->resize(mem, block, old, 0));
}

static void freed_blocks_are_used_again(void **state)
{
    (void)state;
    mem_put(pages_mem(), mem_get(pages_mem(), 100), 100);
    uint64_t before = pages_taken();
    for (int i = 0; i < 100000; i++)
        mem_put(pages_mem(), mem_get(pages_mem(), 100), 100);
    for (int i = 0; i < 100; i++)
        mem_put(pages_mem(), mem_get(pages_mem(), 1000000), 1000000);
    assert_int_equal(pages_taken(), before);
}

static void the_limit_is_kept_and_exhaustion_gives_null(void **state)
{
    (void)state;
    uint64_t before = pages_taken();
    pages_set_limit(before + (1 << 20));
    assert_null(pages_map((1 << 20) + 1));
    void *pages = pages_map(1 << 20);
    assert_non_null(pages);
    assert_null(mem_get(pages_mem(), 1 << 20));
    pages_unmap(pages, 1 << 20);
    pages_set_limit(UINT64_MAX);
    assert_null(mem_get(pages_mem(), SIZE_MAX));
    assert_null(mem_get(pages_mem(), SIZE_MAX / 2));
    assert_int_equal(pages_taken(), before);
}

static void *take_and_put(void *seed)
{
    unsigned random = *(unsigned *)seed;
    for (int round = 0; round < 2000; round++) {
        unsigned char *blocks[16];
        size_t sizes[16];
        for (int i = 0; i < 16; i++) {
            sizes[i] = 1 + (unsigned)rand_r(&random) % 500;
            blocks[i] = mem_get(pages_mem(), sizes[i]);
            memset(blocks[i], i, sizes[i]);
        }
        for (int i = 0; i < 16; i++) {
            if (blocks[i][0] != i || blocks[i][sizes[i] - 1] != i)
                return seed;
            mem_put(pages_mem(), blocks[i], sizes[i]);
        }
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[4];
    unsigned seeds[4] = {1, 2, 3, 4};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_put, &seeds[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *bad;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
}

static _Atomic bool over;

static void *take_until_over(void *none)
{
    while (!over)
        mem_put(pages_mem(), mem_get(pages_mem(), 200), 200);
    return none;
}

static void a_child_forked_while_it_is_in_use_can_use_it(void **state)
{
    (void)state;
    pthread_t thread;
    start_ensure();
    assert_int_equal(pthread_create(&thread, NULL, take_until_over, NULL), 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork(); /* fork.c's handlers take the lock */
        if (child == 0) {
            alarm(20);
            _exit(mem_get(pages_mem(), 200) ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    over = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_every_size_are_apart_and_keep_their_bytes),
        cmocka_unit_test(a_block_keeps_its_bytes_through_every_resize),
        cmocka_unit_test(freed_blocks_are_used_again),
        cmocka_unit_test(the_limit_is_kept_and_exhaustion_gives_null),
        cmocka_unit_test(threads_share_it),
        cmocka_unit_test(a_child_forked_while_it_is_in_use_can_use_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
