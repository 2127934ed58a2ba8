#include "runtime/profile_writer.h"

#include "base/arena.h"
#include "base/map.h"
#include "wire/gzip.h"
#include "wire/proto.h"

/* Fields of profile.proto. */
enum {
    profile_sample_type = 1,
    profile_sample = 2,
    profile_mapping = 3,
    profile_location = 4,
    profile_function = 5,
    profile_string_table = 6,
    profile_time_nanos = 9,
    profile_duration_nanos = 10,
    profile_period_type = 11,
    profile_period = 12,
    profile_default_sample_type = 14,
    value_type_type = 1,
    value_type_unit = 2,
    sample_location = 1,
    sample_value = 2,
    sample_label = 3,
    label_key = 1,
    label_num = 3,
    mapping_id = 1,
    mapping_start = 2,
    mapping_limit = 3,
    mapping_offset = 4,
    mapping_filename = 5,
    mapping_build_id = 6,
    mapping_has_functions = 7,
    location_id = 1,
    location_mapping = 2,
    location_address = 3,
    location_line = 4,
    line_function = 1,
    function_id = 1,
    function_name = 2,
    function_system_name = 3,
};

/* What is known of a mapping once all locations are written. */
enum { looked_up = 1, look_up_failed = 2 };

struct writer {
    struct buf *out;
    struct mem *mem;
    const struct tally *tally;
    const struct profile_header *header;
    const struct code *code;
    struct arena arena; /* the strings' text */
    struct str_map string_ids;
    VEC(struct str) strings;
    struct map location_ids; /* by return address */
    struct str_map function_ids;
    VEC(uint8_t) lookups; /* of each mapping */
    bool failed;
};

static uint32_t string_id(struct writer *w, struct str s)
{
    uint32_t *known = str_map_find(&w->string_ids, s);
    if (known)
        return *known;
    struct str kept = arena_str(&w->arena, s);
    uint32_t id = (uint32_t)w->strings.n;
    if (!kept.p || !str_map_add(&w->string_ids, kept, id) || !vec_push(&w->strings, w->mem, kept))
        w->failed = true;
    return id;
}

static void put_nonzero(struct writer *w, uint32_t field, uint64_t value)
{
    if (value != 0)
        proto_put_uint(w->out, field, value);
}

static void put_value_type(struct writer *w, uint32_t field, const struct profile_value *value)
{
    size_t mark = proto_begin(w->out, field);
    proto_put_uint(w->out, value_type_type, string_id(w, str_of(value->type)));
    proto_put_uint(w->out, value_type_unit, string_id(w, str_of(value->unit)));
    proto_end(w->out, mark);
}

static void put_function(struct writer *w, uint32_t id, struct str name)
{
    size_t mark = proto_begin(w->out, profile_function);
    proto_put_uint(w->out, function_id, id);
    put_nonzero(w, function_name, string_id(w, name));
    put_nonzero(w, function_system_name, string_id(w, name));
    proto_end(w->out, mark);
}

/* The id of a function; *is_new where it has to be written. 0 on exhaustion. */
static uint32_t function_id_of(struct writer *w, struct str name, bool *is_new)
{
    uint32_t string = string_id(w, name), before = w->function_ids.n;
    uint32_t *id = w->failed ? NULL : str_map_add(&w->function_ids, w->strings.at[string], before + 1);
    *is_new = id && w->function_ids.n > before;
    w->failed |= !id;
    return id ? *id : 0;
}

/* The name of what stands at a return address's call, or of a mark in place of one. */
static bool find_name(struct writer *w, uint64_t pc, struct str *name)
{
    struct code_symbol symbol;
    if (pc == tally_lost || pc == tally_cut) {
        *name = pc == tally_lost ? STR("[lost samples]") : STR("[truncated stack]");
        return true;
    }
    if (!w->code->find(w->code, pc - 1, &symbol))
        return false;
    *name = symbol.name;
    return true;
}

