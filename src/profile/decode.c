/* A profile.proto is read field by field in the order of what depends on what: strings, then types, mappings, functions
 * and locations, then samples, although files begin with the samples. A first walk over the top level finds where the
 * fields of each number lie and how many they are, so that every table is allocated once, at its size, and the later
 * walks look only at their own stretch of the file. Every id is a dense index from then on.
 *
 * Nearly all of the bytes are the samples' packed location ids. They are decoded in bulk straight to the end of the
 * frames, turned into indices in place, and forgotten again when the stack is known already. */
#include "profile/decode.h"

#include <string.h>

#include "base/vec.h"
#include "profile/ids.h"
#include "profile/stacks.h"
#include "wire/gzip.h"
#include "wire/proto.h"

/* Field numbers of the message Profile. */
enum {
    field_sample_type = 1,
    field_sample = 2,
    field_mapping = 3,
    field_location = 4,
    field_function = 5,
    field_string = 6,
    field_drop_frames = 7,
    field_keep_frames = 8,
    field_time = 9,
    field_duration = 10,
    field_period_type = 11,
    field_period = 12,
    field_comment = 13,
    field_default_sample_type = 14,
    field_doc_url = 15,
    nfields = 16
};

/* More than any profile holds; and what is inflated may be at most so many times larger than what it came from. */
static const uint64_t text_largest = (uint64_t)4 << 30, text_always = 64 << 20, text_ratio = 256;

/* The stretch of the file from the first to the last field of one number. */
struct span {
    struct cursor from; /* at the first one; not limited to the last one's end */
    const uint8_t *end;
    uint64_t n;
};

struct decoder {
    struct profile *out;
    struct mem *mem;
    struct fault *fault;
    struct span spans[nfields];
    struct span rest;     /* of all from drop_frames on */
    uint32_t *string_ids; /* from the file's string indices to ours */
    uint64_t nstrings;
    struct ids mappings, functions, locations;
    struct stacks stacks;
    VEC(struct profile_line) lines;
    VEC(struct profile_label) labels;
    VEC(uint32_t) comments;
};

static bool fail(struct decoder *d, uint64_t offset, const char *expected)
{
    *d->fault = (struct fault){expected, offset};
    return false;
}

static bool exhausted(struct decoder *d)
{
    return fail(d, 0, "enough memory to read the profile");
}

/* Whether a message was read to its end without a fault, which is handed on otherwise. */
static bool settle(struct decoder *d, const struct cursor *message)
{
    if (!cursor_ok(message))
        *d->fault = message->fault;
    return cursor_ok(message);
}

/* Checks that a field holds a single number. */
static bool is_number(struct decoder *d, const struct proto_field *field)
{
    return field->type == proto_varint || fail(d, field->offset, "a number (varint) in this field");
}

static bool is_message(struct decoder *d, const struct proto_field *field)
{
    return field->type == proto_bytes || fail(d, field->offset, "a message or string in this field");
}

static bool take_u64(struct decoder *d, const struct proto_field *field, uint64_t *out)
{
    if (!is_number(d, field))
        return false;
    *out = field->value;
    return true;
}

static bool take_i64(struct decoder *d, const struct proto_field *field, int64_t *out)
{
    if (!is_number(d, field))
        return false;
    *out = (int64_t)field->value;
    return true;
}

static bool take_bool(struct decoder *d, const struct proto_field *field, bool *out)
{
    if (!is_number(d, field))
        return false;
    *out = field->value != 0;
    return true;
}

/* Our id of the file's string index. */
static bool find_string(struct decoder *d, uint64_t index, uint64_t offset, uint32_t *out)
{
    if (index >= d->nstrings)
        return fail(d, offset, "an index into the string table");
    *out = d->string_ids[index];
    return true;
}

static bool take_string(struct decoder *d, const struct proto_field *field, uint32_t *out)
{
    return is_number(d, field) && find_string(d, field->value, field->offset, out);
}

/* Handles every field of a span whose number is in [first, last]. */
static bool each(struct decoder *d, const struct span *span, uint32_t first, uint32_t last,
                 bool (*take)(struct decoder *, struct proto_field *))
{
    if (span->n == 0)
        return true;
    struct cursor c = span->from;
    c.end = span->end;
    struct proto_field field;
    while (proto_next(&c, &field)) {
        if (field.number >= first && field.number <= last && !take(d, &field))
            return false;
    }
    return settle(d, &c);
}

