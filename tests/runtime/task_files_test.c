#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "runtime/task_files.h"
#include "testing.h"

struct sleeper {
    pthread_t id;
    _Atomic pid_t tid;
    int wait[2];
    bool blocked;
};

static void *sleep_in_read(void *argument)
{
    struct sleeper *sleeper = argument;
    char byte;
    prctl(PR_SET_NAME, "a) R (name");
    if (sleeper->blocked) {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
    }
    atomic_store(&sleeper->tid, (pid_t)syscall(SYS_gettid));
    return syscall(SYS_read, sleeper->wait[0], &byte, 1) == 1 ? sleeper : NULL;
}

static void start(struct sleeper *sleeper)
{
    assert_int_equal(pipe(sleeper->wait), 0);
    assert_int_equal(pthread_create(&sleeper->id, NULL, sleep_in_read, sleeper), 0);
    while (atomic_load(&sleeper->tid) == 0)
        sched_yield();
}

static void end(struct sleeper *sleeper)
{
    assert_int_equal(write(sleeper->wait[1], "x", 1), 1);
    pthread_join(sleeper->id, NULL);
    close(sleeper->wait[0]);
    close(sleeper->wait[1]);
}

/* Reads until the thread sleeps in its call. */
static void read_asleep(const struct sleeper *sleeper, struct task *task)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000; i++) {
        assert_true(task_read(sleeper->tid, task));
        if (task->in_call && task->call == SYS_read)
            return;
        nanosleep(&pause, NULL);
    }
    fail_msg("the thread is not seen in its call");
}

struct search {
    pid_t tid;
    int found, seen;
};

static bool look(void *context, pid_t tid)
{
    struct search *search = context;
    search->seen++;
    search->found += tid == search->tid;
    return true;
}

static void the_list_holds_each_thread_once(void **state)
{
    (void)state;
    struct sleeper sleeper = {0};
    start(&sleeper);
    struct search other = {.tid = sleeper.tid}, self = {.tid = getpid()};
    assert_int_equal(task_list(look, &other), 0);
    assert_int_equal(task_list(look, &self), 0);
    assert_int_equal(other.found, 1);
    assert_int_equal(self.found, 1);
    assert_true(self.seen >= 2);
    end(&sleeper);
}

static bool stop_at_once(void *context, pid_t tid)
{
    (void)tid;
    ++*(int *)context;
    return false;
}

static void the_list_ends_when_its_visitor_says_so(void **state)
{
    (void)state;
    struct sleeper sleeper = {0};
    int visits = 0;
    start(&sleeper);
    assert_int_equal(task_list(stop_at_once, &visits), 0);
    assert_int_equal(visits, 1);
    end(&sleeper);
}

static void a_sleeping_thread_tells_its_call_its_name_and_its_mask(void **state)
{
    (void)state;
    struct sleeper sleeper = {.blocked = true};
    struct task task;
    start(&sleeper);
    read_asleep(&sleeper, &task);
    assert_string_equal(task.name, "a) R (name");
    assert_int_equal(task.state, 'S');
    assert_int_equal(task.arguments[0], sleeper.wait[0]);
    assert_int_equal(task.arguments[2], 1);
    assert_true(task.pc != 0 && task.sp != 0);
    assert_true(task.blocks_sigprof);
    assert_string_equal(task_activity(&task), "syscall");
    assert_false(task_call_is_cut_short(&task));
    end(&sleeper);
}

static void the_running_thread_is_running(void **state)
{
    (void)state;
    struct task task;
    assert_true(task_read(getpid(), &task));
    assert_int_equal(task.state, 'R');
    assert_false(task.blocks_sigprof);
    assert_string_equal(task_activity(&task), "running");
}

static void a_thread_that_is_not_there_is_not_read(void **state)
{
    (void)state;
    struct task task;
    assert_false(task_read(0x7fffffff, &task));
}

static void a_thread_that_slept_all_the_time_has_not_switched(void **state)
{
    (void)state;
    struct sleeper sleeper = {0};
    const struct timespec pause = {.tv_nsec = 5000000};
    struct task task, later;
    start(&sleeper);
    read_asleep(&sleeper, &task);
    nanosleep(&pause, NULL);
    assert_true(task_read(sleeper.tid, &later));
    assert_true(task.switches > 0);
    assert_int_equal(task.switches, later.switches);
    assert_true(task_read(getpid(), &task));
    nanosleep(&pause, NULL);
    assert_true(task_read(getpid(), &later));
    assert_true(later.switches > task.switches);
    end(&sleeper);
}

static void calls_that_a_signal_would_cut_short_are_known(void **state)
{
    (void)state;
    struct task task = {.in_call = true, .call = SYS_nanosleep};
    assert_true(task_call_is_cut_short(&task));
    task.call = SYS_epoll_wait;
    assert_true(task_call_is_cut_short(&task));
    assert_string_equal(task_activity(&task), "IO wait");
    task.call = SYS_wait4;
    assert_false(task_call_is_cut_short(&task));
    task = (struct task){.in_call = true, .call = SYS_futex, .arguments = {0, FUTEX_WAIT_PRIVATE, 1, 0}};
    assert_false(task_call_is_cut_short(&task));
    assert_string_equal(task_activity(&task), "semacquire");
    task.arguments[3] = 0x1000;
    assert_true(task_call_is_cut_short(&task));
    task.in_call = false;
    assert_false(task_call_is_cut_short(&task));
}

static void a_socket_with_a_time_out_is_cut_short(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct task task = {.in_call = true, .call = SYS_recvfrom, .arguments = {(uint64_t)pair[0]}};
    assert_false(task_call_is_cut_short(&task));
    struct timeval limit = {.tv_usec = 1000};
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_true(task_call_is_cut_short(&task));
    task.call = SYS_sendto;
    assert_false(task_call_is_cut_short(&task));
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_holds_each_thread_once),
        cmocka_unit_test(the_list_ends_when_its_visitor_says_so),
        cmocka_unit_test(a_sleeping_thread_tells_its_call_its_name_and_its_mask),
        cmocka_unit_test(the_running_thread_is_running),
        cmocka_unit_test(a_thread_that_is_not_there_is_not_read),
        cmocka_unit_test(a_thread_that_slept_all_the_time_has_not_switched),
        cmocka_unit_test(calls_that_a_signal_would_cut_short_are_known),
        cmocka_unit_test(a_socket_with_a_time_out_is_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
