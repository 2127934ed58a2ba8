/* Amounts for programs to read: not rounded, in one unit. */
#ifndef SONDE_REPORT_EXACT_H
#define SONDE_REPORT_EXACT_H

#include "report/figure.h"

/* The unit of all amounts: the profile's, unless the report is to be in a certain one that fits it. */
struct str exact_unit(const struct figures *figures);

/* Appends a value in that unit: an integer in the profile's own, else a decimal fraction. */
void exact_put(struct buf *out, const struct figures *figures, int64_t value);

/* Appends 100 * value / total with its sign, to six digits; 0 of a total of 0. */
void exact_put_percentage(struct buf *out, int64_t value, int64_t total);

#endif
