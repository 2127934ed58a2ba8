/* The registry of threads, apart from signals. */
#include "runtime/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/pages.h"
#include "runtime/start.h"
#include "testing.h"

#include "burning.h"

static _Atomic pid_t tid;
static int pipe_ends[2];

static int set_up(void **state)
{
    (void)state;
    start_ensure();
    tid = 0;
    return pipe(pipe_ends);
}

static int tear_down(void **state)
{
    (void)state;
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

static void await_tid(void)
{
    while (tid == 0)
        sched_yield();
}

/* How many known threads have an id; 0: all. */
static int count_known(pid_t id)
{
    sigset_t mask;
    int count = 0;
    threads_lock(&mask);
    for (struct thread *each = threads_next(0); each; each = threads_next(each->index + 1))
        count += id == 0 || each->tid == id;
    threads_unlock(&mask);
    return count;
}

static void *wait_for_byte(void *argument)
{
    char byte;
    tid = (pid_t)syscall(SYS_gettid);
    return read(pipe_ends[0], &byte, 1) == 1 ? argument : NULL;
}

static void threads_are_known_from_beginning_to_end(void **state)
{
    (void)state;
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, pipe_ends), 0);
    await_tid();
    assert_int_equal(count_known(tid), 1);
    assert_int_equal(count_known(getpid()), 1);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, pipe_ends);
    assert_int_equal(count_known(tid), 0);
}

static void *end_by_pthread_exit(void *argument)
{
    tid = (pid_t)syscall(SYS_gettid);
    pthread_exit(argument);
}

static void threads_unregister_however_they_end(void **state)
{
    (void)state;
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, end_by_pthread_exit, pipe_ends), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, pipe_ends);
    assert_int_equal(count_known(tid), 0);
    tid = 0;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, NULL), 0);
    await_tid();
    assert_int_equal(pthread_cancel(thread), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_int_equal(count_known(tid), 0);
}

static _Atomic int late;
static pthread_key_t late_key;

/* A program's own destructor, which runs while the thread is still known. */
static void note_late(void *value)
{
    (void)value;
    late = count_known((pid_t)syscall(SYS_gettid));
}

static void *set_late_key(void *argument)
{
    pthread_setspecific(late_key, argument);
    return NULL;
}

static void the_programs_destructors_run_before_ours(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_key_create(&late_key, note_late), 0);
    assert_int_equal(pthread_create(&thread, NULL, set_late_key, &late), 0);
    pthread_join(thread, NULL);
    assert_int_equal(late, 1);
    pthread_key_delete(late_key);
}

static void *own_thread(void *argument)
{
    char byte;
    tid = (pid_t)syscall(SYS_gettid);
    if (read(pipe_ends[0], &byte, 1) == 1)
        tid = 0;
    return argument;
}

static void threads_of_our_own_do_not_count(void **state)
{
    (void)state;
    uint64_t before = threads_count(), created = threads_created_count();
    assert_int_equal(threads_start_own(own_thread, NULL), 0);
    await_tid();
    assert_int_equal(threads_count(), before);
    assert_int_equal(threads_created_count(), created);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    while (tid != 0)
        sched_yield();
}

static void *short_life(void *argument)
{
    return argument;
}

static __attribute__((noinline)) void create_here(void)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, short_life, NULL), 0);
    pthread_join(thread, NULL);
    __asm__ volatile("");
}

static void threadcreate_counts_the_stacks_of_the_calls(void **state)
{
    (void)state;
    struct snapshot snapshot;
    snapshot_init(&snapshot, pages_mem());
    uint64_t before = threads_created_count();
    for (int i = 0; i < 3; i++)
        create_here();
    assert_int_equal(threads_created_count(), before + 3);
    threadcreate_snapshot(&snapshot);
    assert_int_equal(samples_in(&snapshot, create_here), 3);
    assert_int_equal(samples_in(&snapshot, NULL), before + 3);
    snapshot_finish(&snapshot);
}

static void a_creation_that_fails_says_so_and_does_not_count(void **state)
{
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    uint64_t before = threads_created_count();
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, (size_t)1 << 46), 0);
    assert_int_not_equal(pthread_create(&thread, &attributes, short_life, NULL), 0);
    assert_int_equal(threads_created_count(), before);
    pthread_attr_destroy(&attributes);
}

static _Atomic bool stop;

static void *churn(void *argument)
{
    while (!stop) {
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, short_life, NULL), 0);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
    }
    return argument;
}

static void the_list_stays_whole_while_threads_come_and_go(void **state)
{
    (void)state;
    pthread_t churners[3];
    stop = false;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&churners[i], NULL, churn, NULL), 0);
    for (int i = 0; i < 100; i++) {
        sigset_t mask;
        threads_lock(&mask);
        assert_int_equal(threads_find(), 0);
        threads_unlock(&mask);
        assert_int_equal(count_known(getpid()), 1);
    }
    stop = true;
    for (int i = 0; i < 3; i++)
        pthread_join(churners[i], NULL);
    sigset_t mask;
    threads_lock(&mask);
    assert_int_equal(threads_find(), 0);
    threads_unlock(&mask);
    assert_int_equal(count_known(0), (int)threads_count());
}

static void a_forked_child_knows_one_thread(void **state)
{
    (void)state;
    pthread_t thread;
    int status;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, NULL), 0);
    await_tid();
    pid_t child = fork();
    if (child == 0)
        _exit(count_known(0) == 1 && count_known(getpid()) == 1 && threads_created_count() == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    pthread_join(thread, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(threads_are_known_from_beginning_to_end),        TEST(threads_unregister_however_they_end),
        TEST(the_programs_destructors_run_before_ours),       TEST(threads_of_our_own_do_not_count),
        TEST(threadcreate_counts_the_stacks_of_the_calls),    TEST(a_creation_that_fails_says_so_and_does_not_count),
        TEST(the_list_stays_whole_while_threads_come_and_go), TEST(a_forked_child_knows_one_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