/* The id of the mapping that holds an address, whose look-up is recorded; 0 where there is none. */
static uint64_t mapping_id_of(struct writer *w, uint64_t address, bool found)
{
    const struct mapping *mapping = mappings_find(w->code->mappings, address);
    if (!mapping)
        return 0;
    size_t index = (size_t)(mapping - w->code->mappings->list.at);
    w->lookups.at[index] |= found ? looked_up : looked_up | look_up_failed;
    return index + 1;
}

/* Writes a location whose address is that of the call, one before the address to which it returns, and its function
 * where that is new. */
static void put_location(struct writer *w, uint32_t id, uint64_t pc)
{
    struct str name = {0};
    bool found = find_name(w, pc, &name), is_new = false;
    uint32_t function = found ? function_id_of(w, name, &is_new) : 0;
    size_t mark = proto_begin(w->out, profile_location);
    proto_put_uint(w->out, location_id, id);
    put_nonzero(w, location_address, pc - 1);
    if (function != 0) {
        size_t line = proto_begin(w->out, location_line);
        proto_put_uint(w->out, line_function, function);
        proto_end(w->out, line);
    }
    put_nonzero(w, location_mapping, mapping_id_of(w, pc - 1, found));
    proto_end(w->out, mark);
    if (is_new)
        put_function(w, function, name);
}

/* Writes the locations of a stack that were not written yet. */
static void put_locations(struct writer *w, const struct tally_row *row)
{
    const uint64_t *pcs = tally_stack(w->tally, row);
    for (uint32_t i = 0; i < row->npcs; i++) {
        uint32_t before = w->location_ids.n;
        uint32_t *id = map_add(&w->location_ids, pcs[i], before + 1);
        if (id && w->location_ids.n > before)
            put_location(w, *id, pcs[i]);
        w->failed |= !id;
    }
}

static void put_sample_values(struct writer *w, const struct tally_row *row)
{
    const struct profile_value *types = profile_format_of(w->header->kind)->values;
    int n = 0;
    while (n < snapshot_values && types[n].type)
        n++;
    if (n <= 2) {
        for (int i = 0; i < n; i++)
            proto_put_uint(w->out, sample_value, (uint64_t)row->values[i]);
        return;
    }
    size_t mark = proto_begin(w->out, sample_value);
    for (int i = 0; i < n; i++)
        proto_put_varint(w->out, (uint64_t)row->values[i]);
    proto_end(w->out, mark);
}

static uint32_t location_id_of(struct writer *w, uint64_t pc)
{
    uint32_t *id = map_find(&w->location_ids, pc);
    return id ? *id : 0;
}

static void put_sample_locations(struct writer *w, const struct tally_row *row)
{
    const uint64_t *pcs = tally_stack(w->tally, row);
    if (row->npcs <= 2) {
        for (uint32_t i = 0; i < row->npcs; i++)
            proto_put_uint(w->out, sample_location, location_id_of(w, pcs[i]));
        return;
    }
    size_t mark = proto_begin(w->out, sample_location);
    for (uint32_t i = 0; i < row->npcs; i++)
        proto_put_varint(w->out, location_id_of(w, pcs[i]));
    proto_end(w->out, mark);
}

static void put_sample(struct writer *w, const struct tally_row *row)
{
    put_locations(w, row);
    size_t mark = proto_begin(w->out, profile_sample);
    put_sample_values(w, row);
    put_sample_locations(w, row);
    if (row->block_size != 0) {
        size_t label = proto_begin(w->out, sample_label);
        proto_put_uint(w->out, label_key, string_id(w, STR("bytes")));
        proto_put_uint(w->out, label_num, (uint64_t)row->block_size);
        proto_end(w->out, label);
    }
    proto_end(w->out, mark);
}

static void put_sample_types(struct writer *w)
{
    const struct profile_format *format = profile_format_of(w->header->kind);
    for (int i = 0; i < snapshot_values && format->values[i].type; i++)
        put_value_type(w, profile_sample_type, &format->values[i]);
    if (format->default_value && !w->header->is_delta)
        proto_put_uint(w->out, profile_default_sample_type, string_id(w, str_of(format->default_value)));
}

