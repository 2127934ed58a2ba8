/* Amounts with units, scaled and printed as pprof does (google/pprof internal/measurement): memory in binary multiples,
 * time, and GCUs; whatever else is left as it is. */
#ifndef SONDE_PROFILE_MEASURE_H
#define SONDE_PROFILE_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct measure {
    double value;
    struct str unit; /* a literal, or the wanted unit itself; "" where it is not worth printing */
};

/* Converts an amount. `to` may be "auto" or "minimum" (the largest unit in which the amount is at least 1), or a unit
 * of another kind (then the kind's default unit comes out). An amount in an unknown unit keeps its value, with `to` as
 * its unit unless that is one of the plain words "count", "sample", "unit", "minimum" and "auto". */
struct measure measure_scale(int64_t value, struct str from, struct str to);

/* What measure_scale multiplies amounts of one unit by, and divides them by, for another one; for many amounts. */
struct measure_ratio {
    double times, by;
};

/* The ratio; false where the unit that comes out depends on the amount. */
bool measure_ratio(struct str from, struct str to, struct measure_ratio *ratio);

/* The value that measure_scale gives. */
static inline double measure_apply(const struct measure_ratio *ratio, int64_t value)
{
    return (double)value * ratio->times / ratio->by;
}

/* Appends the converted amount with at most two decimals and its unit: "1.50MB", "12s", "0". */
void measure_put_scaled(struct buf *out, int64_t value, struct str from, struct str to);

/* As measure_put_scaled to "auto". */
void measure_put(struct buf *out, int64_t value, struct str unit);

/* Appends what share of the total an amount is, without its sign, at least six characters wide: "12.34%", "  100%",
 * " 0.25%". A total of 0 gives 0. */
void measure_put_percentage(struct buf *out, int64_t value, int64_t total);

/* Whether both units are of one kind (memory, time or GCUs), so that one converts into the other. */
bool measure_same_kind(struct str a, struct str b);

#endif
