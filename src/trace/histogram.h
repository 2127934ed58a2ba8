/* How long things took: counts by length, five classes to each power of ten, as the task and region pages of
 * `go tool trace` show them. */
#ifndef SONDE_TRACE_HISTOGRAM_H
#define SONDE_TRACE_HISTOGRAM_H

#include <stdint.h>

enum { histogram_classes = 70 };

struct histogram {
    uint64_t count;
    uint64_t in_class[histogram_classes];
};

/* Where each class begins, ns; one more than there are classes. What is longer than all is in the last. */
extern const int64_t histogram_start[histogram_classes + 1];

void histogram_add(struct histogram *histogram, int64_t ns);

#endif
