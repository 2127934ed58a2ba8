/* What the kernel says of this process's threads in /proc/self/task. Read with bare system calls: no allocation, no
 * cancellation points, errno kept. Where /proc is not mounted there are no threads to be seen and nothing is known. */
#ifndef SONDE_RUNTIME_TASK_FILES_H
#define SONDE_RUNTIME_TASK_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { task_name_size = 16, task_call_arguments = 6 };

/* A thread's moment, as far as it could be read. */
struct task {
    char name[task_name_size]; /* NUL-terminated; what prctl(PR_SET_NAME) or the program's name made it */
    char state;                /* as in ps: R, S, D, T, t, Z; '?' where it can't be read */
    bool in_call;              /* it is asleep in a system call, of which the next lines tell */
    int64_t call;              /* the system call's number */
    uint64_t arguments[task_call_arguments];
    uint64_t sp, pc;     /* where it goes on in the program; 0 while it runs, or where that can't be read */
    bool blocks_sigprof; /* SIGPROF does not reach it */
    uint64_t switches;   /* how often it has gone to sleep: the same number twice says that it slept all the time */
};

/* Calls `visit` with each thread's id until it returns false. Threads that begin or end meanwhile may be missed.
 * 0, or an errno value when the directory can't be read. */
int task_list(bool (*visit)(void *context, pid_t tid), void *context);

/* Reads what is known of a thread; false when there is none of that id (any more). */
bool task_read(pid_t tid, struct task *task);

/* Whether a signal whose handler was installed with SA_RESTART would, in spite of that, make this call of a sleeping
 * thread fail with EINTR, or end early. */
bool task_call_is_cut_short(const struct task *task);

/* In one word, with Go's words for goroutines, what a thread is doing: "running", "sleep", "IO wait",
 * "semacquire", "syscall", "stopped". Lives for ever. */
const char *task_activity(const struct task *task);

#endif
