#include "runtime/start.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/deflate_memory.h"
#include "runtime/fork.h"
#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/threads.h"

enum { not_started, starting, started };

static _Atomic int state;
static _Atomic pid_t starter; /* what it calls may lead back here */

static void start(void)
{
    modules_start(pages_mem()); /* without memory for it stacks are one frame deep, and nothing else is wrong */
    deflate_memory_init();
    threads_init();
    fork_init();
}

void start_ensure(void)
{
    int expected = not_started;
    if (__builtin_expect(atomic_load_explicit(&state, memory_order_acquire) == started, 1))
        return;
    int saved = errno;
    pid_t self = (pid_t)syscall(SYS_gettid);
    if (atomic_compare_exchange_strong(&state, &expected, starting)) {
        atomic_store(&starter, self);
        start();
        atomic_store_explicit(&state, started, memory_order_release);
    }
    while (atomic_load_explicit(&state, memory_order_acquire) != started && atomic_load(&starter) != self)
        sched_yield();
    errno = saved;
}
