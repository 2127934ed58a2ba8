#include "runtime/signal/stack_bounds.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { page_size = 4096, pages_max = 64, red_zone = 128 };

/* The thread's own stack; 0 and 0 while it isn't known. In the initial TLS block, so that reading it never allocates.
 */
static __thread struct {
    uint64_t start, limit;
} own __attribute__((tls_model("initial-exec")));

extern void *__libc_stack_end __attribute__((weak));

/* The main thread's stack grows on demand; it may grow as far as its limit, and the kernel keeps that much free. */
static void set_main(void)
{
    const uint64_t unlimited = 64 << 20;
    struct rlimit limit;
    uint64_t size = unlimited;
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        size = limit.rlim_cur;
    uint64_t end = ((uint64_t)(uintptr_t)__libc_stack_end + 15) & ~(uint64_t)15;
    own.start = end > size ? end - size : 0;
    own.limit = end;
}

void stack_bounds_set_self(void)
{
    pthread_attr_t attributes;
    void *start;
    size_t size;
    if (&__libc_stack_end && __libc_stack_end && syscall(SYS_gettid) == getpid()) {
        set_main();
        return;
    }
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &start, &size) == 0) {
        own.start = (uint64_t)(uintptr_t)start;
        own.limit = own.start + size;
    }
    pthread_attr_destroy(&attributes);
}

/* glibc keeps a thread's descriptor, whose address pthread_self is, at the upper end of its stack. The stack may be
 * larger than was asked for, when an old one is used again, and its lowest pages are its guard or, for what lies above
 * the descriptor, not its own: below the start that is assumed here, it is probed. */
void stack_bounds_set_created(uint64_t size)
{
    const uint64_t lowest = 3 * page_size;
    own.limit = (uint64_t)pthread_self();
    own.start = size < lowest ? own.limit : own.limit > size ? own.limit - size + lowest : 0;
}

#if defined __x86_64__
static long probe(uint64_t address)
{
    long result;
    register long size __asm__("r10") = 8;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_rt_sigprocmask), "D"(-1L), "S"(address), "d"(0L), "r"(size)
                     : "rcx", "r11", "memory");
    return result;
}
#endif

/* rt_sigprocmask reads the mask before it refuses the unknown operation: EFAULT or EINVAL says whether it could. No
 * sandbox forbids it, it changes nothing, and without libc's wrapper errno stays as it was. */
bool stack_bounds_probe(uint64_t address)
{
    return address >= page_size && probe(address) != -EFAULT; /* a NULL mask is one not given, and is not read */
}

bool stack_bounds_find(uint64_t sp, struct unwind_stack *stack)
{
    if (sp - own.start < own.limit - own.start) {
        uint64_t start = sp - own.start < red_zone ? own.start : sp - red_zone;
        *stack = (struct unwind_stack){start, own.limit, (const uint8_t *)(uintptr_t)start};
        return true;
    }
    uint64_t page = sp & ~(uint64_t)(page_size - 1);
    if (!stack_bounds_probe(page))
        return false;
    *stack = (struct unwind_stack){page, page + page_size, (const uint8_t *)(uintptr_t)page};
    return true;
}

bool stack_bounds_extend(struct unwind_stack *stack)
{
    if (stack->limit == own.limit || stack->limit % page_size != 0 ||
        stack->limit - stack->start >= (uint64_t)pages_max * page_size || !stack_bounds_probe(stack->limit))
        return false;
    stack->limit += page_size;
    return true;
}
