#include "trace/table.h"

#include <inttypes.h>
#include <string.h>

enum { dense_at_least = 1 << 10 };

/* Whether an id belongs to the dense part when there will be n entries: that part stays within a few times the number
 * of entries, whatever the ids are. */
static bool is_dense(uint64_t id, size_t n)
{
    return id < dense_at_least || id < (uint64_t)n * 4;
}

static bool ids_grow(struct trace_ids *ids, struct mem *mem, uint64_t id)
{
    uint64_t room = ids->room ? (uint64_t)ids->room * 2 : dense_at_least;
    while (room <= id)
        room *= 2;
    if (room > UINT32_MAX)
        return false;
    uint32_t *grown = mem->resize(mem, ids->dense, ids->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    memset(grown + ids->room, 0, (room - ids->room) * sizeof *grown);
    ids->dense = grown;
    ids->room = (uint32_t)room;
    return true;
}

void trace_ids_init(struct trace_ids *ids, struct mem *mem)
{
    *ids = (struct trace_ids){.full = 1};
    map_init(&ids->sparse, mem);
}

bool trace_ids_add(struct trace_ids *ids, struct mem *mem, uint64_t id, uint32_t index)
{
    if (id >= ids->room && !is_dense(id, index))
        return map_add(&ids->sparse, id, index) != NULL;
    if (id >= ids->room && !ids_grow(ids, mem, id))
        return false;
    ids->dense[id] = index;
    while (ids->full < ids->room && ids->dense[ids->full])
        ids->full++;
    return true;
}

static void ids_reset(struct trace_ids *ids)
{
    if (ids->room > 0)
        memset(ids->dense, 0, ids->room * sizeof *ids->dense);
    ids->full = 1;
    map_finish(&ids->sparse);
}

void trace_ids_finish(struct trace_ids *ids, struct mem *mem)
{
    mem_put(mem, ids->dense, ids->room * sizeof *ids->dense);
    map_finish(&ids->sparse);
}

bool trace_table_init(struct trace_table *table, struct mem *mem)
{
    *table = (struct trace_table){.mem = mem};
    trace_ids_init(&table->string_ids, mem);
    trace_ids_init(&table->stack_ids, mem);
    map_init(&table->frame_of_pc, mem);
    str_map_init(&table->extra_ids, mem);
    if (vec_push(&table->strings, mem, STR("")) && vec_push(&table->stacks, mem, (struct trace_stack){0}) &&
        vec_push(&table->extras, mem, STR("")))
        return true;
    trace_table_finish(table);
    return false;
}

void trace_table_finish(struct trace_table *table)
{
    trace_ids_finish(&table->string_ids, table->mem);
    trace_ids_finish(&table->stack_ids, table->mem);
    vec_finish(&table->strings, table->mem);
    vec_finish(&table->stacks, table->mem);
    vec_finish(&table->stack_frames, table->mem);
    vec_finish(&table->frames, table->mem);
    vec_finish(&table->extras, table->mem);
    map_finish(&table->frame_of_pc);
    str_map_finish(&table->extra_ids);
}

void trace_table_reset(struct trace_table *table)
{
    ids_reset(&table->string_ids);
    ids_reset(&table->stack_ids);
    table->strings.n = table->stacks.n = table->extras.n = 1;
    table->stack_frames.n = table->frames.n = 0;
    memset(table->known, 0, sizeof table->known);
    map_finish(&table->frame_of_pc);
    str_map_finish(&table->extra_ids);
    table->ns_per_unit = 0;
    table->has_clocks = false;
}

bool trace_table_add_string(struct trace_table *table, uint64_t id, struct str s, uint64_t offset,
                            struct trace_fault *fault)
{
    uint32_t index;
    if (trace_ids_find(&table->string_ids, id, &index))
        return trace_fault_at(fault, offset, "string %" PRIu64 " is defined twice", id);
    if (!vec_push(&table->strings, table->mem, s) ||
        !trace_ids_add(&table->string_ids, table->mem, id, (uint32_t)table->strings.n - 1))
        return trace_fault_at(fault, offset, "out of memory for strings");
    return true;
}

bool trace_table_add_stack(struct trace_table *table, uint64_t id, uint32_t start, uint64_t offset,
                           struct trace_fault *fault)
{
    uint32_t index;
    if (trace_ids_find(&table->stack_ids, id, &index))
        return trace_fault_at(fault, offset, "stack %" PRIu64 " is defined twice", id);
    struct trace_stack stack = {start, (uint32_t)table->stack_frames.n - start};
    if (!vec_push(&table->stacks, table->mem, stack) ||
        !trace_ids_add(&table->stack_ids, table->mem, id, (uint32_t)table->stacks.n - 1))
        return trace_fault_at(fault, offset, "out of memory for stacks");
    return true;
}

bool trace_table_add_frame(struct trace_table *table, struct trace_frame frame)
{
    uint32_t fresh = (uint32_t)table->frames.n;
    uint32_t *index = map_add(&table->frame_of_pc, frame.pc, fresh);
    if (!index || (*index == fresh && !vec_push(&table->frames, table->mem, frame)))
        return false;
    return vec_push(&table->stack_frames, table->mem, *index);
}

/* Replaces the ids of a frame's strings by indices; false, with the id in *missing, where one is not defined. */
static bool resolve(const struct trace_table *table, struct trace_frame *frame, uint64_t *missing)
{
    uint32_t func, file;
    bool has_func = trace_ids_find(&table->string_ids, frame->func, &func);
    if (!has_func || !trace_ids_find(&table->string_ids, frame->file, &file)) {
        *missing = has_func ? frame->file : frame->func;
        return false;
    }
    frame->func = func;
    frame->file = file;
    return true;
}

bool trace_table_complete(struct trace_table *table, uint64_t offset, struct trace_fault *fault)
{
    for (size_t i = 0; i < table->frames.n; i++) {
        uint64_t missing;
        if (!resolve(table, &table->frames.at[i], &missing))
            return trace_fault_at(fault, offset,
                                  "a frame at 0x%" PRIx64 " names string %" PRIu64 ", which is not defined",
                                  table->frames.at[i].pc, missing);
    }
    return true;
}

bool trace_table_complete_leniently(struct trace_table *table)
{
    bool complete = true;
    for (size_t i = 0; i < table->frames.n; i++) {
        uint64_t missing;
        if (!resolve(table, &table->frames.at[i], &missing)) {
            table->frames.at[i].func = TRACE_NO_STRING;
            complete = false;
        }
    }
    return !complete;
}

uint32_t trace_table_extra(struct trace_table *table, struct str s)
{
    if (s.n == 0)
        return 0;
    uint32_t fresh = (uint32_t)table->extras.n;
    uint32_t *index = str_map_add(&table->extra_ids, s, fresh);
    if (!index || (*index == fresh && !vec_push(&table->extras, table->mem, s)))
        return UINT32_MAX;
    return *index;
}
