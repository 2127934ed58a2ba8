#include "runtime/threads.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "runtime/cpu.h"
#include "runtime/interposed.h"
#include "runtime/lock.h"
#include "runtime/pages.h"
#include "runtime/profile_signal.h"
#include "runtime/real.h"
#include "runtime/signal/stack_bounds.h"
#include "runtime/signal/stack_table.h"
#include "runtime/signal/walk.h"
#include "runtime/stack_snapshot.h"
#include "runtime/start.h"
#include "runtime/task_files.h"

enum {
    endings_put_off = 2,        /* rounds of destructors that go before ours; glibc makes at least four */
    creation_slots = 4096,      /* different pthread_create stacks */
    creation_words = 64 * 4096, /* and their program counters */
};

static struct lock lock;
static uint32_t entries; /* ever made: those below are in chunks */
static uint32_t free_first = thread_none;
static uint32_t found_count; /* entries of threads that don't unregister by themselves */
static uint32_t own_count;
static uint32_t registered_count; /* entries of threads that unregister by themselves, our own among them */
static pthread_key_t key;
static bool key_made;

void threads_lock(sigset_t *mask)
{
    signals_block(mask);
    lock_take(&lock, lock_rank_threads);
}

void threads_unlock(const sigset_t *mask)
{
    lock_give(&lock, lock_rank_threads);
    signals_restore(mask);
}

static __thread pid_t known_tid;

static pid_t self_tid(void)
{
    if (known_tid == 0)
        known_tid = (pid_t)syscall(SYS_gettid);
    return known_tid;
}

/* --- Entries ------------------------------------------------------------------------------------------------------ */

/* One more chunk of free entries; false when there is no memory, or there are threads without end. */
static bool grow(void)
{
    if (entries / thread_chunk == thread_chunks)
        return false;
    struct thread *chunk = pages_map(thread_chunk * sizeof *chunk);
    if (!chunk)
        return false;
    for (uint32_t i = thread_chunk; i-- > 0;) {
        chunk[i].index = entries + i;
        chunk[i].next = free_first;
        free_first = entries + i;
    }
    thread_table_publish(entries / thread_chunk, chunk);
    entries += thread_chunk;
    return true;
}

static struct thread *add(pid_t tid, bool registered)
{
    if (free_first == thread_none && !grow())
        return NULL;
    struct thread *thread = thread_at(free_first);
    free_first = thread->next;
    thread->tid = tid;
    thread->registered = registered;
    thread->endings = 0;
    found_count += !registered;
    registered_count += registered;
    return thread;
}

static void drop(struct thread *thread)
{
    cpu_thread_disarm(thread);
    found_count -= !thread->registered;
    registered_count -= thread->registered;
    own_count -= thread->own;
    thread->tid = 0;
    thread->own = false;
    thread->routine = NULL;
    thread->switches = 0;
    thread->next = free_first;
    free_first = thread->index;
}

struct thread *threads_next(uint32_t index)
{
    for (; index < entries; index++) {
        struct thread *thread = thread_at(index);
        if (thread->tid != 0)
            return thread;
    }
    return NULL;
}

/* A thread may have been found, in the list of the kernel, before it came to register itself; or have the id of one
 * that was found and has ended. */
static void drop_found(pid_t tid)
{
    if (found_count == 0)
        return;
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1))
        if (thread->tid == tid && !thread->registered)
            drop(thread);
}

/* --- Finding ------------------------------------------------------------------------------------------------------ */

struct finder {
    struct map known; /* tid to entry */
    int error;
};

static bool find_one(void *context, pid_t tid)
{
    struct finder *finder = context;
    if (map_find(&finder->known, (uint64_t)tid))
        return true;
    struct thread *thread = add(tid, false);
    if (!thread)
        finder->error = ENOMEM;
    return thread != NULL;
}

bool threads_is_gone(pid_t tid)
{
    return syscall(SYS_tgkill, getpid(), tid, 0) != 0 && errno == ESRCH;
}

