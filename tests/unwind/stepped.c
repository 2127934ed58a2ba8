/* The program that step_test.py single-steps: gdb stops at `begin`, and from there on has `walk_now` called between
 * any two instructions until it comes to `finish`. Built without frame pointers and with lazily bound calls, so that
 * there are prologues, epilogues, PLT entries, the dynamic linker, libc, the vdso and a signal's frame on the way. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/signal/stack_bounds.h"
#include "runtime/signal/walk.h"

enum { most = 64 };

/* What gdb writes before it calls walk_now, and reads after it. */
ucontext_t stepped_context;
uint64_t stepped_pcs[most];
uint32_t stepped_count;
bool stepped_truncated;

void walk_now(void);
void begin(void);
void finish(void);

void walk_now(void)
{
    stepped_count = walk_context(&stepped_context, stepped_pcs, most, &stepped_truncated);
}

__attribute__((noinline)) void begin(void)
{
    __asm__ volatile("");
}

__attribute__((noinline)) void finish(void)
{
    __asm__ volatile("");
}

static volatile int sink;

static __attribute__((noinline)) int many_registers(int a, int b, int c, int d, int e, int f)
{
    sink = a;
    sink = b + c;
    begin();
    sink = d;
    sink = e * f;
    return a + b * c + d - e + f;
}

static __attribute__((noinline)) int large_frame(int n)
{
    volatile char block[3000];
    block[n] = (char)n;
    return block[n] + many_registers(n, 1, 2, 3, 4, 5);
}

static __attribute__((noinline)) int variable_frame(size_t n)
{
    volatile char *block = __builtin_alloca(n);
    block[0] = 1;
    return block[0] + many_registers(1, 2, 3, 4, 5, 6);
}

static __attribute__((noinline)) int realigned_frame(int n)
{
    volatile char block[n] __attribute__((aligned(64)));
    block[0] = 2;
    return block[0] + many_registers(6, 5, 4, 3, 2, 1);
}

static __attribute__((noinline)) int tail_called(int n)
{
    return large_frame(n) * 2;
}

static __attribute__((noinline)) int tail_calls(int n)
{
    sink = n;
    return tail_called(n + 1);
}

/* An early return with a path that saves more registers than the other: remember and restore of the state. */
static __attribute__((noinline)) int early_return(int n)
{
    if (n < 10)
        return n;
    int sum = 0;
    for (int i = 0; i < 2; i++)
        sum += many_registers(n, i, sum, n, i, sum);
    return sum;
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void on_signal(int number)
{
    sink = number;
}

static __attribute__((noinline)) void walk_about(void)
{
    int numbers[] = {3, 1, 2};
    struct timespec t;
    sink = tail_calls(1);
    sink = variable_frame(100);
    sink = realigned_frame(100);
    sink = early_return(1);
    sink = early_return(11);
    qsort(numbers, 3, sizeof *numbers, compare);
    raise(SIGUSR1);
    sink = (int)strtol("12", NULL, 10);
    sink = (int)strcspn("abc", "c");
    clock_gettime(CLOCK_MONOTONIC, &t); /* last: gdb doesn't find its way out of the vdso */
}

int main(void)
{
    if (modules_start(pages_mem()) != 0 || modules_refresh() != 0)
        return 1;
    stack_bounds_set_self();
    signal(SIGUSR1, on_signal);
    begin();
    walk_about();
    finish();
    return 0;
}
