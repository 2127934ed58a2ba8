/* Times and durations as Go prints them. */
#ifndef SONDE_REPORT_GOTIME_H
#define SONDE_REPORT_GOTIME_H

#include "base/buf.h"

/* A moment (nanoseconds since the epoch) in the local zone: "2026-01-31 23:59:59 CET". */
void gotime_put_moment(struct buf *out, int64_t nanos);

/* The same with fraction and offset: "2026-01-31 23:59:59.25 +0100 CET". */
void gotime_put_moment_exactly(struct buf *out, int64_t nanos);

/* A duration: "1h2m3.5s", "12.5ms", "7µs", "0s". */
void gotime_put_duration(struct buf *out, int64_t nanos);

#endif
