/* A profile.proto is read field by field in the order of what depends on what: strings, then types, mappings, functions
 * and locations, although files hold them in another order. A first walk over the top level, which reads the samples
 * (decode_samples.c), finds where the fields of each number lie and how many they are, so that every table is allocated
 * once, at its size, and the later walks look only at their own stretch of the file. Every id is a dense index from
 * then on. */
#include "profile/decode.h"

#include <string.h>

#include "profile/decoder.h"
#include "wire/gzip.h"

/* More than any profile holds; and what is inflated may be at most so many times larger than what it came from. */
static const uint64_t text_largest = (uint64_t)4 << 30, text_always = 64 << 20, text_ratio = 256;

bool decoder_fail(struct decoder *d, uint64_t offset, const char *expected)
{
    *d->fault = (struct fault){expected, offset};
    return false;
}

bool decoder_exhausted(struct decoder *d)
{
    return decoder_fail(d, 0, "enough memory to read the profile");
}

bool decoder_settle(struct decoder *d, const struct cursor *message)
{
    if (!cursor_ok(message))
        *d->fault = message->fault;
    return cursor_ok(message);
}

bool decoder_is_number(struct decoder *d, const struct proto_field *field)
{
    return field->type == proto_varint || decoder_fail(d, field->offset, "a number (varint) in this field");
}

bool decoder_is_message(struct decoder *d, const struct proto_field *field)
{
    return field->type == proto_bytes || decoder_fail(d, field->offset, "a message or string in this field");
}

bool decoder_take_u64(struct decoder *d, const struct proto_field *field, uint64_t *out)
{
    if (!decoder_is_number(d, field))
        return false;
    *out = field->value;
    return true;
}

static bool take_i64(struct decoder *d, const struct proto_field *field, int64_t *out)
{
    if (!decoder_is_number(d, field))
        return false;
    *out = (int64_t)field->value;
    return true;
}

static bool take_bool(struct decoder *d, const struct proto_field *field, bool *out)
{
    if (!decoder_is_number(d, field))
        return false;
    *out = field->value != 0;
    return true;
}

/* decoder_find_string without a word about what is wrong. */
static bool quick_string(const struct decoder *d, uint64_t index, uint32_t *out)
{
    if (index >= d->nstrings)
        return false;
    *out = !d->raw ? d->string_ids[index] : d->out->strings[index].n == 0 ? 0 : (uint32_t)index;
    return true;
}

bool decoder_find_string(struct decoder *d, uint64_t index, uint64_t offset, uint32_t *out)
{
    return quick_string(d, index, out) || decoder_fail(d, offset, "an index into the string table");
}

static bool take_string(struct decoder *d, const struct proto_field *field, uint32_t *out)
{
    return decoder_is_number(d, field) && decoder_find_string(d, field->value, field->offset, out);
}

bool decoder_each(struct decoder *d, const struct span *span, uint32_t first, uint32_t last,
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
    return decoder_settle(d, &c);
}

static void extend(struct span *span, const struct cursor *from, const uint8_t *end)
{
    if (span->n++ == 0)
        span->from = *from;
    span->end = end;
}

/* The first walk: finds the spans, and reads the samples. */
static bool survey(struct decoder *d)
{
    struct cursor c = cursor_over(d->text.p, d->text.n, 0), from = c;
    struct proto_field field;
    d->readable = c.end;
    for (; proto_next(&c, &field); from = c) {
        if (field.number < nfields)
            extend(&d->spans[field.number], &from, c.p);
        d->early.ntypes += field.number == field_sample_type;
        if (field.number == field_sample && !d->raw)
            decoder_take_sample_early(d, &field);
        if (field.number >= field_drop_frames && field.number < nfields)
            extend(&d->rest, &from, c.p);
    }
    return decoder_settle(d, &c);
}

