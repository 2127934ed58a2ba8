/* Go numbers the strings in the order in which its encoder meets them, so a first walk over everything that holds a
 * string numbers them, and a second one writes, in pieces that know nothing of each other. Lists of more than two
 * numbers are packed, shorter ones are not; zeros are left out but for the default sample type, which is always there.
 */
#include "profile/encode.h"

#include <endian.h>
#include <string.h>

#include "base/vec.h"
#include "wire/proto.h"

/* The tables that pieces are cut from, in the file's order. */
enum table { table_types, table_samples, table_mappings, table_locations, table_functions, table_strings, table_rest };

/* Rows [first, end) of a table. */
struct piece {
    enum table table;
    uint32_t first, end;
};

struct profile_encoding {
    const struct profile *profile;
    uint32_t *index; /* of each of our strings in the file's table; PROFILE_NONE for unused ones */
    uint32_t *order; /* our strings in the table's order */
    uint32_t n;
    uint64_t *ids; /* of each location: its id as it is written (in the low bytes), its length in the top one */
    size_t strings_size;
    VEC(struct piece) pieces;
    uint64_t likely_size;
};

/* What the writers below have at hand. */
struct encoder {
    const struct profile *profile;
    const uint32_t *index;
    const uint64_t *ids;
    struct buf *out;
};

enum { short_id_most = 7 /* bytes */, length_shift = 56 };

static void use(struct profile_encoding *e, uint32_t string)
{
    if (e->index[string] != PROFILE_NONE)
        return;
    e->index[string] = e->n;
    e->order[e->n++] = string;
}

static void use_value_type(struct profile_encoding *e, const struct profile_value_type *type)
{
    use(e, type->type);
    use(e, type->unit);
}

static void use_labels(struct profile_encoding *e)
{
    const struct profile *p = e->profile;
    for (uint64_t i = 0; i < p->label_start[p->nsamples]; i++) {
        use(e, p->labels[i].key);
        use(e, p->labels[i].is_num ? p->labels[i].unit : p->labels[i].str);
    }
}

static void use_tables(struct profile_encoding *e)
{
    const struct profile *p = e->profile;
    for (uint32_t i = 0; i < p->nmappings; i++) {
        use(e, p->mappings[i].file);
        use(e, p->mappings[i].build_id);
    }
    for (uint32_t i = 0; i < p->nfunctions; i++) {
        use(e, p->functions[i].name);
        use(e, p->functions[i].system_name);
        use(e, p->functions[i].filename);
    }
}

/* Numbers all strings, in Go's order. */
static void number_strings(struct profile_encoding *e)
{
    const struct profile *p = e->profile;
    use(e, 0);
    for (uint32_t i = 0; i < p->nsample_types; i++)
        use_value_type(e, &p->sample_types[i]);
    use_labels(e);
    use_tables(e);
    use(e, p->drop_frames);
    use(e, p->keep_frames);
    use_value_type(e, &p->period_type);
    for (uint32_t i = 0; i < p->ncomments; i++)
        use(e, p->comments[i]);
    use(e, p->default_sample_type);
    use(e, p->doc_url);
}

static void put_optional(struct buf *out, uint32_t number, uint64_t value)
{
    if (value != 0)
        proto_put_uint(out, number, value);
}

static void put_value_type(struct encoder *e, uint32_t number, const struct profile_value_type *type)
{
    size_t mark = proto_begin(e->out, number);
    put_optional(e->out, 1, e->index[type->type]);
    put_optional(e->out, 2, e->index[type->unit]);
    proto_end(e->out, mark);
}

/* Encodes the ids of all locations, for most of a profile is these. One that is too long for its place has length 0. */
static void encode_ids(struct profile_encoding *e)
{
    for (uint32_t i = 0; i < e->profile->nlocations; i++) {
        char text[proto_varint_most + sizeof(uint64_t)] = {0};
        uint64_t n = proto_write_varint(text, e->profile->locations[i].id), word = 0;
        for (unsigned byte = 0; byte < n && byte < short_id_most; byte++)
            word |= (uint64_t)(uint8_t)text[byte] << (8 * byte);
        e->ids[i] = n <= short_id_most ? word | n << length_shift : 0;
    }
}

/* Writes an id at `to`, where there is room for the longest, and returns where it ends. */
static char *write_id(const struct encoder *e, char *to, uint32_t location)
{
    uint64_t word = htole64(e->ids[location]);
    if (e->ids[location] == 0)
        return to + proto_write_varint(to, e->profile->locations[location].id);
    memcpy(to, &word, sizeof word);
    return to + (e->ids[location] >> length_shift);
}

