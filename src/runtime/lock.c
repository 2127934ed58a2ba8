#include "runtime/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

__thread unsigned lock_depth;

enum { spins = 100 }; /* a critical section here is some tens of nanoseconds */

#ifdef SONDE_CHECK_LOCKS
static __thread uint8_t held[lock_ranks] __attribute__((tls_model("initial-exec")));

static void check_take(enum lock_rank rank)
{
    for (int higher = (int)rank + 1; higher < lock_ranks; higher++)
        if (held[higher] > 0)
            __builtin_trap();
    held[rank]++;
}

static void check_give(enum lock_rank rank)
{
    if (held[rank]-- == 0)
        __builtin_trap();
}
#else
static void check_take(enum lock_rank rank)
{
    (void)rank;
}

static void check_give(enum lock_rank rank)
{
    (void)rank;
}
#endif

static void futex(struct lock *lock, int operation, uint32_t value)
{
    int saved = errno;
    syscall(SYS_futex, &lock->state, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
    errno = saved;
}

static void wait_for(struct lock *lock)
{
    for (int i = 0; i < spins; i++) {
        uint32_t state = 0;
        if (atomic_compare_exchange_weak_explicit(&lock->state, &state, 1, memory_order_acquire, memory_order_relaxed))
            return;
        if (state == 2)
            break;
        __builtin_ia32_pause();
    }
    while (atomic_exchange_explicit(&lock->state, 2, memory_order_acquire) != 0)
        futex(lock, FUTEX_WAIT, 2);
}

void lock_take(struct lock *lock, enum lock_rank rank)
{
    lock_depth++;
    atomic_signal_fence(memory_order_seq_cst);
    check_take(rank);
    uint32_t state = 0;
    if (!atomic_compare_exchange_strong_explicit(&lock->state, &state, 1, memory_order_acquire, memory_order_relaxed))
        wait_for(lock);
}

bool lock_try(struct lock *lock, enum lock_rank rank)
{
    uint32_t state = 0;
    lock_depth++;
    atomic_signal_fence(memory_order_seq_cst);
    if (!atomic_compare_exchange_strong_explicit(&lock->state, &state, 1, memory_order_acquire, memory_order_relaxed)) {
        lock_depth--;
        return false;
    }
    check_take(rank);
    return true;
}

void lock_give(struct lock *lock, enum lock_rank rank)
{
    check_give(rank);
    if (atomic_exchange_explicit(&lock->state, 0, memory_order_release) == 2)
        futex(lock, FUTEX_WAKE, 1);
    atomic_signal_fence(memory_order_seq_cst);
    lock_depth--;
}