static int note_known(struct map *known)
{
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1)) {
        if (threads_is_gone(thread->tid))
            drop(thread);
        else if (!map_add(known, (uint64_t)thread->tid, thread->index))
            return ENOMEM;
    }
    return 0;
}

int threads_find(void)
{
    int saved = errno;
    struct finder finder = {.error = 0};
    map_init(&finder.known, pages_mem());
    int error = note_known(&finder.known);
    if (error == 0)
        error = task_list(find_one, &finder);
    map_finish(&finder.known);
    errno = saved;
    return error != 0 ? error : finder.error;
}

static bool count_one(void *context, pid_t tid)
{
    (void)tid;
    ++*(uint64_t *)context;
    return true;
}

uint64_t threads_count(void)
{
    uint64_t listed = 0, known = 0;
    sigset_t mask;
    bool is_listed = task_list(count_one, &listed) == 0;
    threads_lock(&mask);
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1))
        known += !thread->own;
    listed -= listed < own_count ? listed : own_count;
    threads_unlock(&mask);
    return is_listed ? listed : known;
}

/* --- A thread's life ---------------------------------------------------------------------------------------------- */

static void thread_begin(void *(*routine)(void *), bool own)
{
    sigset_t mask;
    int saved = errno;
    threads_lock(&mask);
    drop_found(self_tid());
    struct thread *thread = add(self_tid(), key_made);
    if (thread) {
        thread->routine = routine;
        thread->own = own;
        own_count += own;
        if (!key_made || pthread_setspecific(key, thread) != 0) {
            found_count += thread->registered;
            registered_count -= thread->registered;
            thread->registered = false;
        }
        cpu_thread_arm(thread);
    }
    threads_unlock(&mask);
    errno = saved;
}

/* Whether a thread is one of the program's own that is still at work: not the one that asks, none of ours, and not the
 * main thread where that has ended, which the kernel lists as long as there are others. */
static bool note_other(void *context, pid_t tid)
{
    bool *others = context;
    bool is_other = tid != self_tid();
    struct task task;
    for (struct thread *thread = threads_next(0); is_other && thread; thread = threads_next(thread->index + 1))
        is_other = thread->tid != tid || !thread->own;
    if (is_other && tid == getpid())
        is_other = task_read(tid, &task) && task.state != 'Z';
    *others |= is_other;
    return !*others;
}

/* The C library ends the process when the last thread ends. Ours never do; so the last of the program's own ends it in
 * their place. Those that are on their way out just now are waited for, a second at most. */
