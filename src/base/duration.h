/* Spans of time as Go prints them (time.Duration's String): "1h2m3.5s", "12.34ms", "7µs", "0s". */
#ifndef SONDE_BASE_DURATION_H
#define SONDE_BASE_DURATION_H

#include <stdint.h>

#include "base/buf.h"

/* Appends ns nanoseconds. */
void buf_duration(struct buf *out, int64_t ns);

#endif
