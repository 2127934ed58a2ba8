/* The heap profile and the memory statistics from within: this program is linked with the hooks, so that its malloc is
 * the one under test. Where a sanitizer has malloc for itself, the same hooks are compiled under other names
 * and called by those, over the C library's allocator. */

#include "runtime/heap.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/heap_hooks.h"
#include "runtime/heap_stack.h"
#include "runtime/heap_thread.h"
#include "runtime/pages.h"
#include "runtime/poisson.h"
#include "runtime/real.h"
#include "runtime/start.h"
#include "sonde/sonde.h"
#include "testing.h"

void free_sized(void *block, size_t size); /* C23's, which glibc's headers don't have */

#define NOINLINE __attribute__((noinline))

/* Blocks of each test have sizes of their own, by which the profile is searched. */
struct sums {
    int64_t allocs, alloc_bytes, in_use, in_use_bytes;
};

static struct sums sums_of(size_t size)
{
    struct snapshot snapshot;
    struct sums sums = {0};
    snapshot_init(&snapshot, pages_mem());
    assert_true(heap_snapshot(&snapshot));
    for (size_t i = 0; i < snapshot.samples.n; i++) {
        const struct snapshot_sample *sample = &snapshot.samples.at[i];
        if (sample->block_size == (int64_t)size) {
            sums.allocs += sample->values[0];
            sums.alloc_bytes += sample->values[1];
            sums.in_use += sample->values[2];
            sums.in_use_bytes += sample->values[3];
        }
    }
    snapshot_finish(&snapshot);
    return sums;
}

static void check(size_t size, int64_t allocs, int64_t in_use)
{
    struct sums sums = sums_of(size);
    assert_int_equal(sums.allocs, allocs);
    assert_int_equal(sums.alloc_bytes, allocs * (int64_t)size);
    assert_int_equal(sums.in_use, in_use);
    assert_int_equal(sums.in_use_bytes, in_use * (int64_t)size);
}

static int every_block(void **state)
{
    (void)state;
    heap_set_rate(1);
    return 0;
}

static int default_rate(void **state)
{
    (void)state;
    heap_set_rate(heap_default_rate);
    return 0;
}

static void *by_malloc(size_t size)
{
    return malloc(size);
}

static void *by_calloc(size_t size)
{
    unsigned char *block = calloc(1, size);
    assert_int_equal(block[0] | block[size - 1], 0);
    return block;
}

static void *by_realloc(size_t size)
{
    return realloc(NULL, size);
}

static void *by_reallocarray(size_t size)
{
    return reallocarray(NULL, 1, size);
}

static void *by_aligned_alloc(size_t size)
{
    return aligned_alloc(64, size);
}

static void *by_posix_memalign(size_t size)
{
    void *block;
    return posix_memalign(&block, 64, size) == 0 ? block : NULL;
}

static void *by_memalign(size_t size)
{
    return memalign(64, size);
}

static void *by_valloc(size_t size)
{
    return valloc(size);
}

static void *by_pvalloc(size_t size)
{
    return pvalloc(size);
}

static void every_function_is_counted(void **state)
{
    (void)state;
    static void *(*const functions[])(size_t) = {by_malloc,       by_calloc,        by_realloc,
                                                 by_reallocarray, by_aligned_alloc, by_posix_memalign,
                                                 by_memalign,     by_valloc,        by_pvalloc};
    enum { n = sizeof functions / sizeof *functions, blocks = 50 };
    for (size_t i = 0; i < n; i++) {
        void *got[blocks];
        size_t size = 1600 + i * 64;
        for (int k = 0; k < blocks; k++) {
            got[k] = functions[i](size);
            assert_non_null(got[k]);
            assert_true(malloc_usable_size(got[k]) >= size);
            memset(got[k], k, size);
        }
        check(size, blocks, blocks);
        for (int k = 0; k < blocks; k += 2)
            free(got[k]);
        check(size, blocks, blocks / 2);
        for (int k = 1; k < blocks; k += 2)
            free_sized(got[k], size);
        check(size, blocks, 0);
    }
}

static NOINLINE void *allocate_here(size_t size)
{
    void *block = malloc(size);
    __asm__ volatile("" : : "r"(block) : "memory"); /* no tail call */
    return block;
}

