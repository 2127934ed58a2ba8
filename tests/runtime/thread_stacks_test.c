/* The stacks of threads that run, sleep, block signals, come and go. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/pages.h"
#include "runtime/start.h"
#include "runtime/thread_stacks.h"
#include "runtime/threads.h"
#include "testing.h"

#include "burning.h"

static struct snapshot snapshot;
static struct thread_states states;
static _Atomic bool stop;
static _Atomic pid_t tid;
static int never[2]; /* a pipe that nobody writes to until the end */

static int set_up(void **state)
{
    (void)state;
    start_ensure();
    snapshot_init(&snapshot, pages_mem());
    states = (struct thread_states){.mem = pages_mem()};
    stop = false;
    tid = 0;
    return pipe(never);
}

static int tear_down(void **state)
{
    (void)state;
    snapshot_finish(&snapshot);
    thread_states_finish(&states);
    close(never[0]);
    close(never[1]);
    return 0;
}

static void begin(pthread_t *thread, void *(*routine)(void *), void *argument)
{
    assert_int_equal(pthread_create(thread, NULL, routine, argument), 0);
    while (tid == 0)
        sched_yield();
}

/* Until the thread sleeps. */
static void await_sleep(void)
{
    struct task task;
    while (task_read(tid, &task) && task.state != 'S')
        usleep(1000);
}

static void end(pthread_t thread)
{
    stop = true;
    assert_int_equal(write(never[1], "x", 1), 1);
    pthread_join(thread, NULL);
}

static const struct snapshot_sample *sample_of(pid_t id)
{
    for (size_t i = 0; i < snapshot.samples.n; i++)
        if (snapshot.samples.at[i].tid == id)
            return &snapshot.samples.at[i];
    return NULL;
}

static const struct thread_state *state_of(pid_t id)
{
    for (size_t i = 0; i < states.of.n; i++)
        if (states.of.at[i].tid == id)
            return &states.of.at[i];
    return NULL;
}

static void take(void)
{
    assert_int_equal(threads_snapshot(&snapshot, &states), 0);
    assert_int_equal(snapshot.samples.n, states.of.n);
}

static __attribute__((noinline)) void *run_always(void *argument)
{
    tid = (pid_t)syscall(SYS_gettid);
    while (!stop)
        atomic_fetch_add_explicit(&burning_sink, 1, memory_order_relaxed);
    return argument;
}

static void a_running_thread_shows_its_stack(void **state)
{
    (void)state;
    pthread_t thread;
    begin(&thread, run_always, NULL);
    take();
    const struct snapshot_sample *sample = sample_of(tid);
    assert_non_null(sample);
    assert_true(sample_has(&snapshot, sample, run_always));
    assert_true(sample->leaf_is_exact);
    assert_false(sample->truncated);
    assert_int_equal(sample->values[0], 1);
    assert_string_equal(state_of(tid)->activity, "running");
    assert_non_null(sample_of(getpid()));
    assert_int_equal(snapshot.samples.n, 2);
    assert_int_equal(snapshot.lost, 0);
    end(thread);
}

static __attribute__((noinline)) void *read_never(void *argument)
{
    char byte;
    prctl(PR_SET_NAME, "reader");
    tid = (pid_t)syscall(SYS_gettid);
    *(long *)argument = read(never[0], &byte, 1);
    return argument;
}

static void a_thread_asleep_in_a_call_shows_its_stack_and_sleeps_on(void **state)
{
    (void)state;
    pthread_t thread;
    long result = 0;
    begin(&thread, read_never, &result);
    await_sleep();
    take();
    const struct snapshot_sample *sample = sample_of(tid);
    assert_non_null(sample);
    assert_true(sample_has(&snapshot, sample, read_never));
    assert_string_equal(state_of(tid)->activity, "syscall");
    assert_string_equal(state_of(tid)->name, "reader");
    end(thread);
    assert_int_equal(result, 1);
}

static __attribute__((noinline)) void *poll_never(void *argument)
{
    struct pollfd input = {.fd = never[0], .events = POLLIN};
    tid = (pid_t)syscall(SYS_gettid);
    int result = poll(&input, 1, 60000);
    *(long *)argument = result < 0 ? -errno : result;
    return argument;
}