/* A stack's location ids. */
static void put_stack(struct encoder *e, uint32_t stack)
{
    const struct profile *p = e->profile;
    uint64_t i = p->stack_start[stack], end = p->stack_start[stack + 1];
    if (end - i <= 2) {
        for (; i < end; i++)
            proto_put_uint(e->out, 1, p->locations[p->frames[i]].id);
        return;
    }
    size_t mark = proto_begin(e->out, 1);
    char *to = buf_reserve(e->out, (end - i) * proto_varint_most);
    for (; to && i < end; i++)
        to = write_id(e, to, p->frames[i]);
    if (to)
        e->out->n = (size_t)(to - e->out->p);
    proto_end(e->out, mark);
}

static void put_values(struct encoder *e, const int64_t *values, uint32_t n)
{
    if (n <= 2) {
        for (uint32_t i = 0; i < n; i++)
            proto_put_uint(e->out, 2, (uint64_t)values[i]);
        return;
    }
    size_t mark = proto_begin(e->out, 2);
    for (uint32_t i = 0; i < n; i++)
        proto_put_varint(e->out, (uint64_t)values[i]);
    proto_end(e->out, mark);
}

static void put_label(struct encoder *e, const struct profile_label *label)
{
    size_t mark = proto_begin(e->out, 3);
    put_optional(e->out, 1, e->index[label->key]);
    if (label->is_num) {
        put_optional(e->out, 3, (uint64_t)label->num);
        put_optional(e->out, 4, e->index[label->unit]);
    } else {
        put_optional(e->out, 2, e->index[label->str]);
    }
    proto_end(e->out, mark);
}

static void put_sample(struct encoder *e, uint32_t sample)
{
    const struct profile *p = e->profile;
    size_t mark = proto_begin(e->out, 2);
    put_stack(e, p->stack[sample]);
    put_values(e, p->values + (uint64_t)sample * p->nsample_types, p->nsample_types);
    for (uint64_t i = p->label_start[sample]; i < p->label_start[sample + 1]; i++)
        put_label(e, &p->labels[i]);
    proto_end(e->out, mark);
}

static void put_mapping(struct encoder *e, const struct profile_mapping *mapping)
{
    size_t mark = proto_begin(e->out, 3);
    put_optional(e->out, 1, mapping->id);
    put_optional(e->out, 2, mapping->start);
    put_optional(e->out, 3, mapping->limit);
    put_optional(e->out, 4, mapping->offset);
    put_optional(e->out, 5, e->index[mapping->file]);
    put_optional(e->out, 6, e->index[mapping->build_id]);
    put_optional(e->out, 7, mapping->has_functions);
    put_optional(e->out, 8, mapping->has_filenames);
    put_optional(e->out, 9, mapping->has_line_numbers);
    put_optional(e->out, 10, mapping->has_inline_frames);
    proto_end(e->out, mark);
}

static void put_line(struct encoder *e, const struct profile_line *line)
{
    size_t mark = proto_begin(e->out, 4);
    put_optional(e->out, 1, line->function == PROFILE_NONE ? 0 : e->profile->functions[line->function].id);
    put_optional(e->out, 2, (uint64_t)line->line);
    put_optional(e->out, 3, (uint64_t)line->column);
    proto_end(e->out, mark);
}

static void put_location(struct encoder *e, uint32_t index)
{
    const struct profile *p = e->profile;
    const struct profile_location *location = &p->locations[index];
    size_t mark = proto_begin(e->out, 4);
    put_optional(e->out, 1, location->id);
    put_optional(e->out, 2, location->mapping == PROFILE_NONE ? 0 : p->mappings[location->mapping].id);
    put_optional(e->out, 3, location->address);
    for (uint32_t i = p->line_start[index]; i < p->line_start[index + 1]; i++)
        put_line(e, &p->lines[i]);
    put_optional(e->out, 5, location->is_folded);
    proto_end(e->out, mark);
}

static void put_function(struct encoder *e, const struct profile_function *function)
{
    size_t mark = proto_begin(e->out, 5);
    put_optional(e->out, 1, function->id);
    put_optional(e->out, 2, e->index[function->name]);
    put_optional(e->out, 3, e->index[function->system_name]);
    put_optional(e->out, 4, e->index[function->filename]);
    put_optional(e->out, 5, (uint64_t)function->start_line);
    proto_end(e->out, mark);
}

static void put_comments(struct encoder *e)
{
    const struct profile *p = e->profile;
    if (p->ncomments <= 2) {
        for (uint32_t i = 0; i < p->ncomments; i++)
            proto_put_uint(e->out, 13, e->index[p->comments[i]]);
        return;
    }
    size_t mark = proto_begin(e->out, 13);
    for (uint32_t i = 0; i < p->ncomments; i++)
        proto_put_varint(e->out, e->index[p->comments[i]]);
    proto_end(e->out, mark);
}

