/* CPU profiles of work with a known split. The bounds are so wide that only a wrong result leaves them: shares are
 * compared, of some hundreds of samples, never times. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/cpu.h"
#include "runtime/pages.h"
#include "runtime/start.h"
#include "testing.h"

#include "burning.h"

enum { hz = 250 };

static struct snapshot snapshot;

static int set_up(void **state)
{
    (void)state;
    start_ensure();
    snapshot_init(&snapshot, pages_mem());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const struct itimerval never = {{0, 0}, {0, 0}};
    cpu_stop(&snapshot);
    snapshot_finish(&snapshot);
    setitimer(ITIMER_PROF, &never, NULL);
    signal(SIGPROF, SIG_DFL);
    return 0;
}

#define assert_between(value, low, high)                                                                               \
    do {                                                                                                               \
        double value_ = (double)(value);                                                                               \
        if (!(value_ >= (low) && value_ <= (high)))                                                                    \
            fail_msg("%s is %g, not from %g to %g", #value, value_, (double)(low), (double)(high));                    \
    } while (0)

static __attribute__((noinline)) void burn_much(void)
{
    burn(600);
    __asm__ volatile("");
}

static __attribute__((noinline)) void burn_little(void)
{
    burn(200);
    __asm__ volatile("");
}

static void samples_fall_where_the_time_was_spent(void **state)
{
    (void)state;
    int64_t began = burning_clock(CLOCK_THREAD_CPUTIME_ID);
    assert_int_equal(cpu_start(hz), 0);
    burn_much();
    burn_little();
    assert_int_equal(cpu_stop(&snapshot), 0);
    double expected = (double)(burning_clock(CLOCK_THREAD_CPUTIME_ID) - began) * hz / 1e9;
    double much = (double)samples_in(&snapshot, burn_much), little = (double)samples_in(&snapshot, burn_little);
    assert_between(much / (much + little), 0.6, 0.9);
    assert_between((double)samples_in(&snapshot, NULL) / expected, 0.8, 1.2);
    assert_int_equal(snapshot.period, 1000000000 / hz);
    assert_true(snapshot.time_nanos > 0 && snapshot.duration_nanos > 0);
    assert_between(snapshot.lost, 0, 0.2 * expected); /* what the last tick did not show, on a machine that is late */
    for (size_t i = 0; i < snapshot.samples.n; i++) {
        const struct snapshot_sample *sample = &snapshot.samples.at[i];
        assert_true(sample->leaf_is_exact);
        assert_int_equal(sample->values[1], sample->values[0] * snapshot.period);
    }
}

static __attribute__((noinline)) void *burn_in_thread(void *argument)
{
    burn(300);
    return argument;
}

static __attribute__((noinline)) void *burn_more_in_thread(void *argument)
{
    burn(600);
    return argument;
}

static void threads_have_their_shares_whenever_they_began(void **state)
{
    (void)state;
    pthread_t before, during;
    assert_int_equal(pthread_create(&before, NULL, burn_in_thread, NULL), 0);
    assert_int_equal(cpu_start(hz), 0);
    assert_int_equal(pthread_create(&during, NULL, burn_more_in_thread, NULL), 0);
    pthread_join(before, NULL);
    pthread_join(during, NULL);
    assert_int_equal(cpu_stop(&snapshot), 0);
    double one = (double)samples_in(&snapshot, burn_in_thread),
           two = (double)samples_in(&snapshot, burn_more_in_thread);
    assert_between(one / (one + two), 0.2, 0.45);
}

static __attribute__((noinline)) void *burn_shortly(void *argument)
{
    burn(2);
    return argument;
}

static void threads_shorter_than_a_period_have_their_share(void **state)
{
    (void)state;
    enum { threads = 200 };
    int64_t began = burning_clock(CLOCK_PROCESS_CPUTIME_ID);
    assert_int_equal(cpu_start(100), 0);
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, burn_shortly, NULL), 0);
        pthread_join(thread, NULL);
    }
    double used = (double)(burning_clock(CLOCK_PROCESS_CPUTIME_ID) - began);
    assert_int_equal(cpu_stop(&snapshot), 0);
    double expected = (double)threads * 2e6 * 100 / 1e9; /* 40; a Poisson-like count of it */
    assert_between(samples_in(&snapshot, burn_shortly), 0.4 * expected, 2.5 * used * 100 / 1e9);
}