static void a_call_that_a_signal_would_cut_short_is_not_disturbed(void **state)
{
    (void)state;
    pthread_t thread;
    long result = 0;
    begin(&thread, poll_never, &result);
    await_sleep();
    for (int i = 0; i < 50; i++) {
        snapshot.samples.n = snapshot.pcs.n = states.of.n = 0;
        take();
        const struct snapshot_sample *sample = sample_of(tid);
        assert_non_null(sample);
        assert_true(sample_has(&snapshot, sample, poll_never));
        assert_false(sample->truncated);
        assert_string_equal(state_of(tid)->activity, "IO wait");
    }
    end(thread);
    assert_int_equal(result, 1);
}

static __attribute__((noinline)) long poll_below(int left, int *fds)
{
    struct pollfd input = {.fd = fds[0], .events = POLLIN};
    long result = left > 0 ? poll_below(left - 1, fds) : poll(&input, 1, 60000);
    __asm__ volatile("" : "+r"(result)); /* no tail call, no loop */
    return result;
}

static __attribute__((noinline)) void *poll_deeply(void *argument)
{
    tid = (pid_t)syscall(SYS_gettid);
    *(long *)argument = poll_below(5, never);
    return argument;
}

/* This program keeps frame pointers and poll does not save its caller's. */
static void frame_pointers_that_are_not_known_are_found_again(void **state)
{
    (void)state;
    pthread_t thread;
    long result = 0;
    begin(&thread, poll_deeply, &result);
    await_sleep();
    take();
    const struct snapshot_sample *sample = sample_of(tid);
    assert_non_null(sample);
    int below = 0;
    for (uint32_t i = 0; i < sample->npcs; i++) {
        struct symbol symbol;
        below += symbols_find(snapshot.pcs.at[sample->pcs + i] - 1, &symbol) &&
                 symbol.start == (uint64_t)(uintptr_t)poll_below;
    }
    assert_int_equal(below, 6);
    assert_true(sample_has(&snapshot, sample, poll_deeply));
    assert_false(sample->truncated);
    end(thread);
    assert_int_equal(result, 1);
}

static __attribute__((noinline)) void *sleep_with_signals_blocked(void *argument)
{
    sigset_t all;
    char byte;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    tid = (pid_t)syscall(SYS_gettid);
    *(long *)argument = read(never[0], &byte, 1);
    return argument;
}

static void a_thread_that_blocks_signals_is_read_from_outside(void **state)
{
    (void)state;
    pthread_t thread;
    long result = 0;
    begin(&thread, sleep_with_signals_blocked, &result);
    await_sleep();
    take();
    const struct snapshot_sample *sample = sample_of(tid);
    assert_non_null(sample);
    assert_true(sample->npcs > 1);
    end(thread);
}

static __attribute__((noinline)) void *run_with_signals_blocked(void *argument)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    tid = (pid_t)syscall(SYS_gettid);
    while (!stop)
        atomic_fetch_add_explicit(&burning_sink, 1, memory_order_relaxed);
    return argument;
}

static void a_thread_that_runs_and_blocks_signals_is_counted_as_lost(void **state)
{
    (void)state;
    pthread_t thread;
    begin(&thread, run_with_signals_blocked, NULL);
    take();
    const struct snapshot_sample *sample = sample_of(tid);
    assert_non_null(sample);
    assert_int_equal(sample->npcs, 0);
    assert_true(sample->truncated);
    assert_int_equal(snapshot.lost, 1);
    end(thread);
}

static void the_time_that_a_thread_has_slept_is_known_from_the_snapshot_before(void **state)
{
    (void)state;
    pthread_t thread;
    long result = 0;
    begin(&thread, read_never, &result);
    await_sleep();
    take();
    assert_int_equal(state_of(tid)->wait_seconds, 0);
    usleep(1200000);
    states.of.n = snapshot.samples.n = snapshot.pcs.n = 0;
    take();
    assert_true(state_of(tid)->wait_seconds >= 1);
    end(thread);
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    int result = ENOMEM;
    for (size_t successes = 0; successes < 10 && result == ENOMEM; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct snapshot poor;
        struct thread_states poor_states = {.mem = &failing.mem};
        snapshot_init(&poor, &failing.mem);
        result = threads_snapshot(&poor, &poor_states);
        assert_true(result == 0 || (result == ENOMEM && poor.failed));
        snapshot_finish(&poor);
        thread_states_finish(&poor_states);
    }
    assert_int_equal(result, 0);
}

static void *own_thread(void *argument)
{
    char byte;
    tid = (pid_t)syscall(SYS_gettid);
    *(long *)argument = read(never[0], &byte, 1);
    tid = 0;
    return NULL;
}

