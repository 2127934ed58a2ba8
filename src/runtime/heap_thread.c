#include "runtime/heap_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "base/hash.h"
#include "runtime/lock.h"
#include "runtime/pages.h"

__thread struct heap_thread *heap_self;

/* This thread has left its counters (or there is no way to learn of its end), and gets none again. */
static __thread bool gone __attribute__((tls_model("initial-exec")));

static _Atomic(struct heap_thread *) all; /* never shrinks */
static struct lock lock;                  /* of what follows */
static struct heap_thread *unowned;
static uint32_t count;
static uint64_t seed;
static enum { key_unmade, key_made, key_refused } key_state;
static pthread_key_t key;

static struct {
    _Atomic uint64_t bytes;
    _Atomic uint64_t frees;
    _Atomic uint64_t allocs[size_classes];
} late;

/* The end of a thread. */
static void leave(void *thread)
{
    struct heap_thread *self = thread;
    heap_self = NULL;
    gone = true;
    lock_take(&lock, lock_rank_heap_threads);
    self->stack = 0;
    self->next_free = unowned;
    unowned = self;
    lock_give(&lock, lock_rank_heap_threads);
}

/* A set of counters that has no owner, or a new one. */
static struct heap_thread *find_set(void)
{
    struct heap_thread *set = unowned;
    if (set) {
        unowned = set->next_free;
        return set;
    }
    /* Cache lines of its own: the seam aligns to 16 only. */
    size_t size = sizeof *set + 63;
    char *block = mem_get(pages_mem(), size);
    if (!block)
        return NULL;
    set = (struct heap_thread *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    memset(set, 0, sizeof *set);
    if (count == 0 && seed == 0)
        seed = (uint64_t)block ^ (uint64_t)__builtin_ia32_rdtsc();
    set->random = hash_fold(seed, ++count) | 1;
    set->next = atomic_load_explicit(&all, memory_order_relaxed);
    atomic_store_explicit(&all, set, memory_order_release);
    return set;
}

struct heap_thread *heap_thread_join(void)
{
    if (heap_self || gone)
        return heap_self;
    lock_take(&lock, lock_rank_heap_threads);
    if (key_state == key_unmade)
        key_state = pthread_key_create(&key, leave) == 0 ? key_made : key_refused;
    struct heap_thread *set = key_state == key_made ? find_set() : NULL;
    if (set)
        set->stack = (uintptr_t)&set;
    lock_give(&lock, lock_rank_heap_threads);
    if (!set)
        return NULL;
    /* From here on the hooks find the counters: pthread_setspecific may allocate. */
    heap_self = set;
    if (pthread_setspecific(key, set) != 0)
        leave(set);
    return heap_self;
}

void heap_thread_count_late(size_t size)
{
    atomic_fetch_add_explicit(&late.bytes, size, memory_order_relaxed);
    atomic_fetch_add_explicit(&late.allocs[size_class(size)], 1, memory_order_relaxed);
}

void heap_thread_count_late_free(void)
{
    atomic_fetch_add_explicit(&late.frees, 1, memory_order_relaxed);
}

void heap_thread_sums(struct heap_sums *sums)
{
    struct heap_sums sum = {.frees = atomic_load(&late.frees)};
    struct heap_thread *first = atomic_load_explicit(&all, memory_order_acquire);
    for (struct heap_thread *t = first; t; t = t->next)
        sum.frees += __atomic_load_n(&t->frees, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_seq_cst); /* what was freed by now has been allocated by now */

    sum.bytes = atomic_load(&late.bytes);
    for (unsigned i = 0; i < size_classes; i++)
        sum.by_class[i] = atomic_load(&late.allocs[i]);
    for (struct heap_thread *t = atomic_load_explicit(&all, memory_order_acquire); t; t = t->next) {
        uint64_t room = __atomic_load_n(&t->room, __ATOMIC_RELAXED);
        sum.bytes += __atomic_load_n(&t->granted, __ATOMIC_RELAXED) - room;
        for (unsigned i = 0; i < size_classes; i++)
            sum.by_class[i] += __atomic_load_n(&t->allocs[i], __ATOMIC_RELAXED);
    }
    for (unsigned i = 0; i < size_classes; i++)
        sum.mallocs += sum.by_class[i];
    *sums = sum;
}

size_t heap_thread_stacks(uint64_t *addresses, size_t most)
{
    size_t n = 0;
    lock_take(&lock, lock_rank_heap_threads);
    for (struct heap_thread *t = atomic_load(&all); t && n < most; t = t->next)
        if (t->stack)
            addresses[n++] = t->stack;
    lock_give(&lock, lock_rank_heap_threads);
    return n;
}

void heap_thread_seed(uint64_t given)
{
    lock_take(&lock, lock_rank_heap_threads);
    seed = given;
    uint64_t i = 0;
    for (struct heap_thread *t = unowned; t; t = t->next_free)
        t->random = hash_fold(seed, ++i) | 1;
    if (heap_self)
        heap_self->random = hash_fold(seed, 0) | 1;
    lock_give(&lock, lock_rank_heap_threads);
}

uint32_t heap_thread_count(void)
{
    lock_take(&lock, lock_rank_heap_threads);
    uint32_t n = count;
    lock_give(&lock, lock_rank_heap_threads);
    return n;
}

void heap_thread_fork_prepare(void)
{
    lock_take(&lock, lock_rank_heap_threads);
}

void heap_thread_fork_parent(void)
{
    lock_give(&lock, lock_rank_heap_threads);
}

void heap_thread_fork_child(void)
{
    unowned = NULL;
    for (struct heap_thread *t = atomic_load(&all); t; t = t->next)
        if (t != heap_self) {
            t->stack = 0;
            t->next_free = unowned;
            unowned = t;
        }
    lock_give(&lock, lock_rank_heap_threads);
}
