#include "runtime/cpu.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "runtime/lock.h"
#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/profile_signal.h"
#include "runtime/signal/cpu_sample.h"
#include "runtime/signal/profile_handler.h"
#include "runtime/signal/stack_table.h"
#include "runtime/stack_snapshot.h"

enum {
    table_slots = 1 << 15,       /* different stacks */
    table_words = 1 << 20,       /* and their program counters: 8 MiB of address space, touched as it is used */
    populated = 1 << 20,         /* bytes of both that are touched at once: no page faults in handlers at first */
    missing_tolerated = 2,       /* expiries that the next tick would have shown */
    kernel_thread_clock = 4 | 2, /* CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED */
    no_timer = -1,
};

static struct lock lock; /* all of these but `period` */
static bool running;
static int rate = cpu_default_hz;
static uint16_t generation;
static struct stack_table table;
static void *table_memory;
static int64_t began_nanos, began_monotonic;

/* With the threads lock: nanoseconds between samples, 0 while no profile is being taken, and what can't be told where
 * it was spent. */
static int64_t period;
static int64_t unseen;

static int64_t clock_nanos(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? now.tv_sec * 1000000000LL + now.tv_nsec : 0;
}

static struct timespec timespec_of(int64_t nanos)
{
    return (struct timespec){.tv_sec = nanos / 1000000000, .tv_nsec = nanos % 1000000000};
}

/* --- One thread's timer ------------------------------------------------------------------------------------------- */

/* The clock of any thread's CPU time, by its id, as pthread_getcpuclockid makes it. */
static clockid_t thread_clock(pid_t tid)
{
    return (clockid_t)((~(unsigned)tid) << 3 | kernel_thread_clock);
}

static int64_t first_expiry(void)
{
    static uint64_t drawn;
    uint64_t random = hash_u64((uint64_t)clock_nanos(CLOCK_MONOTONIC) + hash_u64(++drawn));
    return 1 + (int64_t)(random % (uint64_t)period);
}

static int make_timer(const struct thread *thread)
{
    uint64_t value = signal_value(signal_use_cpu, generation, thread->index);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event.sigev_value.sival_ptr = (void *)(uintptr_t)value;
    event._sigev_un._tid = thread->tid;
    int id;
    return syscall(SYS_timer_create, thread_clock(thread->tid), &event, &id) == 0 ? id : no_timer;
}

/* A thread that can't have a timer (their number is limited as pending signals are) is armed too: what it uses is known
 * in the end, though not where. */
void cpu_thread_arm(struct thread *thread)
{
    if (period == 0 || thread->own || thread->armed)
        return;
    int saved = errno;
    thread->armed = true;
    thread->first_expiry = first_expiry();
    thread->cpu_nanos_then = clock_nanos(thread_clock(thread->tid));
    atomic_store(&thread->samples, 0);
    thread->timer = make_timer(thread);
    if (thread->timer != no_timer) {
        struct itimerspec times = {.it_value = timespec_of(thread->first_expiry), .it_interval = timespec_of(period)};
        syscall(SYS_timer_settime, thread->timer, 0, &times, NULL);
    }
    errno = saved;
}

/* How many expiries a thread has had that no signal has told of. */
static int64_t missing(const struct thread *thread)
{
    int64_t now = clock_nanos(thread_clock(thread->tid));
    if (now == 0) /* it is gone */
        return 0;
    int64_t after_first = now - thread->cpu_nanos_then - thread->first_expiry;
    int64_t expiries = after_first < 0 ? 0 : 1 + after_first / period;
    int64_t samples = atomic_load(&thread->samples);
    return expiries > samples ? expiries - samples : 0;
}

static void remove_timer(struct thread *thread)
{
    if (thread->timer != no_timer)
        syscall(SYS_timer_delete, thread->timer);
    thread->armed = false;
}

/* The thread itself ends. The ticks missed it: where it was is not known, what it ran is. */
void cpu_thread_disarm(struct thread *thread)
{
    if (!thread->armed)
        return;
    int saved = errno;
    int64_t count = period == 0 ? 0 : missing(thread);
    uint64_t routine = (uint64_t)(uintptr_t)thread->routine;
    if (count > 0 && count <= missing_tolerated && routine != 0)
        cpu_sample_add(generation, &routine, 1, false, count);
    else
        unseen += count;
    remove_timer(thread);
    errno = saved;
}

