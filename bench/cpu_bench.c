/* What a CPU profile costs: the handler's own time for a sample at depth 48 in code without frame pointers (of
 * eight functions that call each other at random), back to back and as signals come at 100 Hz, while the
 * program works in little memory and in more than the caches hold; and by how much 100 Hz slow a busy loop down. Prints
 * one "name value unit" a line. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/cpu.h"
#include "runtime/pages.h"
#include "runtime/signal/cpu_sample.h"
#include "runtime/signal/profile_handler.h"
#include "runtime/signal/walk.h"
#include "runtime/start.h"

enum {
    depth = 48,
    rounds = 20000,
    most_samples = 4096,
    small_bits = 13, /* words: 64 KiB */
    large_bits = 21, /* 16 MiB */
    runs = 250,      /* of 20 ms */
    pairs = 15,
    index_none = UINT32_MAX,
};

extern int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, compare);
    return n == 0 ? 0 : values[(size_t)((double)(n - 1) * q)];
}

/* --- A deep stack --------------------------------------------------------------------------------------------------
 */

static void (*at_the_bottom)(void);
static volatile uint64_t sink;

/* Eight functions of different frames that call each other at random until the stack is deep enough. */
static uint64_t go_on(int left, uint64_t random);

#define LEVEL(name, size)                                                                                              \
    static __attribute__((noinline)) uint64_t name(int left, uint64_t random)                                          \
    {                                                                                                                  \
        volatile uint64_t room[size];                                                                                  \
        room[random % (size)] = random;                                                                                \
        if (left > 0)                                                                                                  \
            room[0] += go_on(left - 1, random);                                                                        \
        else                                                                                                           \
            at_the_bottom();                                                                                           \
        return room[random % (size)] + random;                                                                         \
    }
LEVEL(level_0, 1)
LEVEL(level_1, 2)
LEVEL(level_2, 4)
LEVEL(level_3, 6)
LEVEL(level_4, 9)
LEVEL(level_5, 16)
LEVEL(level_6, 24)
LEVEL(level_7, 33)

static uint64_t (*const levels[])(int, uint64_t) = {level_0, level_1, level_2, level_3,
                                                    level_4, level_5, level_6, level_7};

static inline __attribute__((always_inline)) uint64_t go_on(int left, uint64_t random)
{
    return levels[random % 8](left, random * 0x9e3779b97f4a7c15u >> 7);
}

/* --- Back to back --------------------------------------------------------------------------------------------------
 */

static double back_to_back; /* ns */
static uint16_t generation;

/* Walks and counts the same interrupted place again and again. */
static void time_handler(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    double best = 1e18;
    for (int repeat = 0; repeat < 7; repeat++) {
        double began = now(CLOCK_MONOTONIC);
        for (int i = 0; i < rounds; i++)
            cpu_sample_take(index_none, generation, 0, context);
        double each = (now(CLOCK_MONOTONIC) - began) / rounds;
        best = each < best ? each : best;
    }
    back_to_back = best;
}

static uint32_t deep;

static void show_depth(int number, siginfo_t *info, void *context)
{
    uint64_t pcs[stack_depth];
    bool truncated;
    (void)number;
    (void)info;
    deep = walk_context(context, pcs, stack_depth, &truncated);
}

static void raise_both(void)
{
    struct sigaction action = {.sa_sigaction = show_depth, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    action.sa_sigaction = time_handler;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void bench_back_to_back(void)
{
    static struct stack_table table;
    stack_table_init(&table, pages_map(stack_table_size(1 << 10, 1 << 16)), 1 << 10, 1 << 16);
    cpu_sample_open(&table, ++generation);
    at_the_bottom = raise_both;
    sink += levels[0](depth - 8, 1); /* the frames of main, libc and raise come to it */
    cpu_sample_close();
    printf("depth %u frames\n", deep);
    printf("handler_back_to_back %.3f us\n", back_to_back / 1e3);
}

/* --- As samples come -----------------------------------------------------------------------------------------------
 */

static double spent[most_samples];
static size_t samples;

static void timed_handler(int number, siginfo_t *info, void *context)
{
    double began = now(CLOCK_MONOTONIC);
    profile_handler(number, info, context);
    if (samples < most_samples)
        spent[samples++] = now(CLOCK_MONOTONIC) - began;
}

static uint64_t *words;
static int words_bits;

/* Works through the words until so much CPU time has gone. */
static void work(double nanos)
{
    double end = now(CLOCK_THREAD_CPUTIME_ID) + nanos;
    uint64_t at = 1;
    do
        for (int i = 0; i < 20000; i++) {
            at = (at * 6364136223846793005u + 1442695040888963407u);
            words[at >> (64 - words_bits)] += at;
        }
    while (now(CLOCK_THREAD_CPUTIME_ID) < end);
}

static void work_a_little(void)
{
    work(20e6);
}

static void bench_as_samples_come(const char *name, int bits)
{
    struct snapshot snapshot;
    struct sigaction timed = {.sa_sigaction = timed_handler, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    snapshot_init(&snapshot, pages_mem());
    samples = 0;
    words_bits = bits;
    cpu_start(100);
    __sigaction(SIGPROF, &timed, NULL); /* instead of the one that is installed */
    at_the_bottom = work_a_little;
    for (uint64_t i = 0; i < runs; i++)
        sink += levels[i % 8](depth - 6, i * 0x9e3779b97f4a7c15u);
    cpu_stop(&snapshot);
    printf("handler_at_100hz_%s %.3f us (median of %zu; 90th percentile %.3f)\n", name,
           quantile(spent, samples, 0.5) / 1e3, samples, quantile(spent, samples, 0.9) / 1e3);
    snapshot_finish(&snapshot);
}

/* --- The whole cost ------------------------------------------------------------------------------------------------
 */

static double busy_loop(void)
{
    double began = now(CLOCK_THREAD_CPUTIME_ID);
    uint64_t x = 1;
    for (int i = 0; i < 100000000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    sink += x;
    return now(CLOCK_THREAD_CPUTIME_ID) - began;
}

/* Pairs of runs without and with a profile, in turn; the median of the quotients. */
static void bench_overhead(int hz)
{
    double quotients[pairs];
    for (int i = 0; i < pairs; i++) {
        struct snapshot snapshot;
        double without = busy_loop();
        snapshot_init(&snapshot, pages_mem());
        cpu_start(hz);
        double with = busy_loop();
        cpu_stop(&snapshot);
        snapshot_finish(&snapshot);
        quotients[i] = with / without;
    }
    double median = quantile(quotients, pairs, 0.5), low = quantile(quotients, pairs, 0.25),
           high = quantile(quotients, pairs, 0.75);
    printf("overhead_%dhz %+.2f %% (quartiles %+.2f to %+.2f)\n", hz, 100 * (median - 1), 100 * (low - 1),
           100 * (high - 1));
}

int main(void)
{
    words = calloc((size_t)1 << large_bits, sizeof *words);
    if (!words)
        return 1;
    start_ensure();
    bench_back_to_back();
    bench_as_samples_come("in_64KiB", small_bits);
    bench_as_samples_come("in_16MiB", large_bits);
    bench_overhead(100);
    bench_overhead(1000);
    free(words);
    return 0;
}
