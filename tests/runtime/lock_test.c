#include "runtime/lock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing.h"

static struct lock lock;
static long counter;

static void *count(void *none)
{
    for (int i = 0; i < 50000; i++) {
        lock_take(&lock, lock_rank_pages);
        counter++;
        lock_give(&lock, lock_rank_pages);
    }
    return none;
}

static void one_thread_at_a_time_is_inside(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(counter, 200000);
    assert_int_equal(lock.state, 0);
}

static void a_held_lock_is_not_taken_again(void **state)
{
    (void)state;
    errno = 77;
    assert_true(lock_try(&lock, lock_rank_pages));
    assert_false(lock_try(&lock, lock_rank_pages));
    lock_give(&lock, lock_rank_pages);
    assert_true(lock_try(&lock, lock_rank_pages));
    lock_give(&lock, lock_rank_pages);
    assert_int_equal(errno, 77);
}

#ifdef SONDE_CHECK_LOCKS
static void the_wrong_order_is_caught(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct lock other = {0};
        signal(SIGILL, SIG_DFL);
        lock_take(&lock, lock_rank_pages);
        lock_take(&other, lock_rank_threads);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_at_a_time_is_inside),
        cmocka_unit_test(a_held_lock_is_not_taken_again),
#ifdef SONDE_CHECK_LOCKS
        cmocka_unit_test(the_wrong_order_is_caught),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