static void the_stack_begins_with_the_function_that_allocates(void **state)
{
    (void)state;
    struct snapshot snapshot;
    bool found = false;
    void *block = allocate_here(7331);
    snapshot_init(&snapshot, pages_mem());
    assert_true(heap_snapshot(&snapshot));
    for (size_t i = 0; i < snapshot.samples.n; i++) {
        const struct snapshot_sample *sample = &snapshot.samples.at[i];
        if (sample->block_size != 7331)
            continue;
        const uint64_t *pcs = snapshot.pcs.at + sample->pcs;
        found = true;
        assert_false(sample->leaf_is_exact);
        assert_in_range(pcs[0], (uintptr_t)allocate_here + 1, (uintptr_t)allocate_here + 400);
        assert_true(sample->npcs > 2);
        uintptr_t test = (uintptr_t)the_stack_begins_with_the_function_that_allocates;
        assert_in_range(pcs[1], test + 1, test + 4000);
    }
    assert_true(found);
    snapshot_finish(&snapshot);
    free(block);
}

static void realloc_is_a_free_and_an_allocation(void **state)
{
    (void)state;
    unsigned char *volatile block = malloc(2001);
    memset(block, 7, 2001);
    block = realloc(block, 200003); /* grows, and moves */
    assert_int_equal(block[2000], 7);
    check(2001, 1, 0);
    check(200003, 1, 1);
    block = realloc(block, 2003); /* shrinks */
    check(200003, 1, 0);
    check(2003, 1, 1);
    block = realloc(block, 2003); /* stays */
    check(2003, 2, 1);
    size_t volatile huge = PTRDIFF_MAX;
    errno = 0;
    assert_null(realloc(block, huge));
    assert_int_equal(errno, ENOMEM);
    assert_null(reallocarray(block, huge, 16));
    check(2003, 2, 1); /* it is still there */
    assert_int_equal(block[100], 7);
    assert_null(realloc(block, 0)); /* NOLINT: as most have it, freed */
    check(2003, 2, 0);
}

static void what_fails_is_not_counted_and_errno_is_the_allocators(void **state)
{
    (void)state;
    struct heap_sums before, after;
    size_t volatile huge = PTRDIFF_MAX, overflow = SIZE_MAX / 2;
    void *block = NULL;
    heap_thread_sums(&before);
    errno = 0;
    assert_null(malloc(huge));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(calloc(overflow, 3));
    assert_int_equal(errno, ENOMEM);
    assert_null(aligned_alloc(64, huge));
    assert_int_equal(posix_memalign(&block, 3, 100), EINVAL);
    assert_int_equal(posix_memalign(&block, 64, huge), ENOMEM);
    free(NULL);
    heap_thread_sums(&after);
    assert_int_equal(after.mallocs, before.mallocs);
    assert_int_equal(after.frees, before.frees);
    assert_int_equal(after.bytes, before.bytes);
    errno = 4711;
    block = malloc(100);
    assert_int_equal(errno, 4711);
    free(block);
    assert_int_equal(errno, 4711);
}

static void blocks_of_no_size_count(void **state)
{
    (void)state;
    struct sums before = sums_of(0);
    void *block = malloc(0); /* NOLINT */
    struct sums after = sums_of(0);
    assert_int_equal(after.allocs - before.allocs, 1);
    assert_int_equal(after.in_use - before.in_use, 1);
    free(block);
    assert_int_equal(sums_of(0).in_use, before.in_use);
}

static void *free_it(void *block)
{
    free(block);
    return NULL;
}

static void another_thread_may_free(void **state)
{
    (void)state;
    pthread_t thread;
    void *block = malloc(3001);
    check(3001, 1, 1);
    assert_int_equal(pthread_create(&thread, NULL, free_it, block), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    check(3001, 1, 0);
}

enum { rounds = 3000 };

struct kept {
    void *blocks[10];
};

static void *churn(void *kept)
{
    void **blocks = ((struct kept *)kept)->blocks;
    for (int i = 0; i < rounds; i++) {
        free(blocks[i % 10]);
        blocks[i % 10] = malloc(4001);
    }
    return NULL;
}

static void several_threads_count_exactly(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct kept kept[4] = {0};
    struct heap_sums before, after;
    heap_thread_sums(&before);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &kept[i]), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    heap_thread_sums(&after);
    check(4001, 4 * rounds, 40);
    unsigned class = size_class(4001);
    assert_int_equal(after.by_class[class] - before.by_class[class], 4 * rounds);
    for (int i = 0; i < 40; i++)
        free(kept[i / 10].blocks[i % 10]);
    check(4001, 4 * rounds, 0);
}