static void extend(struct span *span, const struct cursor *from, const uint8_t *end)
{
    if (span->n++ == 0)
        span->from = *from;
    span->end = end;
}

/* The first walk: finds the spans. */
static bool survey(struct decoder *d, struct str text)
{
    struct cursor c = cursor_over(text.p, text.n, 0), from = c;
    struct proto_field field;
    for (; proto_next(&c, &field); from = c) {
        if (field.number < nfields)
            extend(&d->spans[field.number], &from, c.p);
        if (field.number >= field_drop_frames && field.number < nfields)
            extend(&d->rest, &from, c.p);
    }
    return settle(d, &c);
}

static bool decode_string(struct decoder *d, struct proto_field *field)
{
    if (!is_message(d, field))
        return false;
    struct str text = proto_str(field);
    if (d->nstrings == 0 && text.n > 0)
        return fail(d, field->offset, "an empty first string");
    uint32_t id = profile_string(d->out, text);
    if (id == PROFILE_NONE)
        return exhausted(d);
    d->string_ids[d->nstrings++] = id;
    return true;
}

static bool decode_strings(struct decoder *d, uint64_t text_size)
{
    const struct span *span = &d->spans[field_string];
    if (span->n == 0)
        return fail(d, text_size, "a string table");
    d->string_ids = mem_get_array(d->mem, span->n, sizeof *d->string_ids);
    if (!d->string_ids)
        return exhausted(d);
    return each(d, span, field_string, field_string, decode_string);
}

static bool decode_value_type(struct decoder *d, struct proto_field *of, struct profile_value_type *out)
{
    if (!is_message(d, of))
        return false;
    struct profile_value_type type = {0};
    struct proto_field field;
    bool ok = true;
    while (ok && proto_next(&of->bytes, &field)) {
        if (field.number == 1)
            ok = take_string(d, &field, &type.type);
        else if (field.number == 2)
            ok = take_string(d, &field, &type.unit);
    }
    *out = type;
    return ok && settle(d, &of->bytes);
}

static bool decode_sample_type(struct decoder *d, struct proto_field *field)
{
    return decode_value_type(d, field, &d->out->sample_types[d->out->nsample_types++]);
}

/* Checks the id of a table's entry and makes it known under the entry's index. */
static bool enter(struct decoder *d, struct ids *ids, uint64_t id, uint32_t index, uint64_t offset)
{
    if (id == 0)
        return fail(d, offset, "an id other than 0");
    switch (ids_add(ids, id, index)) {
    case ids_fresh:
        return true;
    case ids_duplicate:
        return fail(d, offset, "an id that no earlier entry of its table has");
    default:
        return exhausted(d);
    }
}

static bool decode_mapping_field(struct decoder *d, const struct proto_field *field, struct profile_mapping *m)
{
    switch (field->number) {
    case 1:
        return take_u64(d, field, &m->id);
    case 2:
        return take_u64(d, field, &m->start);
    case 3:
        return take_u64(d, field, &m->limit);
    case 4:
        return take_u64(d, field, &m->offset);
    case 5:
        return take_string(d, field, &m->file);
    case 6:
        return take_string(d, field, &m->build_id);
    case 7:
        return take_bool(d, field, &m->has_functions);
    case 8:
        return take_bool(d, field, &m->has_filenames);
    case 9:
        return take_bool(d, field, &m->has_line_numbers);
    case 10:
        return take_bool(d, field, &m->has_inline_frames);
    default:
        return true;
    }
}

static bool decode_mapping(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct profile_mapping *mapping = &d->out->mappings[d->out->nmappings];
    *mapping = (struct profile_mapping){0};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_mapping_field(d, &field, mapping))
            return false;
    }
    return settle(d, &of->bytes) && enter(d, &d->mappings, mapping->id, d->out->nmappings++, of->offset);
}

static bool decode_function_field(struct decoder *d, const struct proto_field *field, struct profile_function *f)
{
    switch (field->number) {
    case 1:
        return take_u64(d, field, &f->id);
    case 2:
        return take_string(d, field, &f->name);
    case 3:
        return take_string(d, field, &f->system_name);
    case 4:
        return take_string(d, field, &f->filename);
    case 5:
        return take_i64(d, field, &f->start_line);
    default:
        return true;
    }
}

