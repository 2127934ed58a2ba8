#include "runtime/thread_stacks.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/asleep.h"
#include "runtime/lock.h"
#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/profile_signal.h"
#include "runtime/signal/profile_handler.h"
#include "runtime/signal/thread_stack.h"
#include "runtime/signal/walk.h"
#include "runtime/symbols.h"
#include "runtime/threads.h"

enum {
    batch_millis = 250, /* to wait for one batch of answers */
    all_millis = 2000,  /* and for all of them */
    resend_millis = 20, /* the kernel drops a SIGPROF for a thread that has one pending */
    recoveries = 4,     /* of a lost frame pointer in one stack; callers' are saved, mostly */
    outside_tries = 3,  /* to find a sleeping thread asleep before and after */
};

enum way {
    way_asked,   /* it was sent a signal */
    way_outside, /* it is read while it sleeps */
    way_self,    /* it is the calling one */
    way_gone,
};

struct target {
    pid_t tid;
    uint32_t index;  /* in the registry */
    bool registered; /* it can't end while the threads lock is held */
    enum way way;
    uint16_t generation;
    struct task task;
    int64_t asleep_since;
};

struct targets {
    struct mem *mem;
    VEC(struct target) of;
    bool failed;
};

/* Held for the whole snapshot, by one thread; fork does not wait for it. */
static struct lock lock;

static int64_t now_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static pid_t self_tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* --- Whom to ask -------------------------------------------------------------------------------------------------- */

static void list_targets(struct targets *targets)
{
    sigset_t mask;
    threads_lock(&mask);
    threads_find();
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1)) {
        struct target target = {.tid = thread->tid, .index = thread->index, .registered = thread->registered};
        if (!thread->own && !vec_push(&targets->of, targets->mem, target))
            targets->failed = true;
    }
    threads_unlock(&mask);
}

static enum way choose_way(const struct target *target)
{
    const struct task *task = &target->task;
    if (target->tid == self_tid())
        return way_self;
    if (task->state == 'Z' || task->state == 'X') /* a main thread that called pthread_exit stays listed */
        return way_gone;
    if (task->blocks_sigprof || (task->state != 'R' && task->state != 'S') || task_call_is_cut_short(task))
        return way_outside;
    return way_asked;
}

static bool send(const struct target *target, uint32_t slot)
{
    uint64_t value = signal_value(signal_use_stack, target->generation, slot);
    siginfo_t info = {.si_signo = SIGPROF, .si_code = SI_TIMER};
    info.si_value.sival_ptr = (void *)(uintptr_t)value;
    return syscall(SYS_rt_tgsigqueueinfo, getpid(), target->tid, SIGPROF, &info) == 0;
}

/* Reads what a thread does, and sends it a signal if that is the way. */
static void approach(struct target *target, uint32_t slot)
{
    bool is_known = task_read(target->tid, &target->task);
    if (is_known || target->tid == self_tid())
        target->way = choose_way(target);
    else /* without /proc there is no telling whether a signal would do harm */
        target->way = threads_is_gone(target->tid) ? way_gone : way_outside;
    if (target->way != way_asked)
        return;
    if (!thread_stack_ask(slot, &target->generation))
        target->way = way_outside;
    else if (!send(target, slot))
        target->way = errno == ESRCH ? way_gone : way_outside;
}

/* --- Waiting for answers ------------------------------------------------------------------------------------------ */

/* Sends again to those that have not answered, and drops those that have ended. How many are still to come. */
static uint32_t remind(struct target *targets, uint32_t n)
{
    uint32_t open = 0;
    for (uint32_t slot = 0; slot < n; slot++) {
        if (targets[slot].way != way_asked || thread_stack_answered(slot))
            continue;
        if (send(&targets[slot], slot))
            open++;
        else if (errno == ESRCH)
            targets[slot].way = way_gone;
    }
    return open;
}

static uint32_t unanswered(const struct target *targets, uint32_t n)
{
    uint32_t open = 0;
    for (uint32_t slot = 0; slot < n; slot++)
        open += targets[slot].way == way_asked && !thread_stack_answered(slot);
    return open;
}

static void await(struct target *targets, uint32_t n, int64_t deadline)
{
    const struct timespec resend = {.tv_nsec = resend_millis * 1000000};
    for (;;) {
        uint32_t seen = atomic_load(&thread_stack_answers);
        if (unanswered(targets, n) == 0)
            return;
        long result = syscall(SYS_futex, &thread_stack_answers, FUTEX_WAIT_PRIVATE, seen, &resend, NULL, 0);
        if (result != 0 && errno == ETIMEDOUT && (now_nanos() > deadline || remind(targets, n) == 0))
            return;
    }
}

/* --- Stacks ------------------------------------------------------------------------------------------------------- */

static struct snapshot_sample *add(struct snapshot *snapshot, const struct target *target, const uint64_t *pcs,
                                   uint32_t npcs, bool truncated)
{
    struct snapshot_sample *sample = snapshot_add(snapshot, pcs, npcs);
    if (!sample)
        return NULL;
    sample->tid = target->tid;
    sample->values[0] = 1;
    sample->leaf_is_exact = target->way != way_self;
    sample->truncated = truncated;
    return sample;
}

/* Takes the threads lock if the thread is one that can't end, and give its stack back, while it is held. */
static bool hold(const struct target *target, sigset_t *mask)
{
    struct thread *thread = thread_at(target->index);
    threads_lock(mask);
    if (target->registered && thread->tid == target->tid && thread->registered)
        return true;
    threads_unlock(mask);
    return false;
}

