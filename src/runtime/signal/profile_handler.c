#include "runtime/signal/profile_handler.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/signal/cpu_sample.h"
#include "runtime/signal/thread_stack.h"

enum {
    mark = 0x50d0,
    actions_kept = 16,
    kernel_mask_size = 8,
    room_needed = 3072, /* bytes of stack: 1.5 KiB are used, most of them for the program counters */
};

/* The program's actions in turn: the handler copies one that stays unchanged until fifteen more were set. */
static struct sigaction actions[actions_kept];
static _Atomic uint32_t current_action;

/* libc's own, below whoever interposes sigaction. */
extern int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

uint64_t signal_value(enum signal_use use, uint16_t generation, uint32_t index)
{
    return (uint64_t)(mark + use) << 48 | (uint64_t)generation << 32 | index;
}

void profile_handler_set_program(const struct sigaction *action)
{
    uint32_t next = atomic_load(&current_action) + 1;
    actions[next % actions_kept] = *action;
    atomic_store(&current_action, next);
}

void profile_handler_get_program(struct sigaction *action)
{
    *action = actions[atomic_load(&current_action) % actions_kept];
}

/* What the kernel would have done without us: the signal, delivered again as soon as the handler returns, finds the
 * default action. */
static void die_of(int number)
{
    struct sigaction fatal = {.sa_handler = SIG_DFL};
    __sigaction(number, &fatal, NULL);
    syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number);
}

/* Runs the program's action as the kernel would. The mask comes back with the end of our own handler. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    struct sigaction action;
    profile_handler_get_program(&action);
    if (action.sa_handler == SIG_IGN)
        return;
    if (action.sa_handler == SIG_DFL) {
        die_of(number);
        return;
    }
    if (action.sa_flags & SA_RESETHAND) {
        struct sigaction reset = {.sa_handler = SIG_DFL};
        profile_handler_set_program(&reset);
    }
    sigset_t self;
    sigemptyset(&self);
    sigaddset(&self, number);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &action.sa_mask, NULL, kernel_mask_size);
    if (action.sa_flags & SA_NODEFER)
        syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &self, NULL, kernel_mask_size);
    if (action.sa_flags & SA_SIGINFO)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
}

/* Whether there is room for a walk. Programs may have given their handlers a stack that is just large enough for the
 * kernel's part and their own. */
static bool has_room(const ucontext_t *context)
{
    const stack_t *stack = &context->uc_stack;
    uintptr_t start = (uintptr_t)stack->ss_sp, here = (uintptr_t)&stack;
    bool is_on_it = !(stack->ss_flags & SS_DISABLE) && here - start < stack->ss_size;
    return !is_on_it || here - start >= room_needed;
}

void profile_handler(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    uint64_t value = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
    uint32_t index = (uint32_t)value;
    uint16_t generation = (uint16_t)(value >> 32);
    uint64_t use = info->si_code == SI_TIMER ? (value >> 48) - mark : 0;
    if (use == signal_use_cpu && has_room(context))
        cpu_sample_take(index, generation, info->si_overrun, context);
    else if (use == signal_use_cpu)
        cpu_sample_lose(generation, info->si_overrun);
    else if (use != signal_use_stack)
        pass_on(number, info, context);
    else if (has_room(context))
        thread_stack_answer(index, generation, context);
    errno = saved;
}