static bool decode_function(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct profile_function *function = &d->out->functions[d->out->nfunctions];
    *function = (struct profile_function){0};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_function_field(d, &field, function))
            return false;
    }
    return settle(d, &of->bytes) && enter(d, &d->functions, function->id, d->out->nfunctions++, of->offset);
}

static bool decode_line_field(struct decoder *d, const struct proto_field *field, struct profile_line *line)
{
    switch (field->number) {
    case 1:
        if (!is_number(d, field))
            return false;
        line->function = ids_find(&d->functions, field->value);
        return line->function != PROFILE_NONE || fail(d, field->offset, "the id of a function in the profile");
    case 2:
        return take_i64(d, field, &line->line);
    case 3:
        return take_i64(d, field, &line->column);
    default:
        return true;
    }
}

static bool decode_line(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct profile_line line = {.function = PROFILE_NONE};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_line_field(d, &field, &line))
            return false;
    }
    if (!settle(d, &of->bytes))
        return false;
    if (line.function == PROFILE_NONE)
        return fail(d, of->offset, "a line with a function");
    return vec_push(&d->lines, d->mem, line) || exhausted(d);
}

static bool decode_location_field(struct decoder *d, struct proto_field *field, struct profile_location *l)
{
    switch (field->number) {
    case 1:
        return take_u64(d, field, &l->id);
    case 2:
        if (!is_number(d, field))
            return false;
        l->mapping = ids_find(&d->mappings, field->value); /* an unknown one is none, as in Go */
        return true;
    case 3:
        return take_u64(d, field, &l->address);
    case 4:
        return decode_line(d, field);
    case 5:
        return take_bool(d, field, &l->is_folded);
    default:
        return true;
    }
}

static bool decode_location(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct profile *out = d->out;
    struct profile_location *location = &out->locations[out->nlocations];
    *location = (struct profile_location){.mapping = PROFILE_NONE};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_location_field(d, &field, location))
            return false;
    }
    if (!settle(d, &of->bytes) || !enter(d, &d->locations, location->id, out->nlocations, of->offset))
        return false;
    if (d->lines.n > UINT32_MAX)
        return fail(d, of->offset, "fewer than 2^32 lines");
    out->line_start[++out->nlocations] = (uint32_t)d->lines.n;
    return true;
}

/* find_locations where the ids are just the indices + 1, as nearly always. */
static bool find_locations_in_order(uint32_t count, uint32_t *at, size_t n)
{
    uint32_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        at[i]--; /* 0 becomes the largest */
        worst = at[i] > worst ? at[i] : worst;
    }
    return n == 0 || worst < count;
}

/* Turns `n` ids of locations, each cut to 32 bits, into indices in place. False where one is unknown or sparse. */
static bool find_locations(const struct ids *ids, uint32_t *at, size_t n)
{
    if (ids->in_order)
        return find_locations_in_order(ids->n, at, n);
    uint32_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        if (at[i] >= ids->room)
            return false;
        at[i] = ids->direct[at[i]];
        worst = at[i] > worst ? at[i] : worst;
    }
    return worst != PROFILE_NONE;
}

/* Reads ids of locations one by one, for those that are sparse, and to find the faulty one. */
static bool decode_ids_slowly(struct decoder *d, struct cursor *run, uint32_t *at, size_t *n)
{
    *n = 0;
    while (cursor_left(run) > 0) {
        uint64_t offset = cursor_offset(run), id = cursor_varint(run);
        if (!cursor_ok(run))
            return settle(d, run);
        uint32_t location = ids_find(&d->locations, id);
        if (location == PROFILE_NONE)
            return fail(d, offset, "the id of a location in the profile");
        at[(*n)++] = location;
    }
    return true;
}

