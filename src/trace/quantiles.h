/* Lengths of time of any size in a fixed room, and what share of them is below which: sixteen classes to each power of
 * two, so that an answer is off by 3% at most; the longest is exact. */
#ifndef SONDE_TRACE_QUANTILES_H
#define SONDE_TRACE_QUANTILES_H

#include <stdint.h>

enum { quantiles_classes = 60 * 16 };

struct quantiles {
    uint64_t count;
    int64_t most; /* the longest, ns */
    double sum;   /* ns */
    uint64_t in_class[quantiles_classes];
};

/* Counts a length; one below 0 is taken as 0. */
void quantiles_add(struct quantiles *quantiles, int64_t ns);

/* The length that a share (0 to 1) of all is not above; 0 where there are none. */
int64_t quantiles_at(const struct quantiles *quantiles, double share);

/* How many are at least so long, to the class. */
uint64_t quantiles_from(const struct quantiles *quantiles, int64_t ns);

#endif