static void threads_of_our_own_do_not_show(void **state)
{
    (void)state;
    static long result;
    assert_int_equal(threads_start_own(own_thread, &result), 0);
    while (tid == 0)
        sched_yield();
    take();
    assert_null(sample_of(tid));
    assert_int_equal(write(never[1], "x", 1), 1);
    while (tid != 0)
        sched_yield();
}

static void *short_life(void *argument)
{
    return argument;
}

static void *churn_threads(void *argument)
{
    while (!stop) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++)
            if (pthread_create(&threads[i], NULL, short_life, NULL) != 0)
                threads[i] = 0;
        for (int i = 0; i < 8; i++)
            if (threads[i])
                pthread_join(threads[i], NULL);
    }
    return argument;
}

static void snapshots_are_taken_while_threads_come_and_go(void **state)
{
    (void)state;
    pthread_t churner;
    assert_int_equal(pthread_create(&churner, NULL, churn_threads, NULL), 0);
    for (int i = 0; i < 200; i++) {
        snapshot.samples.n = snapshot.pcs.n = states.of.n = 0;
        take();
        assert_non_null(sample_of(getpid()));
    }
    stop = true;
    pthread_join(churner, NULL);
}

static void *wait_for_stop(void *argument)
{
    char byte;
    return read(never[0], &byte, 0) == 0 && read(never[0], &byte, 1) == 1 ? argument : NULL;
}

static void more_threads_than_one_batch_are_all_there(void **state)
{
    (void)state;
    enum { threads = 150 };
    pthread_t ids[threads];
    for (int i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, wait_for_stop, NULL), 0);
    while (threads_count() < threads + 1)
        sched_yield();
    take();
    assert_int_equal(snapshot.samples.n, threads + 1);
    assert_int_equal(threads_count(), threads + 1);
    char bytes[threads] = {0};
    assert_int_equal(write(never[1], bytes, threads), threads);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
}

static void a_forked_child_has_one_thread(void **state)
{
    (void)state;
    pthread_t thread;
    int status;
    begin(&thread, run_always, NULL);
    pid_t child = fork();
    if (child == 0) {
        bool one = threads_snapshot(&snapshot, &states) == 0 && snapshot.samples.n == 1 &&
                   snapshot.samples.at[0].tid == getpid() && threads_count() == 1;
        pthread_t own;
        bool more = pthread_create(&own, NULL, short_life, NULL) == 0 && pthread_join(own, NULL) == 0;
        _exit(one && more ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    end(thread);
}

static void without_proc_threads_are_counted_and_left_in_peace(void **state)
{
    (void)state;
    enum { cannot = 2 };
    int status;
    char folder[] = "/tmp/sonde-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        static long result;
        if (chroot(folder) != 0)
            _exit(cannot);
        begin(&thread, poll_never, &result);
        usleep(20000);
        bool taken = threads_snapshot(&snapshot, &states) == 0 && snapshot.samples.n == 2 && snapshot.lost == 1;
        const struct snapshot_sample *self = sample_of(getpid()), *other = sample_of(tid);
        bool right = taken && self && self->npcs > 1 && other && other->npcs == 0 && threads_count() == 2;
        end(thread);
        _exit(right && result == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    rmdir(folder);
    if (WIFEXITED(status) && WEXITSTATUS(status) == cannot)
        skip_with("only root may change the root folder");
    assert_int_equal(status, 0);
}

int main(void)
{
    if (skips_under_thread_sanitizer())
        return 0;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_running_thread_shows_its_stack),
        TEST(a_thread_asleep_in_a_call_shows_its_stack_and_sleeps_on),
        TEST(a_call_that_a_signal_would_cut_short_is_not_disturbed),
        TEST(frame_pointers_that_are_not_known_are_found_again),
        TEST(a_thread_that_blocks_signals_is_read_from_outside),
        TEST(a_thread_that_runs_and_blocks_signals_is_counted_as_lost),
        TEST(the_time_that_a_thread_has_slept_is_known_from_the_snapshot_before),
        TEST(memory_that_runs_out_is_told),
        TEST(threads_of_our_own_do_not_show),
        TEST(snapshots_are_taken_while_threads_come_and_go),
        TEST(more_threads_than_one_batch_are_all_there),
        TEST(a_forked_child_has_one_thread),
        TEST(without_proc_threads_are_counted_and_left_in_peace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
