/* Work of a known amount, and counting the samples that fell into it. Work is measured by the thread's own CPU clock:
 * nothing here depends on how fast, or how busy, the machine is. */
#ifndef SONDE_TESTS_RUNTIME_BURNING_H
#define SONDE_TESTS_RUNTIME_BURNING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "runtime/modules.h"
#include "runtime/snapshot.h"
#include "runtime/symbols.h"

static inline int64_t burning_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static _Atomic uint64_t burning_sink;

/* Uses the thread's CPU for so many milliseconds. */
static inline __attribute__((always_inline)) void burn(int millis)
{
    int64_t end = burning_clock(CLOCK_THREAD_CPUTIME_ID) + millis * 1000000LL;
    do
        for (int i = 0; i < 20000; i++)
            atomic_store_explicit(&burning_sink,
                                  (uint64_t)i * atomic_load_explicit(&burning_sink, memory_order_relaxed),
                                  memory_order_relaxed);
    while (burning_clock(CLOCK_THREAD_CPUTIME_ID) < end);
}

/* Whether a frame of the sample lies in the function that begins at `function`. */
static inline bool sample_has(const struct snapshot *snapshot, const struct snapshot_sample *sample,
                              const void *function)
{
    struct symbol symbol;
    for (uint32_t i = 0; i < sample->npcs; i++) {
        uint64_t pc = snapshot->pcs.at[sample->pcs + i] - !(i == 0 && sample->leaf_is_exact);
        if (symbols_find(pc, &symbol) && symbol.start == (uint64_t)(uintptr_t)function)
            return true;
    }
    return false;
}

/* The sum of values[0] of the samples in a function; NULL: of all. */
static inline int64_t samples_in(const struct snapshot *snapshot, const void *function)
{
    int64_t sum = 0;
    for (size_t i = 0; i < snapshot->samples.n; i++)
        if (!function || sample_has(snapshot, &snapshot->samples.at[i], function))
            sum += snapshot->samples.at[i].values[0];
    return sum;
}

/* ThreadSanitizer can't have handlers run when signals arrive: in its own code, and before and after a thread's life as
 * it knows it. Says so and returns true there. */
static inline bool skips_under_thread_sanitizer(void)
{
#ifdef __SANITIZE_THREAD__
    puts("1..0 # SKIP handlers can't run at any moment under ThreadSanitizer");
    return true;
#else
    return false;
#endif
}

#endif
