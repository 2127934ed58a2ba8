/* Minimum mutator utilization: for windows of a length, how much of the processors was left to the program in the worst
 * of them (Cheng and Blelloch, "A parallel, real-time garbage collector", PLDI 2001). The values are those of the MMU
 * page of `go tool trace`, but for percentiles, which are in fact minima there. */
#ifndef SONDE_TRACE_MMU_H
#define SONDE_TRACE_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/utilization.h"

/* A summary of a stretch of a function. */
struct mmu_band {
    double least; /* utilization within it */
    double sum;   /* of utilization * ns, from the function's begin to the band's */
    size_t step;  /* that is in force at its begin */
};

struct mmu_series {
    const struct utilization_step *steps;
    size_t n;
    double *sums; /* of utilization * ns up to each step */
    struct mmu_band *bands;
    size_t nbands;
    int64_t band_length; /* ns */
};

struct mmu {
    struct mem *mem;
    VEC(struct mmu_series) series;
};

struct mmu_window {
    int64_t time; /* where it begins, ns */
    double util;  /* mean utilization in it */
};

enum { mmu_points = 100, mmu_most_windows = 10, mmu_percentiles = 3 };

/* The percentiles of a plot: this share of all windows has less. */
extern const double mmu_percentile[mmu_percentiles];

/* The curve, at lengths that lie evenly on a logarithmic scale. */
struct mmu_plot {
    int64_t least, most; /* window's lengths, ns */
    struct {
        int64_t window;
        double util;
        double percentiles[mmu_percentiles]; /* where they were asked for */
    } points[mmu_points];
};

/* Prepares for the functions of an ended utilization, which must outlive it. False on exhaustion; nothing is owned
 * then. */
bool mmu_init(struct mmu *mmu, const struct utilization *utilization);
void mmu_finish(struct mmu *mmu);

/* The utilization of the worst window of a length in ns; false on exhaustion. A window longer than a function is as
 * long as it. */
bool mmu_least(const struct mmu *mmu, int64_t window, double *util);

/* The worst windows of a length that do not overlap, at most *n (and mmu_most_windows) of them, the worst first. */
bool mmu_worst(const struct mmu *mmu, int64_t window, struct mmu_window *windows, size_t *n);

/* Of all windows of a length, the utilization that a share (0 to 1, ascending) of them stays below; to within 1/65536.
 * NaN where no window fits. */
bool mmu_quantiles(const struct mmu *mmu, int64_t window, const double *shares, size_t n, double *utils);

/* The whole curve. False where no time is in the functions (*exhausted false) or on exhaustion. */
bool mmu_plot(const struct mmu *mmu, bool percentiles, struct mmu_plot *plot, bool *exhausted);

#endif