static atomic_bool over;

static void *churn_until_over(void *none)
{
    while (!atomic_load(&over))
        free(realloc(malloc(5001), 5003));
    return none;
}

/* What a child does: its own counts are exact, whatever other threads did when it was forked. */
static int use_in_child(void)
{
    signal(SIGALRM, SIG_DFL);
    alarm(30);
    void *blocks[100];
    for (int i = 0; i < 100; i++)
        blocks[i] = malloc(5005);
    struct sums sums = sums_of(5005);
    if (sums.allocs != 100 || sums.in_use != 100)
        return 1;
    for (int i = 0; i < 100; i++)
        free(blocks[i]);
    return sums_of(5005).in_use == 0 ? 0 : 2;
}

static void a_child_forked_in_the_middle_goes_on(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip_with("a sanitizer's allocator does not survive a fork among threads");
#endif
    pthread_t threads[2];
    atomic_store(&over, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn_until_over, NULL), 0);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(use_in_child());
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(sums_of(5001).in_use, 0);
    assert_int_equal(sums_of(5003).in_use, 0);
    check(5005, 0, 0);
}

static void many_blocks_are_found_again(void **state)
{
    (void)state;
    enum { n = 60000 };
    static void *blocks[n];
    uint64_t before = heap_live_count();
    for (int i = 0; i < n; i++)
        blocks[i] = malloc(33);
    check(33, n, n);
    assert_true(heap_live_count() >= before + n);
    for (int i = n - 1; i >= 0; i -= 2)
        free(blocks[i]);
    check(33, n, n / 2);
    for (int i = 0; i < n; i += 2)
        free(blocks[i]);
    check(33, n, 0);
}

static void a_free_that_was_not_seen_is_made_up_for(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip_with("a sanitizer keeps freed addresses back");
#endif
    for (int i = 0; i < 10; i++)
        real.free(malloc(6001));
    struct sums sums = sums_of(6001);
    assert_int_equal(sums.allocs, 10);
    assert_in_range(sums.in_use, 1, 9); /* the allocator gave an address out twice */
}

static void foreign_blocks_are_freed_and_reallocated(void **state)
{
    (void)state;
    free(real.malloc(6003));
    void *block = realloc(real.malloc(6003), 6005);
    check(6003, 0, 0);
    check(6005, 1, 1);
    free(block);
    check(6005, 1, 0);
    for (int i = 0; i < 2; i++)
        real.free(malloc(6007)); /* evens out the counts */
}

static void exhaustion_loses_samples_but_no_blocks(void **state)
{
    (void)state;
    enum { n = 100000, sizes = 500 };
    static void *blocks[n];
    struct snapshot snapshot;
    pages_set_limit(pages_taken());
    for (int i = 0; i < n; i++) {
        blocks[i] = malloc(8001 + (size_t)i % sizes);
        assert_non_null(blocks[i]);
    }
    pages_set_limit(UINT64_MAX);
    snapshot_init(&snapshot, pages_mem());
    assert_true(heap_snapshot(&snapshot));
    assert_true(snapshot.lost > 0);
    int64_t kept = 0;
    for (size_t i = 0; i < snapshot.samples.n; i++)
        if (snapshot.samples.at[i].block_size >= 8001 && snapshot.samples.at[i].block_size < 8001 + sizes)
            kept += snapshot.samples.at[i].values[2];
    assert_int_equal(kept + (int64_t)snapshot.lost, n);
    snapshot_finish(&snapshot);
    for (int i = 0; i < n; i++)
        free(blocks[i]);
    for (int i = 0; i < sizes; i++)
        assert_int_equal(sums_of(8001 + (size_t)i).in_use, 0);
}

