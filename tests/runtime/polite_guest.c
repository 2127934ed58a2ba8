/* A program that does what profilers get in the way of. It runs the same with and without libsonde preloaded; with it,
 * a CPU profile is being taken all the while, and what it prints must be the same. The mode is its argument. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int write_fn(void *context, const void *bytes, size_t size);

static int (*start_profile)(write_fn *, void *);
static int (*stop_profile)(void);
static int (*set_rate)(int);
static int (*write_profile)(const char *, int, write_fn *, void *);

static int take_bytes(void *context, const void *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)context += size;
    return 0;
}

static void find(void *slot, const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    memcpy(slot, &found, sizeof found);
}

static size_t profile_size;

static void begin_profile(void)
{
    find(&start_profile, "sonde_start_cpu_profile_to");
    find(&stop_profile, "sonde_stop_cpu_profile");
    find(&set_rate, "sonde_set_cpu_profile_rate");
    find(&write_profile, "sonde_write_profile_to");
    if (!start_profile && getenv("EXPECT_PROFILE"))
        puts("libsonde is not there");
    if (start_profile && (set_rate(1000) != 0 || start_profile(take_bytes, &profile_size) != 0))
        puts("no profile");
}

static void end_profile(void)
{
    if (stop_profile && (stop_profile() != 0 || profile_size == 0))
        puts("no profile was written");
}

static volatile unsigned long sink;

static void burn(int millis)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    long end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + millis;
    do {
        for (unsigned long i = 0; i < 20000; i++)
            sink += i * sink;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < end);
}

/* --- Calls that a signal would end early ---------------------------------------------------------------------------
 */

enum { millis = 900, until_asleep = 300 };
static _Atomic int cut_short;

static void *sleep_in_nanosleep(void *none)
{
    struct timespec time = {.tv_nsec = millis * 1000000};
    cut_short += nanosleep(&time, NULL) != 0;
    return none;
}

static void *sleep_in_poll(void *none)
{
    cut_short += poll(NULL, 0, millis) != 0;
    return none;
}

static void *sleep_in_select(void *none)
{
    struct timeval time = {.tv_usec = millis * 1000};
    cut_short += select(0, NULL, NULL, NULL, &time) != 0;
    return none;
}

static void *sleep_in_epoll(void *none)
{
    struct epoll_event event;
    int epoll = epoll_create1(0);
    cut_short += epoll_wait(epoll, &event, 1, millis) != 0;
    close(epoll);
    return none;
}

static void *sleep_in_semaphore(void *none)
{
    sem_t semaphore;
    struct timespec time;
    sem_init(&semaphore, 0, 0);
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_nsec += millis * 1000000;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    cut_short += sem_timedwait(&semaphore, &time) == 0 || errno != ETIMEDOUT;
    return none;
}

static void sleepers(void)
{
    static void *(*const routines[])(void *) = {sleep_in_nanosleep, sleep_in_poll, sleep_in_select, sleep_in_epoll,
                                                sleep_in_semaphore};
    enum { n = sizeof routines / sizeof *routines };
    pthread_t threads[n];
    size_t written = 0;
    struct timespec time = {.tv_nsec = until_asleep * 1000000};
    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, routines[i], NULL);
    nanosleep(&time, NULL); /* until they sleep */
    burn(50);
    for (int i = 0; i < 20 && write_profile; i++)
        if (write_profile("goroutine", i % 3, take_bytes, &written) != 0)
            puts("no goroutine profile");
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    printf("calls cut short: %d\n", cut_short);
}

/* --- Children ------------------------------------------------------------------------------------------------------
 */

static void *burn_on(void *stop)
{
    while (!atomic_load((_Atomic bool *)stop))
        burn(1);
    return NULL;
}

static int status_of(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void spawn_and_vfork(void)
{
    char *const arguments[] = {"sh", "-c", "exit 5", NULL};
    pid_t child;
    int error = posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ);
    printf("posix_spawn %d, status %x\n", error, error == 0 ? status_of(child) : 0);
    child = vfork(); /* NOLINT: it is what is tested */
    if (child == 0) {
        execv("/bin/sh", arguments);
        _exit(127);
    }
    printf("vfork, status %x\n", status_of(child));
}

static void children(void)
{
    _Atomic bool stop = false;
    pthread_t thread;
    char line[100] = "";
    pthread_create(&thread, NULL, burn_on, &stop);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) {
            burn(5);
            execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
            _exit(127);
        }
        printf("fork, status %x\n", status_of(child));
        spawn_and_vfork();
        printf("system, status %x\n", system("exit 7"));
        FILE *pipe = popen("echo hello; kill -PROF $$", "r");
        if (pipe && fgets(line, sizeof line, pipe))
            printf("popen: %s", line);
        printf("popen, status %x\n", pipe ? pclose(pipe) : -1); /* a child dies of SIGPROF, as ever */
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

/* --- The rest ------------------------------------------------------------------------------------------------------
 */

static void exec_with_signals_pending(char *self)
{
    sigset_t all;
    _Atomic bool stop = false;
    pthread_t thread;
    pthread_create(&thread, NULL, burn_on, &stop);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    burn(20);
    execl(self, self, "after-exec", (char *)NULL);
}

static void after_exec(void)
{
    struct sigaction seen;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPROF, NULL, &seen);
    printf("after exec, SIGPROF is %s\n", seen.sa_handler == SIG_DFL ? "as ever" : "strange");
}

static void say(const char *what)
{
    printf("%s\n", what);
}

static void *say_in_thread(void *what)
{
    say(what);
    return NULL;
}

static void say_from_thread(char *what)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, say_in_thread, what) == 0)
        pthread_join(thread, NULL);
}

__attribute__((constructor(101))) static void before_all(void)
{
    say_from_thread("a thread before main");
}

__attribute__((destructor(101))) static void after_all(void)
{
    say_from_thread("a thread after main");
    fflush(stdout);
}

static void *exit_here(void *none)
{
    (void)none;
    burn(10);
    exit(3);
}

static void exit_while_others_run(void)
{
    static _Atomic bool never;
    pthread_t thread;
    for (int i = 0; i < 3; i++)
        pthread_create(&thread, NULL, burn_on, &never);
    pthread_create(&thread, NULL, exit_here, NULL);
    pause();
}

int main(int count, char **arguments)
{
    const char *mode = count == 2 ? arguments[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(mode, "after-exec") == 0) {
        after_exec();
        return 0;
    }
    begin_profile();
    if (strcmp(mode, "sleepers") == 0)
        sleepers();
    else if (strcmp(mode, "children") == 0)
        children();
    else if (strcmp(mode, "exec") == 0)
        exec_with_signals_pending(arguments[0]);
    else if (strcmp(mode, "exit") == 0)
        exit_while_others_run();
    burn(20);
    end_profile();
    return 0;
}
