/* Spans of time as Go prints them (time.Duration's String): "1h2m3.5s", "12.34ms", "7µs", "0s". */
#ifndef SONDE_BASE_DURATION_H
#define SONDE_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends ns nanoseconds. */
void buf_duration(struct buf *out, int64_t ns);

/* Reads what Go's time.ParseDuration reads, but for signs: numbers with units ("1.5s", "1h2m3.5s", "300ms", "7us",
 * "7µs", "9ns") or "0", truncated to nanoseconds. False where the text is something else, or too long for an int64_t.
 */
bool duration_parse(struct str text, int64_t *ns);

#endif