static void overruns_count(void **state)
{
    (void)state;
    int64_t began = burning_clock(CLOCK_THREAD_CPUTIME_ID);
    assert_int_equal(cpu_start(cpu_most_hz), 0); /* more than the kernel's ticks on most machines */
    burn(400);
    double expected = (double)(burning_clock(CLOCK_THREAD_CPUTIME_ID) - began) * cpu_most_hz / 1e9;
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_between((double)samples_in(&snapshot, NULL) / expected, 0.8, 1.2);
}

static void *burn_with_signals_blocked(void *argument)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    burn(400);
    atomic_store((_Atomic int *)argument, 1);
    while (atomic_load((_Atomic int *)argument) == 1)
        usleep(1000);
    return NULL;
}

static void time_of_threads_that_block_the_signal_is_counted_as_lost(void **state)
{
    (void)state;
    _Atomic int phase = 0;
    pthread_t thread;
    assert_int_equal(cpu_start(hz), 0);
    assert_int_equal(pthread_create(&thread, NULL, burn_with_signals_blocked, &phase), 0);
    while (atomic_load(&phase) == 0)
        usleep(1000);
    assert_int_equal(cpu_stop(&snapshot), 0);
    atomic_store(&phase, 2);
    pthread_join(thread, NULL);
    assert_between((double)snapshot.lost / (0.4 * hz), 0.7, 1.5);
}

static void a_second_start_is_refused_and_a_stop_without_start_does_nothing(void **state)
{
    (void)state;
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_int_equal(snapshot.samples.n, 0);
    assert_int_equal(cpu_start(0), 0);
    assert_int_equal(cpu_start(0), EBUSY);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_int_equal(snapshot.period, 1000000000 / cpu_default_hz);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_int_equal(cpu_start(0), 0);
}

static void rates_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    assert_int_equal(cpu_set_rate(-1), EINVAL);
    assert_int_equal(cpu_set_rate(cpu_most_hz + 1), EINVAL);
    assert_int_equal(cpu_start(cpu_most_hz + 1), EINVAL);
    assert_int_equal(cpu_set_rate(500), 0);
    assert_int_equal(cpu_start(0), 0);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_int_equal(snapshot.period, 2000000);
    assert_int_equal(cpu_set_rate(0), 0);
}

static void without_memory_a_start_is_refused_and_the_next_one_works(void **state)
{
    (void)state;
    pages_set_limit(pages_taken());
    assert_int_equal(cpu_start(hz), ENOMEM);
    pages_set_limit(UINT64_MAX);
    assert_int_equal(cpu_start(hz), 0);
    burn(200);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(snapshot.samples.n > 0);
}

static void a_profile_that_finds_no_memory_says_so_and_ends_all_the_same(void **state)
{
    (void)state;
    for (size_t successes = 0; successes < 2; successes++) {
        struct failing_mem failing = failing_mem(successes);
        struct snapshot poor;
        snapshot_init(&poor, &failing.mem);
        assert_int_equal(cpu_start(hz), 0);
        burn(200);
        assert_int_equal(cpu_stop(&poor), ENOMEM);
        assert_true(poor.failed);
        snapshot_finish(&poor);
    }
    assert_int_equal(cpu_start(hz), 0);
}

/* --- The program's own SIGPROF -------------------------------------------------------------------------------------
 */

static _Atomic int own_signals;

static void count_signal(int number)
{
    own_signals += number == SIGPROF;
}

static void the_programs_own_handler_is_called_and_comes_back(void **state)
{
    (void)state;
    struct sigaction own = {.sa_handler = count_signal, .sa_flags = SA_RESTART}, seen;
    own_signals = 0;
    assert_int_equal(sigaction(SIGPROF, &own, NULL), 0);
    assert_int_equal(cpu_start(hz), 0);
    assert_int_equal(sigaction(SIGPROF, NULL, &seen), 0);
    assert_true(seen.sa_handler == count_signal);
    raise(SIGPROF);
    assert_int_equal(own_signals, 1);
    burn(200);
    assert_int_equal(own_signals, 1); /* samples are not its business */
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, NULL) > 0);
    assert_int_equal(sigaction(SIGPROF, NULL, &seen), 0);
    assert_true(seen.sa_handler == count_signal);
    raise(SIGPROF);
    assert_int_equal(own_signals, 2);
    signal(SIGPROF, SIG_DFL);
}