/* The same for a text that comes in pieces: reads the samples, and keeps all else for another walk. */
static bool take_pieces(struct decoder *d, struct relay *relay, struct buf *kept)
{
    struct str text = {0};
    size_t rest = 0;
    while (relay_next(relay, rest, &text)) {
        struct cursor c = cursor_over(text.p, text.n, 0), from = c;
        struct proto_field field;
        d->readable = c.end;
        for (; proto_next(&c, &field); from = c) {
            d->early.ntypes += field.number == field_sample_type;
            if (field.number == field_sample)
                decoder_take_sample_early(d, &field);
            else
                buf_bytes(kept, from.p, (size_t)(c.p - from.p));
        }
        if (d->early.given_up || kept->failed)
            return false;
        rest = (size_t)(from.end - from.p);
    }
    return rest == 0;
}

static bool decode_string(struct decoder *d, struct proto_field *field)
{
    if (!decoder_is_message(d, field))
        return false;
    struct str text = proto_str(field);
    if (d->nstrings == 0 && text.n > 0)
        return decoder_fail(d, field->offset, "an empty first string");
    uint32_t id = profile_string(d->out, text);
    if (id == PROFILE_NONE)
        return decoder_exhausted(d);
    d->string_ids[d->nstrings++] = id;
    return true;
}

static bool take_raw_string(struct decoder *d, struct proto_field *field)
{
    if (!decoder_is_message(d, field))
        return false;
    struct str text = proto_str(field);
    if (d->nstrings > 0)
        d->out->strings[d->nstrings] = text;
    else if (text.n > 0)
        return decoder_fail(d, field->offset, "an empty first string");
    d->out->nstrings = (uint32_t)++d->nstrings;
    return true;
}

/* Strings as the file has them. */
static bool take_raw_strings(struct decoder *d, const struct span *span)
{
    struct profile *out = d->out;
    if (span->n >= PROFILE_NONE)
        return decoder_fail(d, d->text.n, "fewer than 2^32 strings");
    if (!profile_resize(out, &out->strings, out->strings_room, span->n, sizeof *out->strings))
        return decoder_exhausted(d);
    out->strings_room = (uint32_t)span->n;
    return decoder_each(d, span, field_string, field_string, take_raw_string);
}

static bool decode_strings(struct decoder *d)
{
    const struct span *span = &d->spans[field_string];
    if (span->n == 0)
        return decoder_fail(d, d->text.n, "a string table");
    if (d->raw)
        return take_raw_strings(d, span);
    d->string_ids = mem_get_array(d->mem, span->n, sizeof *d->string_ids);
    if (!d->string_ids)
        return decoder_exhausted(d);
    return decoder_each(d, span, field_string, field_string, decode_string);
}

static bool decode_value_type(struct decoder *d, struct proto_field *of, struct profile_value_type *out)
{
    if (!decoder_is_message(d, of))
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
    return ok && decoder_settle(d, &of->bytes);
}

static bool decode_sample_type(struct decoder *d, struct proto_field *field)
{
    return decode_value_type(d, field, &d->out->sample_types[d->out->nsample_types++]);
}

/* Checks the id of a table's entry and makes it known under the entry's index. */
static bool enter(struct decoder *d, struct ids *ids, uint64_t id, uint32_t index, uint64_t offset)
{
    if (id == 0)
        return decoder_fail(d, offset, "an id other than 0");
    switch (ids_add(ids, id, index)) {
    case ids_fresh:
        return true;
    case ids_duplicate:
        return decoder_fail(d, offset, "an id that no earlier entry of its table has");
    default:
        return decoder_exhausted(d);
    }
}

static bool decode_mapping_field(struct decoder *d, const struct proto_field *field, struct profile_mapping *m)
{
    switch (field->number) {
    case 1:
        return decoder_take_u64(d, field, &m->id);
    case 2:
        return decoder_take_u64(d, field, &m->start);
    case 3:
        return decoder_take_u64(d, field, &m->limit);
    case 4:
        return decoder_take_u64(d, field, &m->offset);
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
    if (!decoder_is_message(d, of))
        return false;
    struct profile_mapping *mapping = &d->out->mappings[d->out->nmappings];
    *mapping = (struct profile_mapping){0};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_mapping_field(d, &field, mapping))
            return false;
    }
    return decoder_settle(d, &of->bytes) && enter(d, &d->mappings, mapping->id, d->out->nmappings++, of->offset);
}

