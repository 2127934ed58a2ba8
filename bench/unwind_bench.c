/* Nanoseconds per frame of a walk at depth 48, of code without frame pointers, for sonde's walker, libgcc's and (where
 * it was there when this was built) libunwind's; of a walk from a signal handler's context; and how long the unwind
 * tables of this process take to compile. Prints one "name value unit" a line. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unwind.h>

#ifdef HAVE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#endif

#include "runtime/modules.h"
#include "runtime/pages.h"
#include "runtime/signal/stack_bounds.h"
#include "runtime/signal/walk.h"

enum { depth = 48, rounds = 20000, repeats = 7, most = 128 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t pcs[most];
static uint32_t frames;

static void ours_here(void)
{
    bool truncated;
    frames = walk_here(pcs, most, &truncated);
}

static _Unwind_Reason_Code note(struct _Unwind_Context *context, void *n)
{
    uint32_t *count = n;
    if (*count < most)
        pcs[(*count)++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

static void libgcc(void)
{
    frames = 0;
    _Unwind_Backtrace(note, &frames);
}

static ucontext_t *interrupted;

static void ours_context(void)
{
    bool truncated;
    frames = walk_context(interrupted, pcs, most, &truncated);
}

#ifdef HAVE_LIBUNWIND
static void libunwind_backtrace(void)
{
    frames = (uint32_t)unw_backtrace((void **)pcs, most);
}

static void libunwind_context(void)
{
    unw_cursor_t cursor;
    unw_word_t pc;
    frames = 0;
    unw_init_local2(&cursor, (unw_context_t *)interrupted, UNW_INIT_SIGNAL_FRAME);
    do {
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        pcs[frames++] = pc;
    } while (frames < most && unw_step(&cursor) > 0);
}
#endif

static void (*walker)(void);

/* Time with cold caches, as a sample every 10 ms finds them: what the walk needs was evicted by the program's work. */
static void measure_cold(const char *name)
{
    enum { bytes = 32 << 20, walks = 50 };
    static uint8_t other[bytes];
    double sum = 0;
    for (int i = 0; i < walks; i++) {
        for (size_t at = 0; at < bytes; at += 64)
            other[at]++;
        double begun = now();
        walker();
        sum += now() - begun;
    }
    printf("%-28s %8.1f ns/frame %8.0f ns/stack of %u, cold\n", name, sum / walks / frames, sum / walks, frames);
}

/* The best of some repeats: what else the machine does only ever adds. */
static void measure(const char *name)
{
    double best = 1e18;
    for (int r = 0; r < repeats; r++) {
        double begun = now();
        for (int i = 0; i < rounds; i++)
            walker();
        double each = (now() - begun) / rounds;
        best = each < best ? each : best;
    }
    printf("%-28s %8.1f ns/frame %8.0f ns/stack of %u\n", name, best / frames, best, frames);
    measure_cold(name);
}

static void in_handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    interrupted = context;
    walker = ours_context;
    measure("sonde_from_context");
#ifdef HAVE_LIBUNWIND
    walker = libunwind_context;
    measure("libunwind_from_context");
#endif
}

static void at_the_bottom(void)
{
    walker = ours_here;
    measure("sonde_here");
    walker = libgcc;
    measure("libgcc_here");
#ifdef HAVE_LIBUNWIND
    walker = libunwind_backtrace;
    measure("libunwind_here");
#endif
    raise(SIGUSR1);
}

static volatile int sink;

/* Eight functions that call each other, each with another frame, so that not all steps are the same. */
static void go(int left);

#define FRAME(name, size)                                                                                              \
    static __attribute__((noinline)) void name(int left)                                                               \
    {                                                                                                                  \
        volatile char block[size];                                                                                     \
        block[0] = (char)left;                                                                                         \
        go(left - 1);                                                                                                  \
        sink += block[0];                                                                                              \
    }

FRAME(frame0, 8)
FRAME(frame1, 24)
FRAME(frame2, 40)
FRAME(frame3, 200)
FRAME(frame4, 72)
FRAME(frame5, 8)
FRAME(frame6, 1000)
FRAME(frame7, 56)

static __attribute__((noinline)) void go(int left)
{
    static void (*const all[8])(int) = {frame0, frame1, frame2, frame3, frame4, frame5, frame6, frame7};
    if (left <= 0)
        at_the_bottom();
    else
        all[left * 5 % 8](left);
    sink++;
}

static void measure_tables(void)
{
    if (modules_start(pages_mem()) != 0)
        exit(1);
    double begun = now();
    if (modules_refresh() != 0)
        exit(1);
    double took = now() - begun;
    const struct module_list *list = modules_current();
    uint64_t rows = 0, bytes = 0, unsupported = 0, functions = 0;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct unwind_table *table = list->modules[i]->unwind;
        if (!table)
            continue;
        rows += table->nrows;
        bytes += table->bytes;
        unsupported += table->nunsupported;
        functions += table->nfunctions;
    }
    printf("%-28s %8.3f ms for %u modules, %lu functions, %lu rows, %lu bytes, %lu rows without a rule\n", "tables",
           took / 1e6, list->n, functions, rows, bytes, unsupported);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = in_handler, .sa_flags = SA_SIGINFO};
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_tables();
    stack_bounds_set_self();
    sigaction(SIGUSR1, &action, NULL);
    go(20);
    return 0;
}