static void exit_with_last_thread(void)
{
    bool others = true;
    for (int i = 0; i < 1000 && others; i++) {
        sigset_t mask;
        others = false;
        threads_lock(&mask);
        bool more = registered_count > own_count; /* one of those that are left began another */
        others = task_list(note_other, &others) != 0 || others;
        threads_unlock(&mask);
        if (more)
            return;
        if (others)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    if (!others)
        exit(0);
}

/* The key's destructor. Other keys' destructors go first, so that their time is sampled as well. */
static void thread_end(void *value)
{
    struct thread *thread = value;
    int saved = errno;
    sigset_t mask;
    if (thread->endings++ < endings_put_off && pthread_setspecific(key, thread) == 0)
        return;
    threads_lock(&mask);
    if (thread->tid == self_tid())
        drop(thread);
    bool is_last = own_count > 0 && registered_count == own_count;
    threads_unlock(&mask);
    if (is_last)
        exit_with_last_thread();
    errno = saved;
}

void threads_init(void)
{
    key_made = pthread_key_create(&key, thread_end) == 0;
    stack_bounds_set_self();
    thread_begin(NULL, false);
}

/* --- pthread_create ----------------------------------------------------------------------------------------------- */

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static create_fn *libc_create(void)
{
    static create_fn *_Atomic known;
    create_fn *found = atomic_load_explicit(&known, memory_order_relaxed);
    if (!found) {
        found = (create_fn *)(uintptr_t)real_next("pthread_create");
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return found;
}

struct launch {
    void *(*routine)(void *);
    void *argument;
    size_t stack_size;
    bool own;
};

/* Ends in a jump, so that the routine's caller is libc. */
static void *thread_main(void *argument)
{
    struct launch *launch = argument;
    void *(*routine)(void *) = launch->routine;
    void *routine_argument = launch->argument;
    bool own = launch->own;
    stack_bounds_set_created(launch->stack_size);
    mem_put(pages_mem(), launch, sizeof *launch);
    thread_begin(routine, own);
    return routine(routine_argument);
}

/* As the attributes say; NULL stands for the default ones. */
static size_t stack_size_of(const pthread_attr_t *attributes)
{
    pthread_attr_t standard;
    size_t size = 0;
    if (attributes) {
        pthread_attr_getstacksize(attributes, &size);
    } else if (pthread_attr_init(&standard) == 0) {
        pthread_attr_getstacksize(&standard, &size);
        pthread_attr_destroy(&standard);
    }
    return size;
}

static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument,
                  bool own)
{
    create_fn *libc_create_thread = libc_create();
    if (!libc_create_thread)
        return ENOSYS;
    struct launch *launch = mem_get(pages_mem(), sizeof *launch);
    if (!launch)
        return own ? ENOMEM : libc_create_thread(thread, attributes, routine, argument);
    *launch = (struct launch){routine, argument, stack_size_of(attributes), own};
    int error = libc_create_thread(thread, attributes, thread_main, launch);
    if (error != 0)
        mem_put(pages_mem(), launch, sizeof *launch);
    return error;
}

static struct stack_table creations;
static _Atomic int creations_state; /* 0 not mapped, 1 being, 2 mapped */
static _Atomic uint64_t created;

static bool creations_ready(void)
{
    int state = 0;
    if (atomic_load(&creations_state) == 2)
        return true;
    if (!atomic_compare_exchange_strong(&creations_state, &state, 1))
        return state == 2;
    void *memory = pages_map(stack_table_size(creation_slots, creation_words));
    if (memory)
        stack_table_init(&creations, memory, creation_slots, creation_words);
    atomic_store(&creations_state, memory ? 2 : 0);
    return memory != NULL;
}

static void count_creation(const uint64_t *pcs, uint32_t npcs, bool truncated)
{
    atomic_fetch_add(&created, 1);
    if (creations_ready())
        stack_table_add(&creations, pcs, npcs, truncated, 1);
}

INTERPOSED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *),
                              void *argument)
{
    int saved = errno;
    uint64_t pcs[stack_depth];
    bool truncated;
    start_ensure();
    uint32_t npcs = walk_caller(__builtin_frame_address(0), pcs, stack_depth, &truncated);
    int error = create(thread, attributes, routine, argument, false);
    if (error == 0)
        count_creation(pcs, npcs, truncated);
    errno = saved;
    return error;
}

int threads_start_own(void *(*routine)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t mask;
    int error = pthread_attr_init(&attributes);
    if (error != 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    signals_block(&mask);
    error = create(&thread, &attributes, routine, argument, true);
    signals_restore(&mask);
    pthread_attr_destroy(&attributes);
    return error;
}

uint64_t threads_created_count(void)
{
    return atomic_load(&created);
}

void threadcreate_snapshot(struct snapshot *snapshot)
{
    if (atomic_load(&creations_state) == 2)
        stack_snapshot(&creations, snapshot);
}

/* --- Fork --------------------------------------------------------------------------------------------------------- */

void threads_fork_prepare(void)
{
    lock_take(&lock, lock_rank_threads);
}

void threads_fork_parent(void)
{
    lock_give(&lock, lock_rank_threads);
}

/* The thread that forked lives on, under a new id; the kernel's timers stayed with the parent. */
void threads_fork_child(void)
{
    struct thread *self = key_made ? pthread_getspecific(key) : NULL;
    known_tid = 0;
    for (struct thread *thread = threads_next(0); thread; thread = threads_next(thread->index + 1)) {
        thread->armed = false;
        if (thread != self)
            drop(thread);
    }
    if (self)
        self->tid = self_tid();
    atomic_store(&created, 0);
    if (atomic_load(&creations_state) == 2)
        stack_table_clear(&creations);
    lock_give(&lock, lock_rank_threads);
}