/* The profile ends. An expiry or two wait for the next tick; more are those of a thread that blocks the signal, or has
 * no timer. */
static void settle(struct thread *thread)
{
    if (!thread->armed)
        return;
    int64_t count = missing(thread);
    if (count > missing_tolerated)
        unseen += count;
    remove_timer(thread);
}

/* --- A profile ---------------------------------------------------------------------------------------------------- */

static void take(sigset_t *mask)
{
    signals_block(mask);
    lock_take(&lock, lock_rank_profile);
}

static void give(const sigset_t *mask)
{
    lock_give(&lock, lock_rank_profile);
    signals_restore(mask);
}

int cpu_set_rate(int hz)
{
    sigset_t mask;
    if (hz < 0 || hz > cpu_most_hz)
        return EINVAL;
    take(&mask);
    rate = hz == 0 ? cpu_default_hz : hz;
    give(&mask);
    return 0;
}

static void arm_all(int hz)
{
    sigset_t mask;
    threads_lock(&mask);
    period = 1000000000 / hz;
    unseen = 0;
    threads_find(); /* if it fails, fewer threads are known; those that begin later are not concerned */
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1))
        cpu_thread_arm(thread);
    threads_unlock(&mask);
}

static int64_t disarm_all(int64_t *unseen_count)
{
    sigset_t mask;
    threads_lock(&mask);
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1))
        settle(thread);
    int64_t was = period;
    *unseen_count = unseen;
    period = 0;
    threads_unlock(&mask);
    return was;
}

/* Older kernels do not know how; then the handlers' own first touches do it. */
static void populate(void)
{
    int saved = errno;
    madvise(table_memory, populated, MADV_POPULATE_WRITE);
    errno = saved;
}

static int start_locked(int hz)
{
    if (running)
        return EBUSY;
    table_memory = pages_map(stack_table_size(table_slots, table_words));
    if (!table_memory)
        return ENOMEM;
    populate();
    stack_table_init(&table, table_memory, table_slots, table_words);
    began_nanos = clock_nanos(CLOCK_REALTIME);
    began_monotonic = clock_nanos(CLOCK_MONOTONIC);
    profile_signal_hold();
    cpu_sample_open(&table, ++generation);
    running = true;
    arm_all(hz == 0 ? rate : hz);
    return 0;
}

int cpu_start(int hz)
{
    sigset_t mask;
    if (hz < 0 || hz > cpu_most_hz)
        return EINVAL;
    modules_refresh();
    take(&mask);
    int error = start_locked(hz);
    give(&mask);
    return error;
}

static void fill(struct snapshot *snapshot, int64_t sample_nanos, int64_t unseen_count)
{
    size_t first = snapshot->samples.n;
    stack_snapshot(&table, snapshot);
    for (size_t i = first; i < snapshot->samples.n; i++) {
        struct snapshot_sample *sample = &snapshot->samples.at[i];
        sample->leaf_is_exact = true;
        sample->values[1] = sample->values[0] * sample_nanos;
    }
    snapshot->lost += (uint64_t)unseen_count;
    snapshot->time_nanos = began_nanos;
    snapshot->duration_nanos = clock_nanos(CLOCK_MONOTONIC) - began_monotonic;
    snapshot->period = sample_nanos;
}

static void stop_locked(struct snapshot *snapshot)
{
    int64_t unseen_count, sample_nanos = disarm_all(&unseen_count);
    bool closed = cpu_sample_close();
    profile_signal_release();
    running = false;
    fill(snapshot, sample_nanos, unseen_count);
    if (closed) /* else a handler may still write there */
        pages_unmap(table_memory, stack_table_size(table_slots, table_words));
}

int cpu_stop(struct snapshot *snapshot)
{
    sigset_t mask;
    take(&mask);
    if (running)
        stop_locked(snapshot);
    give(&mask);
    return snapshot->failed ? ENOMEM : 0;
}

/* --- Fork --------------------------------------------------------------------------------------------------------- */

void cpu_fork_prepare(void)
{
    lock_take(&lock, lock_rank_profile);
}

void cpu_fork_parent(void)
{
    lock_give(&lock, lock_rank_profile);
}

/* Timers are not inherited. */
void cpu_fork_child(void)
{
    period = 0;
    cpu_sample_fork_child();
    if (running)
        pages_unmap(table_memory, stack_table_size(table_slots, table_words));
    running = false;
    lock_give(&lock, lock_rank_profile);
}