/* Appends the locations of one field to the pending stack, which has *depth frames. */
static bool decode_frames(struct decoder *d, struct proto_field *field, uint64_t *depth)
{
    size_t n = field->type == proto_bytes ? cursor_left(&field->bytes) : 1;
    uint32_t *at = stacks_reserve(&d->stacks, *depth + n);
    if (!at)
        return exhausted(d);
    at += *depth;
    if (field->type == proto_bytes) {
        struct cursor run = field->bytes;
        n = cursor_varints_u32(&run, at);
        if ((!cursor_ok(&run) || !find_locations(&d->locations, at, n)) && !decode_ids_slowly(d, &field->bytes, at, &n))
            return false;
    } else {
        if (!is_number(d, field))
            return false;
        *at = ids_find(&d->locations, field->value);
        if (*at == PROFILE_NONE)
            return fail(d, field->offset, "the id of a location in the profile");
    }
    *depth += n;
    return true;
}

static bool add_value(struct decoder *d, uint64_t value, uint64_t offset, uint32_t *n)
{
    if (*n >= d->out->nsample_types)
        return fail(d, offset, "as many values in every sample as there are sample types");
    d->out->values[(uint64_t)d->out->nsamples * d->out->nsample_types + (*n)++] = (int64_t)value;
    return true;
}

static bool decode_values(struct decoder *d, struct proto_field *field, uint32_t *n)
{
    if (field->type == proto_varint)
        return add_value(d, field->value, field->offset, n);
    if (field->type != proto_bytes)
        return is_number(d, field);
    while (cursor_left(&field->bytes) > 0) {
        uint64_t value = cursor_varint(&field->bytes);
        if (!cursor_ok(&field->bytes))
            return settle(d, &field->bytes);
        if (!add_value(d, value, field->offset, n))
            return false;
    }
    return true;
}

/* What a Label message holds, with the file's string indices, where 0 means that the field is not there. */
struct raw_label {
    uint64_t key, str, num, unit;
};

/* Turns a label into ours; *is_label says whether it is one (Go takes no notice of one without string, number, unit).
 */
static bool resolve_label(struct decoder *d, const struct raw_label *raw, uint64_t offset, struct profile_label *label,
                          bool *is_label)
{
    *label = (struct profile_label){.is_num = raw->str == 0, .num = (int64_t)raw->num};
    *is_label = raw->str != 0 || raw->num != 0 || raw->unit != 0;
    if (!find_string(d, raw->key, offset, &label->key))
        return false;
    if (raw->str == 0)
        return find_string(d, raw->unit, offset, &label->unit);
    label->num = 0;
    return find_string(d, raw->str, offset, &label->str);
}

static bool decode_label(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct raw_label raw = {0};
    uint64_t *const fields[] = {&raw.key, &raw.str, &raw.num, &raw.unit};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (field.number >= 1 && field.number <= 4 && !take_u64(d, &field, fields[field.number - 1]))
            return false;
    }
    struct profile_label label;
    bool is_label;
    if (!settle(d, &of->bytes) || !resolve_label(d, &raw, of->offset, &label, &is_label))
        return false;
    return !is_label || vec_push(&d->labels, d->mem, label) || exhausted(d);
}

static bool label_before(const struct profile *profile, const struct profile_label *a, const struct profile_label *b)
{
    if (a->is_num != b->is_num)
        return b->is_num;
    return a->key != b->key && str_compare(profile->strings[a->key], profile->strings[b->key]) < 0;
}

/* Puts a sample's labels in the model's order. They are few, and mostly in order already. */
static void sort_labels(const struct profile *profile, struct profile_label *labels, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct profile_label label = labels[i];
        size_t at = i;
        for (; at > 0 && label_before(profile, &label, &labels[at - 1]); at--)
            labels[at] = labels[at - 1];
        labels[at] = label;
    }
}

/* Takes the fields of a sample: its frames to the pending stack, its values and labels to their columns. */
static bool decode_sample_fields(struct decoder *d, struct proto_field *of, uint64_t *depth, uint32_t *nvalues)
{
    struct proto_field field;
    bool ok = true;
    while (ok && proto_next(&of->bytes, &field)) {
        if (field.number == 1)
            ok = decode_frames(d, &field, depth);
        else if (field.number == 2)
            ok = decode_values(d, &field, nvalues);
        else if (field.number == 3)
            ok = decode_label(d, &field);
    }
    return ok && settle(d, &of->bytes);
}

