#include "runtime/heap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "runtime/heap_hooks.h"
#include "runtime/heap_stack.h"
#include "runtime/lock.h"
#include "runtime/pages.h"
#include "runtime/poisson.h"
#include "runtime/real.h"
#include "runtime/signal/walk.h"

enum {
    frames_most = 128,   /* of a stack, as in Go */
    own_frames_most = 8, /* of those, from the walker up to the function that allocates */
    slice = 64 * 1024,   /* bytes after which a thread looks whether the rate has changed */
    never_log = 61,      /* of a distance that nobody goes */
};

/* The epoch counts the rates; 0 is the time before the environment has been looked at. */
static _Atomic uint64_t rate = heap_default_rate;
static _Atomic uint64_t rate_epoch;

static _Atomic uint64_t lost;
static _Atomic uint64_t late_random; /* for threads without counters */

/* This thread is in the slow path. What the C library allocates for us there is not sampled; and a signal handler that
 * comes back in takes no lock, as it takes none where the thread holds one (lock_depth): what it allocates is counted
 * but not sampled, and a sampled block that it frees is found out when its address is given out again. */
static __thread bool busy __attribute__((tls_model("initial-exec")));
static __thread bool ignored __attribute__((tls_model("initial-exec")));

_Static_assert((int)slice <= (int)size_class_table_most, "heap_admit looks up the class of what is smaller");

/* --- The rate ----------------------------------------------------------------------------------------------------- */

bool heap_parse_rate(const char *text, uint64_t *parsed)
{
    uint64_t value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned digit = (unsigned)(*text - '0');
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *parsed = value;
    return true;
}

/* Looks at the environment, once it is there: the dynamic linker allocates before. */
static uint64_t first_epoch(void)
{
    if (!environ)
        return 0;
    const char *text = secure_getenv("SONDE_MEMPROFILERATE");
    uint64_t wanted = heap_default_rate, unset = heap_default_rate, none = 0;
    if (text && heap_parse_rate(text, &wanted))
        atomic_compare_exchange_strong(&rate, &unset, wanted); /* not if it has been set meanwhile */
    atomic_compare_exchange_strong(&rate_epoch, &none, 1);
    return atomic_load(&rate_epoch);
}

uint64_t heap_rate(void)
{
    if (__builtin_expect(atomic_load_explicit(&rate_epoch, memory_order_acquire) == 0, 0))
        first_epoch();
    return atomic_load_explicit(&rate, memory_order_relaxed);
}

/* Makes this thread take the slow path with its next allocation, where it sees the epoch. */
static void look_at_rate(void)
{
    if (heap_self) {
        heap_self->beyond += heap_self->room;
        heap_thread_add(&heap_self->granted, 0 - heap_self->room);
        __atomic_store_n(&heap_self->room, 0, __ATOMIC_RELAXED);
    }
}

void heap_set_rate(uint64_t bytes)
{
    atomic_store_explicit(&rate, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&rate_epoch, 1, memory_order_release);
    look_at_rate();
}

/* --- The countdown ------------------------------------------------------------------------------------------------ */

/* Bytes until the next sample: the first block of at least as many is it. */
static uint64_t distance(uint64_t *random)
{
    uint64_t mean = heap_rate();
    if (mean == 0)
        return (uint64_t)1 << never_log;
    return mean == 1 ? 0 : poisson_distance(random, mean);
}

/* Counts `size` bytes of a thread, and allows it `due` more bytes to its next sample. */
static void allow(struct heap_thread *self, size_t size, uint64_t due)
{
    uint64_t room = due < slice ? due : slice;
    self->beyond = due - room;
    heap_thread_add(&self->granted, size + room - self->room);
    __atomic_store_n(&self->room, room, __ATOMIC_RELAXED);
}

/* Counts a block, and says whether it is to be sampled. */
static bool spend(struct heap_thread *self, size_t size)
{
    uint64_t epoch = atomic_load_explicit(&rate_epoch, memory_order_acquire);
    if (epoch == 0)
        epoch = first_epoch();
    uint64_t due = self->room + self->beyond;
    if (self->epoch != epoch || epoch == 0) {
        due = distance(&self->random);
        self->epoch = epoch;
    }
    bool sampled = size >= due;
    allow(self, size, sampled ? distance(&self->random) : due - size);
    heap_thread_add(&self->allocs[size_class(size)], 1);
    return sampled;
}

/* The same where there are no counters. */
static bool spend_late(size_t size)
{
    heap_thread_count_late(size);
    uint64_t random = hash_u64(atomic_fetch_add(&late_random, 1) + 1) | 1;
    return size >= distance(&random);
}

/* --- Samples ------------------------------------------------------------------------------------------------------ */

/* The stack from the function that allocates on; walked to pcs, which has room for it and for our own frames. */
static struct heap_stack *stack_here(uint64_t *pcs, size_t size, const void *caller)
{
    bool truncated = false;
    uint32_t n = walk_here(pcs, heap_frames_most + heap_own_frames_most, &truncated), own = 0;
    while (own < n && own < heap_own_frames_most && pcs[own] != (uintptr_t)caller)
        own++;
    if (own == n || own == heap_own_frames_most) {
        pcs[0] = (uintptr_t)caller; /* the walk went astray: the one frame that is certain */
        return heap_stack_find(pcs, 1, true, size);
    }
    n -= own;
    if (n > heap_frames_most) {
        n = heap_frames_most;
        truncated = true;
    }
    return heap_stack_find(pcs + own, n, truncated, size);
}