static void rate_0_samples_nothing(void **state)
{
    (void)state;
    heap_set_rate(0);
    for (int i = 0; i < 1000; i++)
        free(malloc(65537));
    check(65537, 0, 0);
    heap_set_rate(1);
    void *block = malloc(65537);
    heap_set_rate(0);
    check(65537, 1, 1);
    free(block); /* what was sampled before is still known */
    check(65537, 1, 0);
}

/* How far an estimate from n blocks may be off: five times its standard deviation, which is that of a sum of n weighted
 * Bernoulli trials. Its square, to do without libm. */
static void check_estimate(size_t size, uint64_t rate, int n)
{
    double weight = poisson_weight(size, rate), p = 1 / weight;
    struct sums sums = sums_of(size);
    double error = (double)sums.allocs * weight - n, variance = n * (1 - p) / p;
    assert_true(error * error <= 25 * variance);
    assert_true(sums.allocs < n / 4 + 100 || weight < 4);
}

static void samples_stand_for_what_was_allocated(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate;
        size_t size;
        int n;
    } cases[] = {{4096, 19, 200000},     {4096, 4099, 50000},     {4096, 70001, 500},
                 {524288, 1009, 300000}, {524288, 100003, 20000}, {524288, 3000017, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        heap_set_rate(cases[i].rate);
        heap_seed(12345 + i);
        for (int k = 0; k < cases[i].n; k++)
            free(malloc(cases[i].size));
        check_estimate(cases[i].size, cases[i].rate, cases[i].n);
        assert_int_equal(sums_of(cases[i].size).in_use, 0);
    }
}

/* The hooks alone, with addresses that nobody has: glibc's malloc itself is not for signal handlers. */
static void allocate_nothing_at(uintptr_t address)
{
    void *block = (void *)address;
    if (!heap_admit(11003))
        heap_allocated(block, 11003, __builtin_return_address(0));
    if (!heap_dismiss(block))
        heap_freed(block);
}

static volatile sig_atomic_t interruptions;

static void interrupt(int number)
{
    (void)number;
    for (uintptr_t i = 0; i < 20; i++)
        allocate_nothing_at(0x5000000 + i * 16);
    interruptions++;
}

static void a_signal_handler_may_come_into_the_hooks_at_any_moment(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART}, old;
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct snapshot snapshot;
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (interruptions < 300) {
        for (uintptr_t i = 0; i < 1000; i++)
            allocate_nothing_at(0x6000000 + i * 16);
        for (size_t i = 1; i < 100; i++)
            mem_put(pages_mem(), mem_get(pages_mem(), i * 10), i * 10);
        snapshot_init(&snapshot, pages_mem());
        heap_snapshot(&snapshot);
        snapshot_finish(&snapshot);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    struct sums sums = sums_of(11003);
    assert_true(sums.allocs > 1000);
    assert_in_range(sums.in_use, 0, 1020); /* frees that came at a bad moment are not known */
}

static void whoever_is_called_while_we_hold_locks_may_allocate(void **state)
{
    (void)state;
    signal(SIGALRM, SIG_DFL);
    alarm(20); /* instead of a deadlock */
    struct sums before = sums_of(11003);
    void *block = (void *)(uintptr_t)0x9000000;
    heap_allocated(block, 11003, __builtin_return_address(0));
    heap_fork_prepare(); /* another's fork handlers run in between */
    heap_freed(block);
    for (uintptr_t i = 0; i < 1000; i++)
        allocate_nothing_at(0x8000000 + i * 16);
    heap_fork_parent();
    allocate_nothing_at(0x9000000);
    alarm(0);
    struct sums after = sums_of(11003);
    assert_int_equal(after.allocs, before.allocs + 2);
    assert_int_equal(after.in_use, before.in_use);
}

static void rounded_sizes_are_near(void **state)
{
    (void)state;
    for (uint64_t size = 1; size < 1000000; size = size * 9 / 8 + 1) {
        uint64_t rounded = heap_stack_round(size), off = rounded > size ? rounded - size : size - rounded;
        assert_true(off * 32 <= size);
        assert_int_equal(heap_stack_round(rounded), rounded);
    }
    assert_int_equal(heap_stack_round(31), 31);
    assert_int_equal(heap_stack_round(4096), 4096);
    assert_int_equal(heap_stack_round(4223), 4096);
    assert_int_equal(heap_stack_round(4224), 4352);
}

