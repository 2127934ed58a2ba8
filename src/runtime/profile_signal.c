#include "runtime/profile_signal.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/interposed.h"
#include "runtime/lock.h"
#include "runtime/signal/profile_handler.h"

enum { kernel_mask_size = 8 };

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

static struct lock lock;
static unsigned users;
static pid_t owner; /* a child of vfork shares our memory, not our handler */

void signals_block(sigset_t *old)
{
    sigset_t all;
    memset(&all, 0xff, sizeof all);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, kernel_mask_size);
}

void signals_restore(const sigset_t *old)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, kernel_mask_size);
}

static void take(sigset_t *mask)
{
    signals_block(mask);
    lock_take(&lock, lock_rank_profile_signal);
}

static void give(const sigset_t *mask)
{
    lock_give(&lock, lock_rank_profile_signal);
    signals_restore(mask);
}

/* --- Installing --------------------------------------------------------------------------------------------------- */

static void install(void)
{
    struct sigaction program,
        ours = {.sa_sigaction = profile_handler, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigemptyset(&ours.sa_mask);
    __sigaction(SIGPROF, NULL, &program);
    profile_handler_set_program(&program);
    __sigaction(SIGPROF, &ours, NULL);
}

/* Ignoring a signal makes the kernel drop it wherever it is pending: else a late one would meet the default action, and
 * end the program. */
static void restore(void)
{
    struct sigaction program, ignored = {.sa_handler = SIG_IGN};
    profile_handler_get_program(&program);
    __sigaction(SIGPROF, &ignored, NULL);
    __sigaction(SIGPROF, &program, NULL);
}

void profile_signal_hold(void)
{
    sigset_t mask;
    take(&mask);
    if (users++ == 0) {
        owner = getpid();
        install();
    }
    give(&mask);
}

void profile_signal_release(void)
{
    sigset_t mask;
    take(&mask);
    if (users > 0 && --users == 0)
        restore();
    give(&mask);
}

void profile_signal_fork_prepare(void)
{
    lock_take(&lock, lock_rank_profile_signal);
}

void profile_signal_fork_parent(void)
{
    lock_give(&lock, lock_rank_profile_signal);
}

void profile_signal_fork_child(void)
{
    if (users > 0)
        restore();
    users = 0;
    lock_give(&lock, lock_rank_profile_signal);
}

/* --- The program's own view --------------------------------------------------------------------------------------- */

INTERPOSED int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
    if (number != SIGPROF)
        return __sigaction(number, action, old);
    sigset_t mask;
    struct sigaction before;
    int result = 0;
    take(&mask);
    if (users == 0 || owner != getpid()) {
        result = __sigaction(number, action, old);
    } else {
        profile_handler_get_program(&before);
        if (action)
            profile_handler_set_program(action);
        if (old)
            *old = before;
    }
    give(&mask);
    return result;
}

/* signal() as programs have it by default: the handler stays, calls start again. */
static sighandler_t signal_sigprof(sighandler_t handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGPROF);
    return sigaction(SIGPROF, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* ssignal is libc's other name of it. */
INTERPOSED sighandler_t signal(int number, sighandler_t handler)
{
    return number == SIGPROF && handler != SIG_ERR ? signal_sigprof(handler) : ssignal(number, handler);
}
