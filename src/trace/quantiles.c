#include "trace/quantiles.h"

/* Up to 31 a class each; above, the class is the position of the highest bit and the four bits behind it. */
static unsigned class_of(int64_t ns)
{
    uint64_t x = ns < 0 ? 0 : (uint64_t)ns;
    if (x < 32)
        return (unsigned)x;
    unsigned high = 63 - (unsigned)__builtin_clzll(x);
    return (high - 3) * 16 + (unsigned)(x >> (high - 4) & 15);
}

/* Where a class begins, ns. */
static double start_of(unsigned class)
{
    if (class < 32)
        return class;
    return (double)((uint64_t)(16 + class % 16) << (class / 16 - 1));
}

void quantiles_add(struct quantiles *q, int64_t ns)
{
    ns = ns < 0 ? 0 : ns;
    q->in_class[class_of(ns)]++;
    q->count++;
    q->sum += (double)ns;
    q->most = ns > q->most ? ns : q->most;
}

int64_t quantiles_at(const struct quantiles *q, double share)
{
    if (q->count == 0)
        return 0;
    double wanted = share * (double)q->count, seen = 0;
    for (unsigned i = 0; i < quantiles_classes; i++) {
        double n = (double)q->in_class[i];
        if (n > 0 && seen + n >= wanted) {
            double start = start_of(i), end = start_of(i + 1);
            double at = i < 32 ? start : start + (end - start) * (wanted > seen ? (wanted - seen) / n : 0);
            return at < (double)q->most ? (int64_t)at : q->most;
        }
        seen += n;
    }
    return q->most;
}

uint64_t quantiles_from(const struct quantiles *q, int64_t ns)
{
    uint64_t n = 0;
    for (unsigned i = class_of(ns); i < quantiles_classes; i++)
        n += q->in_class[i];
    return n;
}
