#include "runtime/fork.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "runtime/cpu.h"
#include "runtime/cpu_profile.h"
#include "runtime/heap.h"
#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/profile_signal.h"
#include "runtime/server.h"
#include "runtime/symbols.h"
#include "runtime/thread_stacks.h"
#include "runtime/threads.h"

static sigset_t mask; /* guarded by the locks themselves */

/* The order is lock_rank's. Signals are kept away while all is locked: their handlers may allocate. */
static void prepare(void)
{
    int saved = errno;
    sigset_t old;
    signals_block(&old);
    cpu_fork_prepare();
    threads_fork_prepare();
    profile_signal_fork_prepare();
    heap_fork_prepare();
    pages_fork_prepare();
    mask = old;
    errno = saved;
}

static void parent(void)
{
    int saved = errno;
    sigset_t old = mask;
    pages_fork_done();
    heap_fork_parent();
    profile_signal_fork_parent();
    threads_fork_parent();
    cpu_fork_parent();
    signals_restore(&old);
    errno = saved;
}

static void child(void)
{
    int saved = errno;
    sigset_t old = mask;
    pages_fork_done();
    heap_fork_child();
    modules_fork_child();
    profile_signal_fork_child();
    thread_stacks_fork_child();
    threads_fork_child();
    cpu_fork_child();
    cpu_profile_fork_child();
    symbols_fork_child();
    server_fork_child();
    signals_restore(&old);
    errno = saved;
}

void fork_init(void)
{
    pthread_atfork(prepare, parent, child);
}