/* The same for a thread without counters. */
static __attribute__((noinline)) struct heap_stack *late_stack_here(size_t size, const void *caller)
{
    uint64_t pcs[heap_frames_most + heap_own_frames_most];
    return stack_here(pcs, size, caller);
}

static void sample(struct heap_thread *self, const void *block, size_t size, const void *caller)
{
    struct heap_stack *stale = NULL;
    struct heap_stack *stack = self ? stack_here(self->pcs, size, caller) : late_stack_here(size, caller);
    if (!stack) {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&stack->allocs, 1, memory_order_relaxed);
    if (!heap_live_add(block, stack, &stale)) {
        atomic_fetch_sub_explicit(&stack->allocs, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
    }
    if (stale)
        atomic_fetch_add_explicit(&stale->frees, 1, memory_order_relaxed);
}

/* A free of one of the pool's blocks is to take the slow path. None can come by the fast one before this: dlsym gets
 * its blocks while the first of all hooks that are called looks for the function below it. */
static struct heap_thread *join(void)
{
    static _Atomic size_t marked;
    size_t used = real_pool_used(), from = atomic_load(&marked);
    if (from < used && atomic_compare_exchange_strong(&marked, &from, used))
        for (; from < used; from += 16)
            heap_live_mark(real_pool + from);
    return heap_thread_join();
}

void *heap_allocated(void *block, size_t size, const void *caller)
{
    if (!block)
        return NULL;
    int saved = errno;
    bool was_busy = busy, outermost = !was_busy && lock_depth == 0;
    busy = true;
    struct heap_thread *self = heap_self || !outermost ? heap_self : join();
    bool sampled = self ? spend(self, size) : spend_late(size);
    if (sampled && outermost && !ignored)
        sample(self, block, size, caller);
    busy = was_busy;
    errno = saved;
    return block;
}

/* Takes out a block's entry, if it has one. */
static struct heap_live *take(const void *block)
{
    if (busy || lock_depth > 0 || !heap_live_may_have(block))
        return NULL;
    busy = true;
    struct heap_live *entry = heap_live_take(block);
    busy = false;
    return entry;
}

static void count_free(void)
{
    if (heap_self)
        heap_thread_add(&heap_self->frees, 1);
    else
        heap_thread_count_late_free();
}

/* Ends with an entry that was taken out. */
static void settle(struct heap_live *entry, bool freed)
{
    if (!entry)
        return;
    busy = true;
    if (freed) {
        atomic_fetch_add_explicit(&entry->stack->frees, 1, memory_order_relaxed);
        heap_live_discard(entry);
    } else {
        heap_live_restore(entry);
    }
    busy = false;
}

void heap_freed(const void *block)
{
    count_free();
    settle(take(block), true);
}

struct heap_live *heap_realloc_begin(const void *block)
{
    return take(block);
}

void heap_realloc_end(struct heap_live *entry, bool freed)
{
    if (freed)
        count_free();
    settle(entry, freed);
}

void heap_ignore_this_thread(void)
{
    ignored = true;
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void add_sample(void *context, const struct heap_stack *stack)
{
    struct snapshot *out = context;
    uint64_t frees = atomic_load_explicit(&stack->frees, memory_order_acquire);
    uint64_t allocs = atomic_load_explicit(&stack->allocs, memory_order_relaxed);
    if (allocs == 0)
        return;
    struct snapshot_sample *added = snapshot_add(out, stack->pcs, stack->npcs);
    if (!added)
        return;
    added->truncated = stack->truncated;
    added->block_size = (int64_t)stack->size;
    added->values[0] = (int64_t)allocs;
    added->values[1] = (int64_t)(allocs * stack->size);
    added->values[2] = (int64_t)(allocs - frees);
    added->values[3] = (int64_t)((allocs - frees) * stack->size);
}

bool heap_snapshot(struct snapshot *out)
{
    out->time_nanos = now();
    out->period = (int64_t)heap_rate();
    out->lost = atomic_load_explicit(&lost, memory_order_relaxed);
    heap_stack_each(add_sample, out);
    return !out->failed;
}

static void add_estimate(void *context, const struct heap_stack *stack)
{
    struct heap_estimate *estimate = context;
    uint64_t frees = atomic_load_explicit(&stack->frees, memory_order_acquire);
    uint64_t allocs = atomic_load_explicit(&stack->allocs, memory_order_relaxed);
    double blocks = (double)(allocs - frees) * poisson_weight(stack->size, heap_rate());
    estimate->blocks[size_class(stack->size)] += blocks;
    estimate->bytes += blocks * (double)stack->size;
}

void heap_estimate_in_use(struct heap_estimate *estimate)
{
    *estimate = (struct heap_estimate){0};
    if (heap_rate() > 0)
        heap_stack_each(add_estimate, estimate);
}

void heap_seed(uint64_t seed)
{
    atomic_store(&late_random, seed);
    heap_thread_seed(seed);
    atomic_fetch_add(&rate_epoch, 1);
    look_at_rate();
}

/* --- Fork --------------------------------------------------------------------------------------------------------- */

void heap_fork_prepare(void)
{
    heap_thread_fork_prepare();
    heap_live_fork_prepare();
}

void heap_fork_parent(void)
{
    heap_live_fork_done();
    heap_thread_fork_parent();
}

void heap_fork_child(void)
{
    heap_live_fork_done();
    heap_thread_fork_child();
}
