#include "testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "runtime/descriptors.h"

struct seen {
    int held;     /* a descriptor of the program's */
    int was_held; /* what closing it says in the thread */
    int opened;   /* a descriptor of the thread's own */
};

static void *open_in_thread(void *argument)
{
    struct seen *seen = argument;
    descriptors_separate();
    seen->was_held = close(seen->held);
    seen->opened = descriptors_keep(open("/dev/null", O_RDONLY | O_CLOEXEC));
    return NULL;
}

static void a_thread_has_descriptors_of_its_own(void **state)
{
    (void)state;
    struct seen seen = {.held = open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    pthread_t thread;
    assert_true(seen.held >= 3);
    assert_int_equal(pthread_create(&thread, NULL, open_in_thread, &seen), 0);
    pthread_join(thread, NULL);
    assert_int_equal(seen.was_held, -1);                     /* it has not ours */
    assert_true(seen.opened >= 3);                           /* and does not give out the standard ones */
    assert_int_equal(fcntl(seen.held, F_GETFD), FD_CLOEXEC); /* and ours are as they were */
    close(seen.held);
}

static pthread_barrier_t barrier;

static void *wait_in_thread(void *argument)
{
    descriptors_separate();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return argument;
}

/* A copy of the table would keep the program's pipes open. */
static void nothing_of_the_programs_is_kept_open(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    pthread_t thread;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, NULL), 0);
    pthread_barrier_wait(&barrier);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
}

static void where_the_table_is_shared_ours_are_out_of_the_way(void **state)
{
    (void)state;
    int fd = descriptors_keep(open("/dev/null", O_RDONLY | O_CLOEXEC));
    assert_true(fd >= 100);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    assert_int_equal(descriptors_keep(-1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_descriptors_of_its_own),
        cmocka_unit_test(nothing_of_the_programs_is_kept_open),
        cmocka_unit_test(where_the_table_is_shared_ours_are_out_of_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