static void sizes_without_number_take_bounded_memory(void **state)
{
    (void)state;
    uint64_t before = pages_taken();
    int64_t in_use = 0, bytes = 0;
    struct snapshot snapshot;
    for (uintptr_t i = 0; i < 200000; i++)
        heap_allocated((void *)(uintptr_t)0x7000000, 1000000 + i, __builtin_return_address(0));
    assert_true(pages_taken() - before < 64 << 20);
    snapshot_init(&snapshot, pages_mem());
    assert_true(heap_snapshot(&snapshot));
    for (size_t i = 0; i < snapshot.samples.n; i++)
        if (snapshot.samples.at[i].block_size >= 900000) {
            in_use += snapshot.samples.at[i].values[2];
            bytes += snapshot.samples.at[i].values[1];
        }
    assert_true(snapshot.samples.n < heap_stack_exact_most + 2000);
    snapshot_finish(&snapshot);
    assert_in_range(in_use, 1, 100); /* each made up for the free of the one before */
    assert_true(bytes > 200000 * 1000000LL && bytes < 200000 * 1250000LL);
    heap_freed((void *)(uintptr_t)0x7000000);
}

static void rates_are_read_strictly(void **state)
{
    (void)state;
    uint64_t rate = 7;
    assert_true(heap_parse_rate("524288", &rate));
    assert_int_equal(rate, 524288);
    assert_true(heap_parse_rate("0", &rate));
    assert_int_equal(rate, 0);
    assert_true(heap_parse_rate("18446744073709551615", &rate));
    static const char *const bad[] = {"", "x", "1k", "-1", " 1", "1 ", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(heap_parse_rate(bad[i], &rate));
    assert_int_equal(rate, UINT64_MAX);
}

static void *allocate_a_little(void *none)
{
    free(malloc(9001));
    return none;
}

static void short_threads_leave_nothing_behind(void **state)
{
    (void)state;
    enum { threads = 10000 };
    struct heap_sums before, after;
    uint32_t sets = heap_thread_count();
    heap_thread_sums(&before);
    uint64_t taken = 0;
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, allocate_a_little, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        if (i == 100)
            taken = pages_taken();
    }
    heap_thread_sums(&after);
    assert_int_equal(pages_taken(), taken);
    assert_in_range(heap_thread_count(), 1, sets + 2);
    assert_int_equal(after.by_class[size_class(9001)] - before.by_class[size_class(9001)], threads);
    assert_true(after.frees - before.frees >= threads);
}

static void free_at_the_end(void *block)
{
    free(block);
    free(malloc(9003));
}

static pthread_key_t late_keys[4];

static void *leave_blocks_to_destructors(void *none)
{
    for (int i = 0; i < 4; i++)
        pthread_setspecific(late_keys[i], malloc(9005));
    return none;
}

static void what_destructors_do_is_counted(void **state)
{
    (void)state;
    struct heap_sums before, after;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_key_create(&late_keys[i], free_at_the_end), 0);
    heap_set_rate(1);
    heap_thread_sums(&before);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, leave_blocks_to_destructors, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    heap_thread_sums(&after);
    check(9005, 400, 0);
    check(9003, 400, 0);
    unsigned class = size_class(9003);
    assert_int_equal(after.by_class[class] - before.by_class[class], 800);
    for (int i = 0; i < 4; i++)
        pthread_key_delete(late_keys[i]);
}

