#include "runtime/signal/cpu_sample.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/signal/thread_table.h"
#include "runtime/signal/walk.h"

static struct stack_table *_Atomic open_table;
static _Atomic uint32_t open_generation;
static _Atomic int32_t handlers; /* that may be using the table */

void cpu_sample_open(struct stack_table *table, uint16_t generation)
{
    atomic_store(&open_generation, generation);
    atomic_store(&open_table, table);
}

bool cpu_sample_close(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    atomic_store(&open_table, NULL);
    for (int tries = 0; atomic_load(&handlers) > 0; tries++) {
        if (tries == 1000)
            return false;
        if (tries < 10)
            sched_yield();
        else
            syscall(SYS_nanosleep, &pause, NULL); /* libc's would be a cancellation point */
    }
    return true;
}

/* Enters those that cpu_sample_close waits for; the table, or NULL when that generation's samples are not wanted. */
static struct stack_table *enter(uint16_t generation)
{
    atomic_fetch_add(&handlers, 1);
    struct stack_table *table = atomic_load(&open_table);
    return generation == atomic_load(&open_generation) ? table : NULL;
}

static void leave(void)
{
    atomic_fetch_sub(&handlers, 1);
}

void cpu_sample_take(uint32_t index, uint16_t generation, int overrun, void *context)
{
    struct stack_table *table = enter(generation);
    if (table) {
        uint64_t pcs[stack_depth];
        bool truncated;
        int64_t weight = 1 + (int64_t)overrun;
        uint32_t npcs = walk_context(context, pcs, stack_depth, &truncated);
        stack_table_add(table, pcs, npcs, truncated, weight);
        struct thread *thread = thread_at(index);
        if (thread)
            atomic_fetch_add_explicit(&thread->samples, weight, memory_order_relaxed);
    }
    leave();
}

void cpu_sample_add(uint16_t generation, const uint64_t *pcs, uint32_t npcs, bool truncated, int64_t weight)
{
    struct stack_table *table = enter(generation);
    if (table)
        stack_table_add(table, pcs, npcs, truncated, weight);
    leave();
}

void cpu_sample_lose(uint16_t generation, int overrun)
{
    struct stack_table *table = enter(generation);
    if (table)
        atomic_fetch_add_explicit(&table->lost, 1 + (uint64_t)overrun, memory_order_relaxed);
    leave();
}

void cpu_sample_fork_child(void)
{
    atomic_store(&open_table, NULL);
    atomic_store(&handlers, 0);
}
