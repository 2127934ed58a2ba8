/* A batch's first byte says what it holds; a generation is complete when its clock is known and every frame's strings
 * are there. Tables are decoded here through the cursor; sizes are bounded by the format (64 KiB a batch). */
#include "trace/generation.h"

#include <inttypes.h>

#include "trace/sort.h"
#include "trace/spec.h"

bool trace_generation_init(struct trace_generation *generation, struct mem *mem)
{
    *generation = (struct trace_generation){.mem = mem};
    map_init(&generation->thread_of_m, mem);
    if (trace_table_init(&generation->table, mem))
        return true;
    generation->mem = NULL;
    return false;
}

void trace_generation_finish(struct trace_generation *generation)
{
    trace_table_finish(&generation->table);
    vec_finish(&generation->batches, generation->mem);
    vec_finish(&generation->threads, generation->mem);
    vec_finish(&generation->samples, generation->mem);
    map_finish(&generation->thread_of_m);
}

static void reset(struct trace_generation *generation)
{
    trace_table_reset(&generation->table);
    generation->number = generation->min_time = 0;
    generation->batches.n = generation->threads.n = generation->samples.n = 0;
    map_finish(&generation->thread_of_m);
}

/* Notes where and what the cursor of a table's batch wanted. */
static bool cursor_fault(const struct cursor *c, const char *table, struct trace_fault *fault)
{
    return trace_fault_at(fault, c->fault.offset, "a batch of %s: expected %s", table, c->fault.expected);
}

/* Reads the type byte of an entry of a table. */
static bool entry_begins(struct cursor *c, uint8_t type, const char *table, struct trace_fault *fault)
{
    uint64_t offset = cursor_offset(c);
    uint8_t got = cursor_u8(c);
    return got == type || trace_fault_at(fault, offset, "an event of type %d in a batch of %s", got, table);
}

static bool read_string(struct trace_generation *generation, struct cursor *c, struct trace_fault *fault)
{
    uint64_t offset = cursor_offset(c);
    if (!entry_begins(c, ev_string, "strings", fault))
        return false;
    uint64_t id = cursor_varint(c), size = cursor_varint(c);
    if (size > trace_max_string)
        return trace_fault_at(fault, offset, "a string of %" PRIu64 " bytes; at most %d are allowed", size,
                              trace_max_string);
    struct str s = cursor_bytes(c, size);
    if (!cursor_ok(c))
        return cursor_fault(c, "strings", fault);
    return trace_table_add_string(&generation->table, id, s, offset, fault);
}

static bool read_stack(struct trace_generation *generation, struct cursor *c, struct trace_fault *fault)
{
    uint64_t offset = cursor_offset(c);
    if (!entry_begins(c, ev_stack, "stacks", fault))
        return false;
    uint64_t id = cursor_varint(c), n = cursor_varint(c);
    if (n > trace_max_stack)
        return trace_fault_at(fault, offset, "a stack of %" PRIu64 " frames; at most %d are allowed", n,
                              trace_max_stack);
    struct trace_table *table = &generation->table;
    uint32_t start = (uint32_t)table->stack_frames.n;
    if (!trace_frames_read(table, c, (uint32_t)n))
        return trace_fault_at(fault, offset, "out of memory for frames");
    if (!cursor_ok(c))
        return cursor_fault(c, "stacks", fault);
    return trace_table_add_stack(table, id, start, offset, fault);
}

static bool read_sample(struct trace_generation *generation, struct cursor *c, struct trace_fault *fault)
{
    uint64_t offset = cursor_offset(c);
    if (!entry_begins(c, ev_cpu_sample, "CPU samples", fault))
        return false;
    struct trace_sample sample;
    sample.time = (int64_t)cursor_varint(c);
    sample.m = (int64_t)cursor_varint(c);
    sample.p = (int64_t)cursor_varint(c);
    sample.g = (int64_t)cursor_varint(c);
    if (sample.g == 0)
        sample.g = TRACE_NO_GOROUTINE;
    sample.stack = cursor_varint(c);
    if (!cursor_ok(c))
        return cursor_fault(c, "CPU samples", fault);
    return vec_push(&generation->samples, generation->mem, sample) ||
           trace_fault_at(fault, offset, "out of memory for CPU samples");
}

static bool read_frequency(struct trace_table *table, struct cursor *c, struct trace_fault *fault)
{
    if (table->ns_per_unit != 0)
        return trace_fault_at(fault, cursor_offset(c), "a generation with two clock frequencies");
    uint64_t units_per_second = cursor_varint(c);
    if (cursor_ok(c))
        table->ns_per_unit = 1.0 / ((double)units_per_second / 1e9);
    return true;
}