static void put_rest(struct encoder *e)
{
    const struct profile *p = e->profile;
    put_optional(e->out, 7, e->index[p->drop_frames]);
    put_optional(e->out, 8, e->index[p->keep_frames]);
    put_optional(e->out, 9, (uint64_t)p->time_nanos);
    put_optional(e->out, 10, (uint64_t)p->duration_nanos);
    if (p->period_type.type != 0 || p->period_type.unit != 0)
        put_value_type(e, 11, &p->period_type);
    put_optional(e->out, 12, (uint64_t)p->period);
    put_comments(e);
    proto_put_uint(e->out, 14, e->index[p->default_sample_type]);
    put_optional(e->out, 15, e->index[p->doc_url]);
}

/* --- Pieces --- */

static void put_row(struct encoder *e, const uint32_t *order, enum table table, uint32_t row)
{
    const struct profile *p = e->profile;
    switch (table) {
    case table_types:
        put_value_type(e, 1, &p->sample_types[row]);
        break;
    case table_samples:
        put_sample(e, row);
        break;
    case table_mappings:
        put_mapping(e, &p->mappings[row]);
        break;
    case table_locations:
        put_location(e, row);
        break;
    case table_functions:
        put_function(e, &p->functions[row]);
        break;
    case table_strings:
        proto_put_str(e->out, 6, p->strings[order[row]]);
        break;
    default:
        put_rest(e);
    }
}

/* Cuts a table of rows of about so many bytes each. */
static bool cut(struct profile_encoding *e, enum table table, uint32_t rows, uint64_t row_size)
{
    uint64_t most = row_size > profile_piece_size ? 1 : profile_piece_size / row_size;
    e->likely_size += rows * row_size;
    for (uint64_t first = 0; first < rows; first += most) {
        struct piece piece = {table, (uint32_t)first, rows - first < most ? rows : (uint32_t)(first + most)};
        if (!vec_push(&e->pieces, e->profile->mem, piece))
            return false;
    }
    return true;
}

static uint64_t sample_size(const struct profile *p)
{
    enum { around = 16, id_size = 3 };
    return around + (p->nstacks == 0 ? 0 : p->stack_start[p->nstacks] / p->nstacks * id_size);
}

static bool cut_all(struct profile_encoding *e)
{
    enum {
        type_size = 8,
        mapping_size = 40,
        location_size = 24,
        function_size = 20,
        string_size = 50,
        rest_size = 100
    };
    const struct profile *p = e->profile;
    return cut(e, table_types, p->nsample_types, type_size) && cut(e, table_samples, p->nsamples, sample_size(p)) &&
           cut(e, table_mappings, p->nmappings, mapping_size) &&
           cut(e, table_locations, p->nlocations, location_size) &&
           cut(e, table_functions, p->nfunctions, function_size) && cut(e, table_strings, e->n, string_size) &&
           cut(e, table_rest, 1, rest_size);
}

struct profile_encoding *profile_encoding_create(const struct profile *profile)
{
    struct profile_encoding *e = mem_get(profile->mem, sizeof *e);
    if (!e)
        return NULL;
    *e = (struct profile_encoding){.profile = profile, .strings_size = profile->nstrings * sizeof(uint32_t)};
    e->index = mem_get(profile->mem, e->strings_size);
    e->order = mem_get(profile->mem, e->strings_size);
    e->ids = mem_get_array(profile->mem, (size_t)profile->nlocations + 1, sizeof *e->ids);
    if (e->index && e->order && e->ids) {
        encode_ids(e);
        memset(e->index, 0xff, e->strings_size);
        number_strings(e);
        if (cut_all(e))
            return e;
    }
    profile_encoding_destroy(e);
    return NULL;
}

void profile_encoding_destroy(struct profile_encoding *e)
{
    if (!e)
        return;
    struct mem *mem = e->profile->mem;
    mem_put(mem, e->index, e->strings_size);
    mem_put(mem, e->order, e->strings_size);
    mem_put(mem, e->ids, ((size_t)e->profile->nlocations + 1) * sizeof *e->ids);
    vec_finish(&e->pieces, mem);
    mem_put(mem, e, sizeof *e);
}

size_t profile_encoding_pieces(const struct profile_encoding *e)
{
    return e->pieces.n;
}

uint64_t profile_encoding_likely_size(const struct profile_encoding *e)
{
    return e->likely_size;
}

bool profile_encoding_put(const struct profile_encoding *e, size_t piece, struct buf *out)
{
    struct encoder encoder = {e->profile, e->index, e->ids, out};
    const struct piece *rows = &e->pieces.at[piece];
    for (uint32_t row = rows->first; row < rows->end; row++)
        put_row(&encoder, e->order, rows->table, row);
    return !out->failed;
}

bool profile_encode(const struct profile *profile, struct buf *out)
{
    size_t before = out->n;
    struct profile_encoding *e = profile_encoding_create(profile);
    bool ok = e != NULL;
    for (size_t i = 0; ok && i < e->pieces.n; i++)
        ok = profile_encoding_put(e, i, out);
    profile_encoding_destroy(e);
    if (!ok)
        out->n = before;
    return ok;
}