static bool decode_sample(struct decoder *d, struct proto_field *of)
{
    if (!is_message(d, of))
        return false;
    struct profile *out = d->out;
    uint64_t depth = 0;
    uint32_t nvalues = 0;
    if (!stacks_reserve(&d->stacks, 0))
        return exhausted(d);
    if (!decode_sample_fields(d, of, &depth, &nvalues))
        return false;
    if (nvalues != out->nsample_types)
        return fail(d, of->offset, "as many values in every sample as there are sample types");
    if (!stacks_take_later(&d->stacks, depth, &out->stack[out->nsamples]))
        return exhausted(d);
    size_t first_label = out->label_start[out->nsamples];
    if (d->labels.n - first_label > 1)
        sort_labels(out, d->labels.at + first_label, d->labels.n - first_label);
    out->label_start[++out->nsamples] = d->labels.n;
    return true;
}

static bool decode_comments(struct decoder *d, struct proto_field *field)
{
    uint32_t comment;
    if (field->type == proto_varint)
        return take_string(d, field, &comment) && (vec_push(&d->comments, d->mem, comment) || exhausted(d));
    if (field->type != proto_bytes)
        return is_number(d, field);
    while (cursor_left(&field->bytes) > 0) {
        uint64_t index = cursor_varint(&field->bytes);
        if (!cursor_ok(&field->bytes))
            return settle(d, &field->bytes);
        if (!find_string(d, index, field->offset, &comment))
            return false;
        if (!vec_push(&d->comments, d->mem, comment))
            return exhausted(d);
    }
    return true;
}

/* A field after the tables. */
static bool decode_rest(struct decoder *d, struct proto_field *field)
{
    struct profile *out = d->out;
    switch (field->number) {
    case field_drop_frames:
        return take_string(d, field, &out->drop_frames);
    case field_keep_frames:
        return take_string(d, field, &out->keep_frames);
    case field_time:
        if (out->time_nanos != 0)
            return fail(d, field->offset, "one profile, not several behind each other");
        return take_i64(d, field, &out->time_nanos);
    case field_duration:
        return take_i64(d, field, &out->duration_nanos);
    case field_period_type:
        return decode_value_type(d, field, &out->period_type);
    case field_period:
        return take_i64(d, field, &out->period);
    case field_comment:
        return decode_comments(d, field);
    case field_default_sample_type:
        return take_string(d, field, &out->default_sample_type);
    default:
        return take_string(d, field, &out->doc_url);
    }
}

/* A column of `count` elements; NULL is fine where there are none. */
#define COLUMN(array, count)                                                                                           \
    ((count) == 0 || (d->out->array = mem_get_array(d->mem, (count), sizeof *d->out->array)) != NULL)

/* Reads sample types, mappings, functions and locations. */
static bool decode_tables(struct decoder *d)
{
    const struct span *types = &d->spans[field_sample_type], *mappings = &d->spans[field_mapping],
                      *functions = &d->spans[field_function], *locations = &d->spans[field_location];
    if (!COLUMN(sample_types, types->n) || !COLUMN(mappings, mappings->n) || !COLUMN(functions, functions->n) ||
        !COLUMN(locations, locations->n) || !COLUMN(line_start, locations->n + 1) ||
        !vec_reserve(&d->lines, d->mem, locations->n) || !ids_init(&d->mappings, d->mem, (uint32_t)mappings->n) ||
        !ids_init(&d->functions, d->mem, (uint32_t)functions->n) ||
        !ids_init(&d->locations, d->mem, (uint32_t)locations->n))
        return exhausted(d);
    d->out->line_start[0] = 0;
    return each(d, types, field_sample_type, field_sample_type, decode_sample_type) &&
           each(d, mappings, field_mapping, field_mapping, decode_mapping) &&
           each(d, functions, field_function, field_function, decode_function) &&
           each(d, locations, field_location, field_location, decode_location);
}

static bool decode_samples(struct decoder *d)
{
    const struct span *samples = &d->spans[field_sample];
    uint64_t ntypes = d->out->nsample_types;
    if (samples->n > 0 && ntypes == 0)
        return fail(d, cursor_offset(&samples->from), "a sample type, as there are samples");
    if (samples->n > 0 && ntypes > (uint64_t)(samples->end - samples->from.p) / samples->n)
        return fail(d, cursor_offset(&samples->from), "as many values in every sample as there are sample types");
    if (!COLUMN(stack, samples->n) || !COLUMN(values, samples->n * ntypes) || !COLUMN(label_start, samples->n + 1) ||
        !stacks_init(&d->stacks, d->mem, (uint32_t)samples->n))
        return exhausted(d);
    d->out->label_start[0] = 0;
    return each(d, samples, field_sample, field_sample, decode_sample) && (stacks_settle(&d->stacks) || exhausted(d));
}