static bool read_clocks(struct trace_table *table, uint64_t batch_time, struct cursor *c, struct trace_fault *fault)
{
    if (table->has_clocks)
        return trace_fault_at(fault, cursor_offset(c), "a generation with two clock snapshots");
    table->has_clocks = true;
    table->clocks.time = batch_time + cursor_varint(c);
    table->clocks.mono = cursor_varint(c);
    table->clocks.sec = cursor_varint(c);
    table->clocks.nsec = cursor_varint(c);
    return true;
}

static bool read_sync(struct trace_table *table, const struct trace_batch *batch, unsigned version, struct cursor *c,
                      struct trace_fault *fault)
{
    if (version >= 25)
        cursor_u8(c);
    while (cursor_left(c) > 0) {
        uint64_t offset = cursor_offset(c);
        uint8_t type = cursor_u8(c);
        bool good = type == ev_frequency ? read_frequency(table, c, fault)
                    : type == ev_clock_snapshot && version >= 25
                        ? read_clocks(table, batch->time, c, fault)
                        : trace_fault_at(fault, offset, "an event of type %d in a batch of clocks", type);
        if (!good)
            return false;
    }
    return cursor_ok(c) || cursor_fault(c, "clocks", fault);
}

/* Decodes entries of a table until the batch ends. */
static bool read_entries(struct trace_generation *generation, struct cursor *c, struct trace_fault *fault,
                         bool (*read)(struct trace_generation *, struct cursor *, struct trace_fault *))
{
    cursor_u8(c);
    while (cursor_left(c) > 0) {
        if (!read(generation, c, fault))
            return false;
    }
    return true;
}

static bool add_events(struct trace_generation *generation, const struct trace_batch *batch, struct trace_fault *fault)
{
    uint32_t index = (uint32_t)generation->batches.n, fresh = (uint32_t)generation->threads.n;
    uint32_t *at = map_add(&generation->thread_of_m, (uint64_t)batch->m, fresh);
    if (!at || !vec_push(&generation->batches, generation->mem, *batch))
        return trace_fault_at(fault, batch->offset, "out of memory for batches");
    if (*at == fresh && fresh == generation->threads.n)
        return vec_push(&generation->threads, generation->mem,
                        (struct trace_thread){batch->m, index, index, batch->size}) ||
               trace_fault_at(fault, batch->offset, "out of memory for threads");
    struct trace_thread *thread = &generation->threads.at[*at];
    generation->batches.at[thread->last].next = index;
    thread->last = index;
    thread->bytes += batch->size;
    return true;
}

static bool is_sync(uint8_t type, unsigned version)
{
    return type == (version >= 25 ? ev_sync : ev_frequency);
}

static bool add_batch(struct trace_generation *generation, const struct trace_batch *batch, unsigned version,
                      struct trace_fault *fault)
{
    struct cursor c = cursor_over(batch->data, batch->size, batch->offset);
    uint8_t type = trace_batch_type(batch);
    bool good;
    if (type == ev_strings)
        good = read_entries(generation, &c, fault, read_string);
    else if (type == ev_stacks)
        good = read_entries(generation, &c, fault, read_stack);
    else if (type == ev_cpu_samples)
        good = read_entries(generation, &c, fault, read_sample);
    else if (is_sync(type, version))
        good = read_sync(&generation->table, batch, version, &c, fault);
    else if (batch->experiment != trace_no_experiment)
        good = true;
    else if (type == ev_end_of_generation)
        good = trace_fault_at(fault, batch->offset, "an end of generation, which this version does not have");
    else
        good = add_events(generation, batch, fault);
    if (!good)
        trace_fault_on_thread(fault, batch->m);
    return good;
}

static bool sort_samples(struct trace_generation *generation, struct trace_fault *fault)
{
    size_t n = generation->samples.n;
    if (n == 0)
        return true;
    struct mem *mem = generation->mem;
    struct trace_sample *sorted = mem_get_array(mem, n, sizeof *sorted);
    struct sort_pair *pairs = mem_get_array(mem, n, sizeof *pairs);
    if (sorted && pairs) {
        for (size_t i = 0; i < n; i++) {
            sorted[i] = generation->samples.at[i];
            sorted[i].time = trace_ns(&generation->table, (uint64_t)sorted[i].time);
            pairs[i] = (struct sort_pair){sorted[i].time, (uint32_t)i};
        }
        sort_pairs(pairs, n);
        for (size_t i = 0; i < n; i++)
            generation->samples.at[i] = sorted[pairs[i].value];
    }
    bool good = sorted && pairs;
    mem_put(mem, sorted, n * sizeof *sorted);
    mem_put(mem, pairs, n * sizeof *pairs);
    return good || trace_fault_at(fault, generation->offset, "out of memory for CPU samples");
}

