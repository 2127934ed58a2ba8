/* The classes of block sizes that the memory statistics count by: Go's (its allocator's classes up to 18432 bytes), so
 * that what reads by_size of a Go program can read ours. */
#ifndef SONDE_RUNTIME_SIZE_CLASS_H
#define SONDE_RUNTIME_SIZE_CLASS_H

#include <stddef.h>
#include <stdint.h>

#include "sonde/sonde.h"

/* One more than Go shows, for all larger blocks. */
enum {
    size_classes = SONDE_SIZE_CLASSES + 1,
    size_class_largest = 18432,
    size_class_table_most = 64 * 1024 /* sizes up to this are in the table */
};

/* The largest block of each class, 0 first. */
extern const uint16_t size_class_sizes[SONDE_SIZE_CLASSES] __attribute__((visibility("hidden")));

/* For sizes in steps of 8 (rounded up) the smallest class that holds them. */
extern const uint8_t size_class_table[size_class_table_most / 8 + 1] __attribute__((visibility("hidden")));

/* Of a size of at most size_class_table_most. */
static inline unsigned size_class_of_small(size_t size)
{
    return size_class_table[(size + 7) >> 3];
}

static inline unsigned size_class(size_t size)
{
    return size > size_class_table_most ? SONDE_SIZE_CLASSES : size_class_of_small(size);
}

#endif
