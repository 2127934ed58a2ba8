#include "trace/batch.h"

#include <inttypes.h>

#include "trace/spec.h"

/* Notes what the cursor, which has failed, wanted. */
static enum trace_batch_result broken(const struct cursor *file, const char *what, struct trace_fault *fault)
{
    trace_fault_at(fault, file->fault.offset, "the %s of a batch is cut off or not a number: expected %s", what,
                   file->fault.expected);
    return trace_batch_broken;
}

static enum trace_batch_result read_head(struct cursor *file, struct trace_batch *batch, struct trace_fault *fault)
{
    static const char *const names[] = {"generation", "M", "time", "size"};
    uint64_t numbers[4];
    for (int i = 0; i < 4; i++) {
        numbers[i] = cursor_varint(file);
        if (!cursor_ok(file))
            return broken(file, names[i], fault);
    }
    batch->generation = numbers[0];
    batch->m = (int64_t)numbers[1];
    batch->time = numbers[2];
    if (numbers[3] > trace_max_batch) {
        trace_fault_at(fault, cursor_offset(file), "a batch of %" PRIu64 " bytes; at most %d are allowed", numbers[3],
                       trace_max_batch);
        return trace_batch_broken;
    }
    batch->size = (uint32_t)numbers[3];
    return trace_batch_read;
}

enum trace_batch_result trace_batch_next(struct cursor *file, struct trace_batch *batch, struct trace_fault *fault)
{
    *batch = (struct trace_batch){.offset = cursor_offset(file), .m = TRACE_NO_THREAD, .next = UINT32_MAX};
    if (cursor_left(file) == 0)
        return trace_batch_end;
    const uint8_t *first = file->p;
    uint8_t type = cursor_u8(file);
    if (type == ev_end_of_generation) {
        batch->data = first;
        batch->size = 1;
        return trace_batch_read;
    }
    if (type != ev_event_batch && type != ev_experimental_batch) {
        trace_fault_at(fault, batch->offset, "an event of type %d where a batch must begin", type);
        return trace_batch_broken;
    }
    if (type == ev_experimental_batch) {
        if (cursor_left(file) == 0)
            return trace_batch_end;
        batch->experiment = cursor_u8(file);
    }
    enum trace_batch_result result = read_head(file, batch, fault);
    if (result != trace_batch_read)
        return result;
    batch->offset = cursor_offset(file);
    size_t left = cursor_left(file);
    batch->data = file->p;
    cursor_bytes(file, batch->size);
    if (cursor_ok(file))
        return trace_batch_read;
    trace_fault_at(fault, batch->offset, "a batch of %" PRIu32 " bytes is cut off after %zu", batch->size, left);
    trace_fault_in_generation(fault, batch->generation);
    trace_fault_on_thread(fault, batch->m);
    return trace_batch_broken;
}