/* Notes which ids are known that events may name. */
static void note_known(struct trace_generation *generation)
{
    const struct trace_table *table = &generation->table;
    for (unsigned type = 0; type < ev_count; type++) {
        const struct trace_spec *spec = &trace_specs[type];
        uint64_t *known = generation->known[type];
        for (unsigned i = 0; i < trace_max_args - 1; i++) {
            bool is_stack = spec->stacks[0] == i + 1 || spec->stacks[1] == i + 1;
            bool is_string = spec->strings[0] == i + 1 || spec->strings[1] == i + 1;
            known[i] = is_stack ? table->stack_ids.full : is_string ? table->string_ids.full : UINT64_MAX;
        }
    }
}

/* Checks what a generation must have when all its batches were read. */
static bool complete(struct trace_generation *generation, const struct trace_file *file, struct trace_fault *fault)
{
    uint64_t end = cursor_offset(&file->bytes);
    if (generation->table.ns_per_unit == 0)
        return trace_fault_at(fault, end, "a generation without a clock frequency");
    if (file->version >= 25 && !generation->table.has_clocks)
        return trace_fault_at(fault, end, "a generation without a clock snapshot");
    note_known(generation);
    return trace_table_complete(&generation->table, end, fault) && sort_samples(generation, fault);
}

/* Takes a batch in, after the checks that all versions share. */
static bool take_batch(struct trace_generation *generation, const struct trace_file *file,
                       const struct trace_batch *batch, struct trace_fault *fault)
{
    if (generation->min_time == 0 || batch->time < generation->min_time)
        generation->min_time = batch->time;
    return add_batch(generation, batch, file->version, fault);
}

static enum trace_generation_result next_with_end_marks(struct trace_generation *generation, struct trace_file *file,
                                                        struct trace_fault *fault)
{
    for (;;) {
        struct trace_batch batch;
        enum trace_batch_result result = trace_batch_next(&file->bytes, &batch, fault);
        if (result == trace_batch_end && generation->threads.n == 0)
            return trace_generation_end;
        if (result == trace_batch_end)
            trace_fault_at(fault, batch.offset, "the file ends before the end of a generation");
        if (result != trace_batch_read)
            return trace_generation_broken;
        if (generation->number == 0)
            generation->number = batch.generation;
        if (trace_batch_type(&batch) == ev_end_of_generation)
            break;
        if (batch.generation == 0)
            trace_fault_at(fault, batch.offset, "a batch of generation 0, which is not a number of one");
        else if (batch.generation != generation->number)
            trace_fault_at(fault, batch.offset,
                           "a batch of generation %" PRIu64 " before the end of generation %" PRIu64, batch.generation,
                           generation->number);
        if (fault->set || !take_batch(generation, file, &batch, fault))
            return trace_generation_broken;
    }
    return complete(generation, file, fault) ? trace_generation_read : trace_generation_broken;
}

static enum trace_generation_result next_with_spill(struct trace_generation *generation, struct trace_file *file,
                                                    struct trace_fault *fault)
{
    struct trace_fault behind = {0}; /* what is wrong with the file behind this generation */
    if (file->has_spill) {
        file->has_spill = false;
        generation->number = file->spill.generation;
        generation->min_time = file->spill.time;
        if (!add_batch(generation, &file->spill, file->version, fault))
            return trace_generation_broken;
    }
    for (;;) {
        struct trace_batch batch;
        enum trace_batch_result result = trace_batch_next(&file->bytes, &batch, &behind);
        if (result == trace_batch_broken && generation->number == 0) {
            *fault = behind;
            return trace_generation_broken;
        }
        if (result != trace_batch_read)
            break;
        if (batch.generation == 0) {
            trace_fault_at(fault, batch.offset, "a batch of generation 0, which is not a number of one");
            return trace_generation_broken;
        }
        if (generation->number == 0)
            generation->number = batch.generation;
        if (batch.generation == generation->number + 1) {
            file->has_spill = true;
            file->spill = batch;
            break;
        }
        if (batch.generation != generation->number)
            trace_fault_at(fault, batch.offset, "a batch of generation %" PRIu64 " within generation %" PRIu64,
                           batch.generation, generation->number);
        if (fault->set || !take_batch(generation, file, &batch, fault))
            return trace_generation_broken;
    }
    if (!complete(generation, file, fault))
        return trace_generation_broken;
    if (behind.set)
        *fault = behind;
    return trace_generation_read;
}

enum trace_generation_result trace_generation_next(struct trace_generation *generation, struct trace_file *file,
                                                   struct trace_fault *fault)
{
    reset(generation);
    generation->offset = file->has_spill ? file->spill.offset : cursor_offset(&file->bytes);
    enum trace_generation_result result =
        file->version >= 26 ? next_with_end_marks(generation, file, fault) : next_with_spill(generation, file, fault);
    if (result == trace_generation_broken && generation->number != 0)
        trace_fault_in_generation(fault, generation->number);
    return result;
}