/* Walks the stack that a sleeping thread has left; of threads that may end at any time only the program counter is
 * taken. Names are looked up without the lock, since that may wait for the dynamic linker. */
static void walk_asleep(const struct target *target, const struct task *task, struct asleep *asleep)
{
    struct symbol symbol;
    sigset_t mask;
    *asleep = (struct asleep){.pcs = {task->pc}, .npcs = 1, .truncated = true};
    if (!hold(target, &mask))
        return;
    asleep_walk(asleep, task->pc, task->sp);
    threads_unlock(&mask);
    for (int i = 0; i < recoveries && asleep->truncated; i++) {
        if (!symbols_find(asleep->pcs[asleep->npcs - 1] - 1, &symbol) || !hold(target, &mask))
            return;
        bool on = asleep_walk_on(asleep, symbol.start);
        threads_unlock(&mask);
        if (!on)
            return;
    }
}

/* Tries until the thread is found asleep at the same place before and after the walk. */
static void take_outside(struct snapshot *snapshot, struct target *target)
{
    struct asleep asleep = {.truncated = true};
    for (int i = 0; i < outside_tries && target->task.pc != 0; i++) {
        struct task before = target->task;
        walk_asleep(target, &before, &asleep);
        if (!task_read(target->tid, &target->task)) {
            target->way = way_gone;
            return;
        }
        if (target->task.switches == before.switches && target->task.pc == before.pc && target->task.sp == before.sp)
            break;
        asleep.npcs = 1;
        asleep.truncated = true;
    }
    if (asleep.npcs == 0)
        snapshot->lost++;
    add(snapshot, target, asleep.pcs, asleep.npcs, asleep.truncated);
}

static void take_self(struct snapshot *snapshot, const struct target *target)
{
    uint64_t pcs[stack_depth];
    bool truncated;
    uint32_t npcs = walk_here(pcs, stack_depth, &truncated);
    add(snapshot, target, pcs, npcs, truncated);
}

static void take_answer(struct snapshot *snapshot, struct target *target, uint32_t slot)
{
    const struct thread_stack *stack = thread_stack_close(slot);
    if (stack) {
        add(snapshot, target, stack->pcs, stack->npcs, stack->truncated);
        return;
    }
    if (task_read(target->tid, &target->task))
        take_outside(snapshot, target);
    else
        target->way = way_gone;
}

/* Since when the thread has slept without a break, as far as snapshots can tell. The one switch that our own signal
 * cost it does not count. */
static int64_t note_sleep(const struct target *target)
{
    int64_t now = now_nanos(), since = now;
    struct thread *thread = thread_at(target->index);
    uint64_t switches = target->task.switches;
    sigset_t mask;
    threads_lock(&mask);
    if (thread->tid == target->tid) {
        if (thread->switches != switches || target->task.state == 'R')
            thread->asleep_since = now;
        since = thread->asleep_since;
        thread->switches = switches + (target->way == way_asked);
    }
    threads_unlock(&mask);
    return (now - since) / 1000000000;
}

static void note_state(struct thread_states *states, const struct target *target, struct snapshot *snapshot)
{
    struct thread_state state = {.tid = target->tid, .activity = task_activity(&target->task)};
    memcpy(state.name, target->task.name, sizeof state.name);
    state.wait_seconds = note_sleep(target);
    if (states && !vec_push(&states->of, states->mem, state))
        snapshot->failed = true;
}

static void take(struct snapshot *snapshot, struct thread_states *states, struct target *target, uint32_t slot)
{
    size_t before = snapshot->samples.n;
    if (target->way == way_asked)
        take_answer(snapshot, target, slot);
    else if (target->way == way_outside)
        take_outside(snapshot, target);
    else if (target->way == way_self)
        take_self(snapshot, target);
    if (snapshot->samples.n > before)
        note_state(states, target, snapshot);
}

static void take_batch(struct snapshot *snapshot, struct thread_states *states, struct target *targets, uint32_t n,
                       int64_t deadline)
{
    int64_t batch_deadline = now_nanos() + batch_millis * 1000000LL;
    for (uint32_t slot = 0; slot < n; slot++)
        approach(&targets[slot], slot);
    await(targets, n, batch_deadline < deadline ? batch_deadline : deadline);
    for (uint32_t slot = 0; slot < n; slot++)
        take(snapshot, states, &targets[slot], slot);
}

static void take_all(struct snapshot *snapshot, struct thread_states *states, struct targets *targets)
{
    int64_t deadline = now_nanos() + all_millis * 1000000LL;
    for (size_t first = 0; first < targets->of.n; first += thread_stack_slots) {
        size_t n = targets->of.n - first;
        take_batch(snapshot, states, targets->of.at + first, n < thread_stack_slots ? (uint32_t)n : thread_stack_slots,
                   deadline);
    }
}

int threads_snapshot(struct snapshot *snapshot, struct thread_states *states)
{
    struct targets targets = {.mem = pages_mem()};
    struct timespec now;
    modules_refresh();
    clock_gettime(CLOCK_REALTIME, &now);
    snapshot->time_nanos = now.tv_sec * 1000000000LL + now.tv_nsec;
    lock_take(&lock, lock_rank_profile);
    profile_signal_hold();
    list_targets(&targets);
    take_all(snapshot, states, &targets);
    profile_signal_release();
    lock_give(&lock, lock_rank_profile);
    vec_finish(&targets.of, targets.mem);
    return snapshot->failed || targets.failed ? ENOMEM : 0;
}

void thread_states_finish(struct thread_states *states)
{
    vec_finish(&states->of, states->mem);
}

void thread_stacks_fork_child(void)
{
    thread_stack_fork_child();
    lock = (struct lock){0};
}