static bool decode_function_field(struct decoder *d, const struct proto_field *field, struct profile_function *f)
{
    switch (field->number) {
    case 1:
        return decoder_take_u64(d, field, &f->id);
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

/* Reads a function as nearly all are; false where it is another. */
static bool quick_function(const struct decoder *d, const struct proto_field *of, struct profile_function *f)
{
    const uint8_t *p = of->bytes.p, *end = of->bytes.end;
    uint64_t strings[3] = {0}, value; /* name, system name, file */
    uint8_t tag;
    while (p && p < end) {
        p = proto_quick(p, &tag, &value);
        if (tag == PROTO_TAG(1, proto_varint))
            f->id = value;
        else if (tag >= PROTO_TAG(2, proto_varint) && tag <= PROTO_TAG(4, proto_varint) && tag % 8 == proto_varint)
            strings[tag / 8 - 2] = value;
        else if (tag == PROTO_TAG(5, proto_varint))
            f->start_line = (int64_t)value;
        else
            return false;
    }
    return p == end && quick_string(d, strings[0], &f->name) && quick_string(d, strings[1], &f->system_name) &&
           quick_string(d, strings[2], &f->filename);
}

static bool slow_function(struct decoder *d, struct proto_field *of, struct profile_function *function)
{
    struct proto_field field;
    *function = (struct profile_function){0};
    while (proto_next(&of->bytes, &field)) {
        if (!decode_function_field(d, &field, function))
            return false;
    }
    return decoder_settle(d, &of->bytes);
}

static bool decode_function(struct decoder *d, struct proto_field *of)
{
    if (!decoder_is_message(d, of))
        return false;
    struct profile_function *function = &d->out->functions[d->out->nfunctions];
    *function = (struct profile_function){0};
    return ((decoder_is_quick(d, of) && quick_function(d, of, function)) || slow_function(d, of, function)) &&
           enter(d, &d->functions, function->id, d->out->nfunctions++, of->offset);
}

static bool decode_line_field(struct decoder *d, const struct proto_field *field, struct profile_line *line)
{
    switch (field->number) {
    case 1:
        if (!decoder_is_number(d, field))
            return false;
        line->function = ids_find(&d->functions, field->value);
        return line->function != PROFILE_NONE || decoder_fail(d, field->offset, "the id of a function in the profile");
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
    if (!decoder_is_message(d, of))
        return false;
    struct profile_line line = {.function = PROFILE_NONE};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (!decode_line_field(d, &field, &line))
            return false;
    }
    if (!decoder_settle(d, &of->bytes))
        return false;
    if (line.function == PROFILE_NONE)
        return decoder_fail(d, of->offset, "a line with a function");
    return vec_push(&d->lines, d->mem, line) || decoder_exhausted(d);
}

static bool decode_location_field(struct decoder *d, struct proto_field *field, struct profile_location *l)
{
    switch (field->number) {
    case 1:
        return decoder_take_u64(d, field, &l->id);
    case 2:
        if (!decoder_is_number(d, field))
            return false;
        l->mapping = ids_find(&d->mappings, field->value); /* an unknown one is none, as in Go */
        return true;
    case 3:
        return decoder_take_u64(d, field, &l->address);
    case 4:
        return decode_line(d, field);
    case 5:
        return take_bool(d, field, &l->is_folded);
    default:
        return true;
    }
}

/* Reads a line as nearly all are; false where it is another. */
static bool quick_line(struct decoder *d, const uint8_t *p, const uint8_t *end)
{
    struct profile_line line = {.function = PROFILE_NONE};
    uint64_t value;
    uint8_t tag;
    while (p && p < end) {
        p = proto_quick(p, &tag, &value);
        if (tag == PROTO_TAG(1, proto_varint))
            line.function = ids_find(&d->functions, value);
        else if (tag == PROTO_TAG(2, proto_varint))
            line.line = (int64_t)value;
        else if (tag == PROTO_TAG(3, proto_varint))
            line.column = (int64_t)value;
        else
            return false;
    }
    return p == end && line.function != PROFILE_NONE && vec_push(&d->lines, d->mem, line);
}

/* The same for a location, whose lines go behind those before. */
static bool quick_location(struct decoder *d, const struct proto_field *of, struct profile_location *l)
{
    const uint8_t *p = of->bytes.p, *end = of->bytes.end;
    uint64_t value;
    uint8_t tag;
    while (p && p < end) {
        p = proto_quick(p, &tag, &value);
        if (tag == PROTO_TAG(1, proto_varint))
            l->id = value;
        else if (tag == PROTO_TAG(2, proto_varint))
            l->mapping = ids_find(&d->mappings, value);
        else if (tag == PROTO_TAG(3, proto_varint))
            l->address = value;
        else if (tag == PROTO_TAG(5, proto_varint))
            l->is_folded = value != 0;
        else if (tag != PROTO_TAG(4, proto_bytes) || !p || p > end || value > (size_t)(end - p) ||
                 !quick_line(d, p, p + value))
            return false;
        else
            p += value;
    }
    return p == end;
}

static bool slow_location(struct decoder *d, struct proto_field *of, struct profile_location *location)
{
    struct proto_field field;
    *location = (struct profile_location){.mapping = PROFILE_NONE};
    while (proto_next(&of->bytes, &field)) {
        if (!decode_location_field(d, &field, location))
            return false;
    }
    return decoder_settle(d, &of->bytes);
}

static bool decode_location_fields(struct decoder *d, struct proto_field *of, struct profile_location *location)
{
    size_t nlines = d->lines.n;
    *location = (struct profile_location){.mapping = PROFILE_NONE};
    if (decoder_is_quick(d, of) && quick_location(d, of, location))
        return true;
    d->lines.n = nlines;
    return slow_location(d, of, location);
}

static bool decode_location(struct decoder *d, struct proto_field *of)
{
    if (!decoder_is_message(d, of))
        return false;
    struct profile *out = d->out;
    struct profile_location *location = &out->locations[out->nlocations];
    if (!decode_location_fields(d, of, location) || !enter(d, &d->locations, location->id, out->nlocations, of->offset))
        return false;
    if (d->lines.n > UINT32_MAX)
        return decoder_fail(d, of->offset, "fewer than 2^32 lines");
    out->line_start[++out->nlocations] = (uint32_t)d->lines.n;
    return true;
}

static bool decode_comments(struct decoder *d, struct proto_field *field)
{
    uint32_t comment;
    if (field->type == proto_varint)
        return take_string(d, field, &comment) && (vec_push(&d->comments, d->mem, comment) || decoder_exhausted(d));
    if (field->type != proto_bytes)
        return decoder_is_number(d, field);
    while (cursor_left(&field->bytes) > 0) {
        uint64_t index = cursor_varint(&field->bytes);
        if (!cursor_ok(&field->bytes))
            return decoder_settle(d, &field->bytes);
        if (!decoder_find_string(d, index, field->offset, &comment))
            return false;
        if (!vec_push(&d->comments, d->mem, comment))
            return decoder_exhausted(d);
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
            return decoder_fail(d, field->offset, "one profile, not several behind each other");
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
        !vec_reserve(&d->lines, d->mem, locations->n + locations->n / 2) ||
        !ids_init(&d->mappings, d->mem, (uint32_t)mappings->n) ||
        !ids_init(&d->functions, d->mem, (uint32_t)functions->n) ||
        !ids_init(&d->locations, d->mem, (uint32_t)locations->n))
        return decoder_exhausted(d);
    d->out->line_start[0] = 0;
    return decoder_each(d, types, field_sample_type, field_sample_type, decode_sample_type) &&
           decoder_each(d, mappings, field_mapping, field_mapping, decode_mapping) &&
           decoder_each(d, functions, field_function, field_function, decode_function) &&
           decoder_each(d, locations, field_location, field_location, decode_location);
}

/* Hands a growing array over to the profile, shrunk to its size, which cannot fail. */
#define HAND_OVER(array)                                                                                               \
    (profile_resize(d->out, &d->array.at, d->array.room, d->array.n, sizeof *d->array.at), d->out->array = d->array.at)

static void hand_over(struct decoder *d)
{
    struct profile *out = d->out;
    out->nstacks = d->stacks.n;
    stacks_release(&d->stacks, &out->stack_start, &out->frames);
    HAND_OVER(stack);
    HAND_OVER(values);
    HAND_OVER(label_start);
    HAND_OVER(labels);
    HAND_OVER(lines);
    HAND_OVER(comments);
    out->nsamples = (uint32_t)d->stack.n;
    out->ncomments = (uint32_t)d->comments.n;
}

static void decoder_finish(struct decoder *d)
{
    mem_put(d->mem, d->string_ids, d->spans[field_string].n * sizeof *d->string_ids); /* NULL where raw */
    ids_finish(&d->mappings);
    ids_finish(&d->functions);
    ids_finish(&d->locations);
}

/* Frees what a decoder that failed has collected, its half-filled profile included. */
static void decoder_abandon(struct decoder *d)
{
    struct profile *out = d->out;
    stacks_finish(&d->stacks);
    vec_finish(&d->stack, d->mem);
    vec_finish(&d->values, d->mem);
    vec_finish(&d->label_start, d->mem);
    vec_finish(&d->labels, d->mem);
    vec_finish(&d->lines, d->mem);
    vec_finish(&d->comments, d->mem);
    /* The tables' blocks are as large as the file's counts, however far the reading came. */
    mem_put(d->mem, out->line_start, (d->spans[field_location].n + 1) * sizeof *out->line_start);
    out->line_start = NULL;
    out->nsample_types = (uint32_t)d->spans[field_sample_type].n;
    out->nmappings = (uint32_t)d->spans[field_mapping].n;
    out->nfunctions = (uint32_t)d->spans[field_function].n;
    out->nlocations = (uint32_t)d->spans[field_location].n;
    profile_finish(out);
}

/* Ends a decoder whose profile is complete, or is not. */
static bool decoder_end(struct decoder *d, bool complete)
{
    decoder_finish(d);
    if (complete)
        hand_over(d);
    else
        decoder_abandon(d);
    return complete;
}

static bool decode_all(struct decoder *d)
{
    if (d->text.n > text_largest)
        return decoder_fail(d, text_largest, "a profile of at most 4 GiB");
    if (d->text.n == 0)
        return decoder_fail(d, 0, "a profile, not an empty file");
    if (!profile_init(d->out, d->mem))
        return decoder_exhausted(d);
    bool ok = survey(d) && decode_strings(d) && decode_tables(d) &&
              ((!d->raw && decoder_resolve_samples(d)) || decoder_take_samples(d)) &&
              decoder_each(d, &d->rest, field_drop_frames, nfields - 1, decode_rest);
    return decoder_end(d, ok);
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
    struct decoder d = {.out = &decoded, .mem = mem, .fault = fault, .text = text, .likely_size = text.n};
    if (!decode_all(&d))
        return false;
    *out = decoded;
    return true;
}

bool profile_decode_raw(struct buf *text, struct mem *mem, struct profile *out, struct fault *fault)
{
    struct profile decoded;
    struct decoder d = {.out = &decoded, .mem = mem, .fault = fault, .text = buf_text(text), .raw = true};
    if (!decode_all(&d))
        return false;
    decoded.text = *text;
    buf_init(text, text->mem);
    *out = decoded;
    return true;
}

bool profile_decode_relayed(struct relay *relay, uint64_t likely_size, struct mem *mem, struct profile *out)
{
    struct profile decoded;
    struct fault fault;
    struct buf kept;
    struct decoder d = {.out = &decoded, .mem = mem, .fault = &fault, .likely_size = likely_size};
    if (!profile_init(&decoded, mem)) {
        relay_stop(relay);
        return false;
    }
    buf_init(&kept, mem);
    bool ok = take_pieces(&d, relay, &kept);
    relay_stop(relay);
    d.text = buf_text(&kept);
    ok = ok && survey(&d) && decode_strings(&d) && decode_tables(&d) && decoder_resolve_samples(&d) &&
         decoder_each(&d, &d.rest, field_drop_frames, nfields - 1, decode_rest);
    ok = decoder_end(&d, ok);
    buf_finish(&kept);
    if (ok)
        *out = decoded;
    return ok;
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