/* Hands what was collected in growing arrays over to the profile, each shrunk to its size, which cannot fail. */
static void hand_over(struct decoder *d)
{
    struct profile *out = d->out;
    out->nstacks = d->stacks.n;
    stacks_release(&d->stacks, &out->stack_start, &out->frames);
    profile_resize(out, &d->lines.at, d->lines.room, d->lines.n, sizeof *d->lines.at);
    profile_resize(out, &d->labels.at, d->labels.room, d->labels.n, sizeof *d->labels.at);
    profile_resize(out, &d->comments.at, d->comments.room, d->comments.n, sizeof *d->comments.at);
    out->lines = d->lines.at;
    out->labels = d->labels.at;
    out->comments = d->comments.at;
    out->ncomments = (uint32_t)d->comments.n;
}

static void decoder_finish(struct decoder *d)
{
    mem_put(d->mem, d->string_ids, d->spans[field_string].n * sizeof *d->string_ids);
    ids_finish(&d->mappings);
    ids_finish(&d->functions);
    ids_finish(&d->locations);
}

/* Frees what a decoder that failed has collected, its half-filled profile included. */
static void decoder_abandon(struct decoder *d)
{
    struct profile *out = d->out;
    stacks_finish(&d->stacks);
    vec_finish(&d->lines, d->mem);
    vec_finish(&d->labels, d->mem);
    vec_finish(&d->comments, d->mem);
    /* The blocks are as large as the file's counts, however far the reading came. */
    mem_put(d->mem, out->line_start, (d->spans[field_location].n + 1) * sizeof *out->line_start);
    mem_put(d->mem, out->label_start, (d->spans[field_sample].n + 1) * sizeof *out->label_start);
    out->line_start = NULL;
    out->label_start = NULL;
    out->nsamples = (uint32_t)d->spans[field_sample].n;
    out->nsample_types = (uint32_t)d->spans[field_sample_type].n;
    out->nmappings = (uint32_t)d->spans[field_mapping].n;
    out->nfunctions = (uint32_t)d->spans[field_function].n;
    out->nlocations = (uint32_t)d->spans[field_location].n;
    profile_finish(out);
}

static bool decode_all(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct decoder d = {.out = out, .mem = mem, .fault = fault};
    if (text.n > text_largest)
        return fail(&d, text_largest, "a profile of at most 4 GiB");
    if (text.n == 0)
        return fail(&d, 0, "a profile, not an empty file");
    if (!profile_init(out, mem))
        return exhausted(&d);
    bool ok = survey(&d, text) && decode_strings(&d, text.n) && decode_tables(&d) && decode_samples(&d) &&
              each(&d, &d.rest, field_drop_frames, nfields - 1, decode_rest);
    decoder_finish(&d);
    if (ok)
        hand_over(&d);
    else
        decoder_abandon(&d);
    return ok;
}

uint64_t profile_inflated_limit(uint64_t size)
{
    return size > (text_largest - text_always) / text_ratio ? text_largest : text_always + size * text_ratio;
}

bool profile_inflate(struct str bytes, struct buf *text, struct fault *fault)
{
    return gzip_inflate(bytes, profile_inflated_limit(bytes.n), text, fault);
}

bool profile_decode_text(struct str text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct profile decoded;
    if (!decode_all(text, mem, &decoded, fault))
        return false;
    *out = decoded;
    return true;
}

bool profile_decode(struct str bytes, struct mem *mem, struct profile *out, struct fault *fault)
{
    if (!gzip_is(bytes))
        return profile_decode_text(bytes, mem, out, fault);
    struct buf text;
    buf_init(&text, mem);
    bool ok = profile_inflate(bytes, &text, fault) && profile_decode_text(buf_text(&text), mem, out, fault);
    buf_finish(&text);
    return ok;
}