static void a_handler_set_during_a_profile_gets_the_programs_signals_only(void **state)
{
    (void)state;
    own_signals = 0;
    assert_int_equal(cpu_start(hz), 0);
    assert_true(signal(SIGPROF, count_signal) == SIG_DFL);
    raise(SIGPROF);
    burn(200);
    assert_int_equal(own_signals, 1);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, NULL) > 0);
    assert_true(signal(SIGPROF, SIG_DFL) == count_signal);
}

static void an_interval_timer_of_the_program_goes_on(void **state)
{
    (void)state;
    struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
    own_signals = 0;
    signal(SIGPROF, count_signal);
    assert_int_equal(setitimer(ITIMER_PROF, &often, NULL), 0);
    assert_int_equal(cpu_start(hz), 0);
    burn(300);
    assert_int_equal(cpu_stop(&snapshot), 0);
    setitimer(ITIMER_PROF, &never, NULL);
    assert_true(own_signals > 0);
    assert_between((double)samples_in(&snapshot, NULL) / (0.3 * hz), 0.6, 1.6);
    signal(SIGPROF, SIG_DFL);
}

static void a_signal_that_nobody_handles_still_ends_the_program(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        cpu_start(hz);
        kill(getpid(), SIGPROF);
        pause();
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF);
}

static void an_ignored_signal_stays_ignored(void **state)
{
    (void)state;
    signal(SIGPROF, SIG_IGN);
    assert_int_equal(cpu_start(hz), 0);
    raise(SIGPROF);
    burn(200);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, NULL) > 0);
    assert_true(signal(SIGPROF, SIG_DFL) == SIG_IGN);
}

/* --- Storms --------------------------------------------------------------------------------------------------------
 */

static _Atomic bool stop_churning;

static void *short_life(void *argument)
{
    return argument;
}

static void *churn_threads(void *argument)
{
    while (!stop_churning) {
        pthread_t threads[4];
        for (int i = 0; i < 4; i++)
            if (pthread_create(&threads[i], NULL, short_life, NULL) != 0)
                threads[i] = 0;
        for (int i = 0; i < 4; i++)
            if (threads[i])
                pthread_join(threads[i], NULL);
    }
    return argument;
}

static void a_thousand_starts_and_stops_while_threads_come_and_go(void **state)
{
    (void)state;
    pthread_t churner;
    stop_churning = false;
    assert_int_equal(pthread_create(&churner, NULL, churn_threads, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(cpu_start(cpu_most_hz), 0);
        assert_int_equal(cpu_stop(&snapshot), 0);
    }
    stop_churning = true;
    pthread_join(churner, NULL);
}

static void fork_during_a_profile_leaves_the_child_without_one(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(cpu_most_hz), 0);
    for (int i = 0; i < 8; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct snapshot own;
            struct sigaction seen;
            snapshot_init(&own, pages_mem());
            burn(5);
            bool clean = sigaction(SIGPROF, NULL, &seen) == 0 && seen.sa_handler == SIG_DFL;
            bool none = cpu_stop(&own) == 0 && own.samples.n == 0;
            bool anew = cpu_start(cpu_most_hz) == 0;
            burn(200);
            bool taken = cpu_stop(&own) == 0 && own.samples.n > 0;
            _exit((clean ? 0 : 1) + (none ? 0 : 2) + (anew ? 0 : 4) + (taken ? 0 : 8));
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    burn(200);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, NULL) > 0);
}

static void exec_during_a_profile_does_not_kill_the_new_program(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            sigset_t all;
            sigfillset(&all);
            cpu_start(cpu_most_hz);
            sigprocmask(SIG_BLOCK, &all, NULL);
            burn(10); /* the signal is pending now */
            execl("/proc/self/exe", "test", "unblock", (char *)NULL);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
}