static void put_times(struct writer *w)
{
    put_nonzero(w, profile_time_nanos, (uint64_t)w->header->time_nanos);
    if (w->header->kind == profile_cpu || w->header->is_delta)
        put_nonzero(w, profile_duration_nanos, (uint64_t)w->header->duration_nanos);
}

static void put_period(struct writer *w)
{
    const struct profile_format *format = profile_format_of(w->header->kind);
    bool is_count = str_equal(str_of(format->period.unit), STR("count"));
    put_value_type(w, profile_period_type, &format->period);
    put_nonzero(w, profile_period, is_count ? 1 : (uint64_t)w->header->period);
}

static void put_mapping(struct writer *w, size_t index)
{
    const struct mapping *mapping = &w->code->mappings->list.at[index];
    size_t mark = proto_begin(w->out, profile_mapping);
    proto_put_uint(w->out, mapping_id, index + 1);
    put_nonzero(w, mapping_start, mapping->start);
    put_nonzero(w, mapping_limit, mapping->limit);
    put_nonzero(w, mapping_offset, mapping->offset);
    put_nonzero(w, mapping_filename, string_id(w, mapping->file));
    put_nonzero(w, mapping_build_id, string_id(w, mapping->build_id));
    if (w->lookups.at[index] == looked_up)
        proto_put_uint(w->out, mapping_has_functions, 1);
    proto_end(w->out, mark);
}

/* All mappings, or for a delta those in use and the program's; the program's first, as readers expect. */
static void put_mappings(struct writer *w)
{
    size_t program = w->code->mappings->program;
    if (w->code->mappings->list.n > 0)
        put_mapping(w, program);
    for (size_t i = 0; i < w->code->mappings->list.n; i++)
        if (i != program && (w->lookups.at[i] != 0 || !w->header->is_delta))
            put_mapping(w, i);
}

static void put_profile(struct writer *w)
{
    string_id(w, STR(""));
    put_times(w);
    put_period(w);
    put_sample_types(w);
    for (size_t i = 0; i < w->tally->rows.n && !w->failed; i++)
        put_sample(w, &w->tally->rows.at[i]);
    put_mappings(w);
    for (size_t i = 0; i < w->strings.n; i++)
        proto_put_str(w->out, profile_string_table, w->strings.at[i]);
}

static bool reserve_lookups(struct writer *w)
{
    size_t n = w->code->mappings->list.n;
    if (!vec_reserve(&w->lookups, w->mem, n))
        return false;
    for (size_t i = 0; i < n; i++)
        w->lookups.at[i] = 0;
    w->lookups.n = n;
    return true;
}

bool profile_write_proto(struct buf *out, const struct tally *tally, const struct profile_header *header,
                         const struct code *code)
{
    struct mem *mem = tally->mem;
    struct writer w = {.out = out, .mem = mem, .tally = tally, .header = header, .code = code};
    arena_init(&w.arena, mem);
    str_map_init(&w.string_ids, mem);
    map_init(&w.location_ids, mem);
    str_map_init(&w.function_ids, mem);
    w.failed = tally->failed || !reserve_lookups(&w);
    if (!w.failed)
        put_profile(&w);
    vec_finish(&w.lookups, mem);
    str_map_finish(&w.function_ids);
    map_finish(&w.location_ids);
    vec_finish(&w.strings, mem);
    str_map_finish(&w.string_ids);
    arena_finish(&w.arena);
    return !w.failed && !out->failed;
}

bool profile_write(struct buf *out, const struct tally *tally, const struct profile_header *header,
                   const struct code *code)
{
    struct buf raw;
    buf_init(&raw, tally->mem);
    bool ok = profile_write_proto(&raw, tally, header, code) && gzip_deflate(buf_text(&raw), 1, out);
    buf_finish(&raw);
    return ok && !out->failed;
}