static void statistics_add_up(void **state)
{
    (void)state;
    struct sonde_memstats a, b;
    static void *blocks[1000];
    heap_set_rate(1);
    assert_int_equal(sonde_read_memstats(&a), 0);
    for (int i = 0; i < 1000; i++)
        blocks[i] = malloc(10000);
    assert_int_equal(sonde_read_memstats(&b), 0);
    assert_in_range(b.mallocs - a.mallocs, 1000, 1050);
    assert_in_range(b.total_alloc - a.total_alloc, 10000000, 10100000);
    assert_int_equal(b.heap_objects, b.mallocs - b.frees);
    assert_int_equal(b.alloc, b.heap_alloc);
    assert_true(b.alloc <= b.total_alloc);
    assert_true(b.heap_inuse - a.heap_inuse >= 9000000);
    assert_int_equal(b.heap_idle, b.heap_sys - b.heap_inuse);
    assert_int_equal(b.sys, b.heap_sys + b.stack_sys + b.other_sys);
    assert_true(b.stack_sys >= b.stack_inuse && b.stack_inuse >= 4096);
    assert_true(b.other_sys > 0);
    uint64_t mallocs = 0;
    for (int i = 0; i < SONDE_SIZE_CLASSES; i++) {
        assert_true(b.by_size[i].frees <= b.by_size[i].mallocs);
        assert_true(i == 0 || b.by_size[i].size > b.by_size[i - 1].size);
        mallocs += b.by_size[i].mallocs;
    }
    assert_true(mallocs <= b.mallocs);
    unsigned class = size_class(10000);
    assert_int_equal(b.by_size[class].size, 10240);
    assert_int_equal(b.by_size[class].mallocs - a.by_size[class].mallocs, 1000);
    assert_int_equal(b.by_size[class].frees, a.by_size[class].frees);
    for (int i = 0; i < 1000; i++)
        free(blocks[i]);
    assert_int_equal(sonde_read_memstats(&a), 0);
    assert_in_range(a.frees - b.frees, 1000, 1050);
    assert_int_equal(a.by_size[class].frees, b.by_size[class].frees + 1000);
    assert_true(a.total_alloc >= b.total_alloc);
}

static void the_sums_never_fall_while_threads_run(void **state)
{
    (void)state;
    pthread_t threads[2];
    struct sonde_memstats last = {0}, now;
    heap_set_rate(4096);
    atomic_store(&over, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn_until_over, NULL), 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(sonde_read_memstats(&now), 0);
        assert_true(now.total_alloc >= last.total_alloc && now.mallocs >= last.mallocs && now.frees >= last.frees);
        assert_true(now.frees <= now.mallocs);
        last = now;
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void size_classes_are_gos(void **state)
{
    (void)state;
    for (size_t size = 0; size <= size_class_largest; size++) {
        unsigned class = size_class(size);
        assert_true(size <= size_class_sizes[class] && (class == 0 || size > size_class_sizes[class - 1]));
    }
    assert_int_equal(size_class(size_class_largest + 1), SONDE_SIZE_CLASSES);
    assert_int_equal(size_class(SIZE_MAX), SONDE_SIZE_CLASSES);
}

#define at_rate_1(test) cmocka_unit_test_setup_teardown(test, every_block, default_rate)

int main(void)
{
    const struct CMUnitTest tests[] = {
        at_rate_1(every_function_is_counted),
        at_rate_1(the_stack_begins_with_the_function_that_allocates),
        at_rate_1(realloc_is_a_free_and_an_allocation),
        at_rate_1(what_fails_is_not_counted_and_errno_is_the_allocators),
        at_rate_1(blocks_of_no_size_count),
        at_rate_1(another_thread_may_free),
        at_rate_1(several_threads_count_exactly),
        at_rate_1(a_child_forked_in_the_middle_goes_on),
        at_rate_1(exhaustion_loses_samples_but_no_blocks),
        at_rate_1(many_blocks_are_found_again),
        at_rate_1(a_free_that_was_not_seen_is_made_up_for),
        at_rate_1(foreign_blocks_are_freed_and_reallocated),
        at_rate_1(rate_0_samples_nothing),
        at_rate_1(samples_stand_for_what_was_allocated),
        at_rate_1(what_destructors_do_is_counted),
        at_rate_1(statistics_add_up),
        at_rate_1(the_sums_never_fall_while_threads_run),
        at_rate_1(short_threads_leave_nothing_behind),
        at_rate_1(a_signal_handler_may_come_into_the_hooks_at_any_moment),
        at_rate_1(whoever_is_called_while_we_hold_locks_may_allocate),
        at_rate_1(sizes_without_number_take_bounded_memory),
        cmocka_unit_test(rounded_sizes_are_near),
        cmocka_unit_test(rates_are_read_strictly),
        cmocka_unit_test(size_classes_are_gos),
    };
    start_ensure();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
