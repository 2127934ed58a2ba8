/* The framing of a v2 trace: after the header of 16 bytes, batches of bytes from one thread each.
 *
 *     01 | generation | M | time | size | bytes             numbers in base 128
 *     31 | experiment | generation | M | time | size | bytes   (experiment: one byte)
 *     34                                                     end of a generation, from Go 1.26 on
 */
#ifndef SONDE_TRACE_BATCH_H
#define SONDE_TRACE_BATCH_H

#include <stdint.h>

#include "base/cursor.h"
#include "trace/fault.h"

struct trace_batch {
    const uint8_t *data;
    uint32_t size;
    uint32_t next;   /* index of the same thread's next batch, for whoever lists them */
    uint64_t offset; /* of data */
    uint64_t time;   /* in units of the generation's clock */
    uint64_t generation;
    int64_t m;
    uint8_t experiment;
};

enum trace_batch_result { trace_batch_read, trace_batch_end, trace_batch_broken };

/* Reads the next batch of a file; `data` points into it. At the end of the file (also behind the first byte of an
 * experimental batch, where Go's reader sees an end too) trace_batch_end; broken with the fault set. */
enum trace_batch_result trace_batch_next(struct cursor *file, struct trace_batch *batch, struct trace_fault *fault);

/* The type of an ordinary batch's first event, ev_none for an empty or experimental one. */
static inline uint8_t trace_batch_type(const struct trace_batch *batch)
{
    return batch->experiment == 0 && batch->size > 0 ? batch->data[0] : 0;
}

#endif