static void libraries_may_come_and_go_during_a_profile(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(cpu_most_hz), 0);
    for (int i = 0; i < 50; i++) {
        void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
        burn(2);
        if (library)
            dlclose(library);
    }
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, NULL) > 20);
}

static void *send_many(void *argument)
{
    pthread_t target = *(pthread_t *)argument;
    while (!stop_churning)
        pthread_kill(target, SIGUSR1);
    return NULL;
}

static void a_program_full_of_signals_is_sampled(void **state)
{
    (void)state;
    struct sigaction own = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    pthread_t sender, self = pthread_self();
    sigaction(SIGUSR1, &own, NULL);
    stop_churning = false;
    assert_int_equal(cpu_start(hz), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_many, &self), 0);
    burn_little();
    stop_churning = true;
    pthread_join(sender, NULL);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_true(samples_in(&snapshot, burn_little) > 20);
}

static void a_handler_stack_that_is_too_small_costs_the_sample(void **state)
{
    (void)state;
    static char small[16384];
    size_t least = (size_t)sysconf(_SC_MINSIGSTKSZ) + 1024;
    stack_t own = {.ss_sp = small + sizeof small - least, .ss_size = least}, none = {.ss_flags = SS_DISABLE};
    memset(small, 0x55, sizeof small);
    assert_true(least < sizeof small);
    assert_int_equal(sigaltstack(&own, NULL), 0);
    assert_int_equal(cpu_start(hz), 0);
    burn(200);
    assert_int_equal(cpu_stop(&snapshot), 0);
    assert_int_equal(sigaltstack(&none, NULL), 0);
    assert_true(snapshot.lost + (uint64_t)samples_in(&snapshot, NULL) > 20);
    for (size_t i = 0; i < sizeof small - least; i++)
        assert_int_equal(small[i], 0x55);
}

static void threads_that_get_no_timer_are_counted_as_lost(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit nothing = {0, 0};
        if (setrlimit(RLIMIT_SIGPENDING, &nothing) != 0)
            _exit(1);
        cpu_start(hz);
        burn(200);
        _exit(cpu_stop(&snapshot) == 0 && snapshot.samples.n == 0 && snapshot.lost > 20 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void errno_is_kept(void **state)
{
    (void)state;
    assert_int_equal(cpu_start(cpu_most_hz), 0);
    errno = 1234;
    for (int i = 0; i < 20; i++) {
        burn(5);
        assert_int_equal(errno, 1234);
    }
    assert_int_equal(cpu_stop(&snapshot), 0);
}

/* What exec runs. */
static int unblock(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 7;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "unblock") == 0)
        return unblock();
    if (skips_under_thread_sanitizer())
        return 0;
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(samples_fall_where_the_time_was_spent),
        TEST(threads_have_their_shares_whenever_they_began),
        TEST(threads_shorter_than_a_period_have_their_share),
        TEST(overruns_count),
        TEST(time_of_threads_that_block_the_signal_is_counted_as_lost),
        TEST(a_second_start_is_refused_and_a_stop_without_start_does_nothing),
        TEST(rates_beyond_the_limits_are_refused),
        TEST(without_memory_a_start_is_refused_and_the_next_one_works),
        TEST(a_profile_that_finds_no_memory_says_so_and_ends_all_the_same),
        TEST(the_programs_own_handler_is_called_and_comes_back),
        TEST(a_handler_set_during_a_profile_gets_the_programs_signals_only),
        TEST(an_interval_timer_of_the_program_goes_on),
        TEST(a_signal_that_nobody_handles_still_ends_the_program),
        TEST(an_ignored_signal_stays_ignored),
        TEST(a_thousand_starts_and_stops_while_threads_come_and_go),
        TEST(fork_during_a_profile_leaves_the_child_without_one),
        TEST(exec_during_a_profile_does_not_kill_the_new_program),
        TEST(libraries_may_come_and_go_during_a_profile),
        TEST(a_program_full_of_signals_is_sampled),
        TEST(a_handler_stack_that_is_too_small_costs_the_sample),
        TEST(threads_that_get_no_timer_are_counted_as_lost),
        TEST(errno_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
