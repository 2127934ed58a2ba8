/* Samples come first in a file, before the tables that they refer to, and are nearly all of it. So they are read as
 * they come, while the rest may not even be inflated yet: the ids of locations are taken for indices plus one, which is
 * what all writers make them, and string indices of labels are left as they are. Behind the tables it shows whether
 * that was right; where it was not, ids are looked up, or the samples are read once more, now with a look-up for each
 * id and an exact fault for what is wrong.
 *
 * Ids are decoded in bulk straight to the end of the frames, and forgotten again when the stack is known already. */
#include "profile/decoder.h"

enum { bytes_per_stack = 96 }; /* for a first guess at how many stacks there are */

/* Reads ids of locations one by one, whatever numbers they are. */
static bool decode_ids(struct decoder *d, struct cursor *run, uint32_t *at, size_t *n)
{
    *n = 0;
    while (cursor_left(run) > 0) {
        uint64_t offset = cursor_offset(run), id = cursor_varint(run);
        if (!cursor_ok(run))
            return decoder_settle(d, run);
        uint32_t location = ids_find(&d->locations, id);
        if (location == PROFILE_NONE)
            return decoder_fail(d, offset, "the id of a location in the profile");
        at[(*n)++] = location;
    }
    return true;
}

/* The same at once, where ids count from 1 on and all are known; false where not. */
static bool decode_ids_in_order(const struct decoder *d, struct cursor run, uint32_t *at, size_t *n)
{
    uint32_t worst = 0;
    *n = d->locations.in_order ? cursor_varints_u32(&run, at) : 0;
    for (size_t i = 0; i < *n; i++) {
        at[i]--; /* 0 becomes the largest */
        worst = at[i] > worst ? at[i] : worst;
    }
    return *n > 0 && worst < d->locations.n;
}

/* Reads ids of locations before it is known whose they are: as indices that are right where ids count from 1 on. */
static bool decode_ids_early(struct decoder *d, struct cursor *run, uint32_t *at, size_t *n)
{
    uint32_t worst = d->early.worst_location;
    *n = cursor_varints_u32(run, at);
    for (size_t i = 0; i < *n; i++) {
        at[i]--; /* 0 becomes the largest */
        worst = at[i] > worst ? at[i] : worst;
    }
    d->early.worst_location = worst;
    return decoder_settle(d, run);
}

static bool decode_single_id(struct decoder *d, const struct proto_field *field, uint32_t *at)
{
    if (!decoder_is_number(d, field))
        return false;
    if (d->early.on) {
        *at = field->value > UINT32_MAX ? UINT32_MAX : (uint32_t)field->value - 1;
        d->early.worst_location = *at > d->early.worst_location ? *at : d->early.worst_location;
        return true;
    }
    *at = ids_find(&d->locations, field->value);
    return *at != PROFILE_NONE || decoder_fail(d, field->offset, "the id of a location in the profile");
}

/* Appends the locations of one field to the pending stack, which has *depth frames. */
static bool decode_frames(struct decoder *d, struct proto_field *field, uint64_t *depth)
{
    bool packed = field->type == proto_bytes, ok;
    size_t n = packed ? cursor_left(&field->bytes) : 1;
    uint32_t *at = stacks_reserve(&d->stacks, *depth + n);
    if (!at)
        return decoder_exhausted(d);
    at += *depth;
    if (packed && d->early.on)
        ok = decode_ids_early(d, &field->bytes, at, &n);
    else if (packed)
        ok = decode_ids_in_order(d, field->bytes, at, &n) || decode_ids(d, &field->bytes, at, &n);
    else
        ok = decode_single_id(d, field, at);
    *depth += n;
    return ok;
}

static bool add_value(struct decoder *d, uint64_t value, uint64_t offset, uint32_t *n)
{
    if (++*n > d->ntypes)
        return decoder_fail(d, offset, "as many values in every sample as there are sample types");
    return vec_push(&d->values, d->mem, (int64_t)value) || decoder_exhausted(d);
}

static bool decode_values(struct decoder *d, struct proto_field *field, uint32_t *n)
{
    if (field->type == proto_varint)
        return add_value(d, field->value, field->offset, n);
    if (field->type != proto_bytes)
        return decoder_is_number(d, field);
    while (cursor_left(&field->bytes) > 0) {
        uint64_t value = cursor_varint(&field->bytes);
        if (!cursor_ok(&field->bytes))
            return decoder_settle(d, &field->bytes);
        if (!add_value(d, value, field->offset, n))
            return false;
    }
    return true;
}

/* What a Label message holds, with the file's string indices, where 0 means that the field is not there. */
struct raw_label {
    uint64_t key, str, num, unit;
};

/* The string of a label: the index itself while the strings are not known. */
static bool label_string(struct decoder *d, uint64_t index, uint64_t offset, uint32_t *out)
{
    if (!d->early.on)
        return decoder_find_string(d, index, offset, out);
    d->early.worst_string = index > d->early.worst_string ? index : d->early.worst_string;
    *out = (uint32_t)index;
    return true;
}

/* Turns a label into ours; *is_label says whether it is one (Go takes no notice of one without string, number, unit).
 */
static bool resolve_label(struct decoder *d, const struct raw_label *raw, uint64_t offset, struct profile_label *label,
                          bool *is_label)
{
    *label = (struct profile_label){.is_num = raw->str == 0, .num = (int64_t)raw->num};
    *is_label = raw->str != 0 || raw->num != 0 || raw->unit != 0;
    if (!label_string(d, raw->key, offset, &label->key))
        return false;
    if (raw->str == 0)
        return label_string(d, raw->unit, offset, &label->unit);
    label->num = 0;
    return label_string(d, raw->str, offset, &label->str);
}

static bool add_label(struct decoder *d, const struct raw_label *raw, uint64_t offset)
{
    struct profile_label label;
    bool is_label;
    if (!resolve_label(d, raw, offset, &label, &is_label))
        return false;
    return !is_label || vec_push(&d->labels, d->mem, label) || decoder_exhausted(d);
}

static bool decode_label(struct decoder *d, struct proto_field *of)
{
    if (!decoder_is_message(d, of))
        return false;
    struct raw_label raw = {0};
    uint64_t *const fields[] = {&raw.key, &raw.str, &raw.num, &raw.unit};
    struct proto_field field;
    while (proto_next(&of->bytes, &field)) {
        if (field.number >= 1 && field.number <= 4 && !decoder_take_u64(d, &field, fields[field.number - 1]))
            return false;
    }
    return decoder_settle(d, &of->bytes) && add_label(d, &raw, of->offset);
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

/* Reads the varints of a packed run as values; false where there is one that is not as nearly all are. */
static bool quick_values(struct decoder *d, const uint8_t *p, const uint8_t *end, uint32_t *n)
{
    uint64_t value;
    while (p && p < end) {
        p = varint_of_8(p, &value);
        if (!p || ++*n > d->ntypes || !vec_push(&d->values, d->mem, (int64_t)value))
            return false;
    }
    return p == end;
}

static bool quick_label(struct decoder *d, const uint8_t *p, const uint8_t *end)
{
    struct raw_label raw = {0};
    uint64_t *const fields[] = {&raw.key, &raw.str, &raw.num, &raw.unit}, value;
    uint8_t tag;
    while (p && p < end) {
        p = proto_quick(p, &tag, &value);
        if (tag % 8 != proto_varint || tag < PROTO_TAG(1, proto_varint) || tag > PROTO_TAG(4, proto_varint))
            return false;
        *fields[tag / 8 - 1] = value;
    }
    return p == end && add_label(d, &raw, 0);
}

/* Reads bytes of a sample that stand in a field. */
static bool quick_bytes(struct decoder *d, uint8_t tag, const uint8_t *p, size_t size, uint64_t *depth,
                        uint32_t *nvalues)
{
    struct proto_field ids = {.type = proto_bytes};
    switch (tag) {
    case PROTO_TAG(1, proto_bytes):
        ids.bytes = cursor_over(p, size, 0);
        return decode_frames(d, &ids, depth);
    case PROTO_TAG(2, proto_bytes):
        return quick_values(d, p, p + size, nvalues);
    case PROTO_TAG(3, proto_bytes):
        return quick_label(d, p, p + size);
    default:
        return false;
    }
}

/* Reads a sample as nearly all are; false where it is another, or faulty, and is to be read again. */
static bool quick_sample(struct decoder *d, const struct proto_field *of, uint64_t *depth, uint32_t *nvalues)
{
    const uint8_t *p = of->bytes.p, *end = of->bytes.end;
    uint64_t value;
    uint8_t tag;
    while (p && p < end) {
        p = proto_quick(p, &tag, &value);
        if (tag == PROTO_TAG(2, proto_varint)) {
            if (!p || ++*nvalues > d->ntypes || !vec_push(&d->values, d->mem, (int64_t)value))
                return false;
        } else if (!p || p > end || value > (size_t)(end - p) ||
                   !quick_bytes(d, tag, p, (size_t)value, depth, nvalues)) {
            return false;
        } else {
            p += value;
        }
    }
    return p == end;
}

/* Takes the fields of a sample: its frames to the pending stack, its values and labels to their columns. */
static bool decode_sample_fields(struct decoder *d, struct proto_field *of, uint64_t *depth, uint32_t *nvalues)
{
    size_t first_value = d->values.n, first_label = d->labels.n;
    if (decoder_is_quick(d, of) && quick_sample(d, of, depth, nvalues))
        return true;
    d->values.n = first_value;
    d->labels.n = first_label;
    *depth = *nvalues = 0;
    struct proto_field field = {0};
    bool ok = true;
    while (ok && proto_next(&of->bytes, &field)) {
        if (field.number == 1)
            ok = decode_frames(d, &field, depth);
        else if (field.number == 2)
            ok = decode_values(d, &field, nvalues);
        else if (field.number == 3)
            ok = decode_label(d, &field);
    }
    return ok && decoder_settle(d, &of->bytes);
}

/* Makes room for one more sample. Where columns move, the indices that are due go to where they are now. */
static bool reserve_sample(struct decoder *d)
{
    if (!d->raw && d->stack.n == d->stack.room && !stacks_settle(&d->stacks))
        return false;
    return vec_reserve(&d->stack, d->mem, 1) && vec_reserve(&d->label_start, d->mem, 1) &&
           stacks_reserve(&d->stacks, 0);
}

static bool take_stack(struct decoder *d, uint64_t depth)
{
    uint32_t *index = &d->stack.at[d->stack.n];
    if (!d->raw)
        return stacks_take_later(&d->stacks, depth, index);
    *index = d->stacks.n;
    return stacks_append(&d->stacks, depth);
}

static bool decode_sample(struct decoder *d, struct proto_field *of)
{
    uint64_t depth = 0;
    uint32_t nvalues = 0;
    if (!decoder_is_message(d, of))
        return false;
    if (!reserve_sample(d))
        return decoder_exhausted(d);
    if (!decode_sample_fields(d, of, &depth, &nvalues))
        return false;
    if (nvalues != d->ntypes)
        return decoder_fail(d, of->offset, "as many values in every sample as there are sample types");
    if (!take_stack(d, depth))
        return decoder_exhausted(d);
    d->stack.n++;
    d->label_start.at[d->label_start.n++] = d->labels.n;
    return true;
}

/* Forgets all samples read so far. False on exhaustion. */
static bool begin_samples(struct decoder *d)
{
    stacks_finish(&d->stacks);
    d->stack.n = d->values.n = d->label_start.n = d->labels.n = 0;
    uint64_t likely = d->raw ? 0 : d->likely_size / bytes_per_stack;
    return stacks_init(&d->stacks, d->mem, likely > UINT32_MAX / 4 ? UINT32_MAX / 4 : (uint32_t)likely) &&
           vec_push(&d->label_start, d->mem, 0);
}

void decoder_take_sample_early(struct decoder *d, struct proto_field *field)
{
    if (d->early.given_up)
        return;
    d->early.on = true;
    if (d->ntypes == 0) {
        d->ntypes = (uint32_t)d->early.ntypes;
        d->early.given_up = d->ntypes == 0 || !begin_samples(d);
    }
    d->early.given_up = d->early.given_up || !decode_sample(d, field);
    d->early.on = false;
}

/* Turns ids - 1 into indices in place. False where one is unknown, or may have been longer than 32 bits. */
static bool find_locations(struct decoder *d)
{
    uint32_t worst = d->early.worst_location;
    uint64_t n = d->stacks.start[d->stacks.n];
    if (d->locations.in_order)
        return n == 0 || worst < d->locations.n;
    if (worst >= UINT32_MAX - 1)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        d->stacks.frames[i] = ids_find(&d->locations, (uint64_t)d->stacks.frames[i] + 1);
        if (d->stacks.frames[i] == PROFILE_NONE)
            return false;
    }
    return true;
}

/* Turns the file's string indices in labels into ours. False where one is out of bounds. */
static bool find_label_strings(struct decoder *d)
{
    if (d->early.worst_string >= d->nstrings)
        return false;
    for (size_t i = 0; i < d->labels.n; i++) {
        struct profile_label *label = &d->labels.at[i];
        label->key = d->string_ids[label->key];
        label->str = d->string_ids[label->str];
        label->unit = d->string_ids[label->unit];
    }
    return true;
}

/* Puts the labels of each sample in the model's order. */
static void sort_all_labels(struct decoder *d)
{
    for (size_t i = 0; i + 1 < d->label_start.n; i++) {
        uint64_t first = d->label_start.at[i], n = d->label_start.at[i + 1] - first;
        if (n > 1)
            sort_labels(d->out, d->labels.at + first, n);
    }
}

bool decoder_resolve_samples(struct decoder *d)
{
    if (d->early.given_up || d->ntypes == 0 || d->ntypes != d->out->nsample_types)
        return false;
    if (!stacks_settle(&d->stacks) || !find_locations(d) || !find_label_strings(d))
        return false;
    sort_all_labels(d);
    return true;
}

/* Makes room for the samples of a span, which is not much more than they need. */
static bool reserve_samples(struct decoder *d, const struct span *samples)
{
    enum { id_size = 2 };
    uint64_t bytes = (uint64_t)(samples->end - samples->from.p);
    uint64_t values = samples->n > bytes / d->ntypes ? bytes : samples->n * d->ntypes; /* a value takes a byte */
    return vec_reserve(&d->stack, d->mem, samples->n) && vec_reserve(&d->label_start, d->mem, samples->n) &&
           vec_reserve(&d->values, d->mem, values) && stacks_reserve(&d->stacks, bytes / id_size);
}

bool decoder_take_samples(struct decoder *d)
{
    const struct span *samples = &d->spans[field_sample];
    if (samples->n > 0 && d->out->nsample_types == 0)
        return decoder_fail(d, cursor_offset(&samples->from), "a sample type, as there are samples");
    d->ntypes = d->out->nsample_types;
    if (!begin_samples(d) || (d->raw && samples->n > 0 && !reserve_samples(d, samples)))
        return decoder_exhausted(d);
    if (!decoder_each(d, samples, field_sample, field_sample, decode_sample))
        return false;
    if (!stacks_settle(&d->stacks))
        return decoder_exhausted(d);
    sort_all_labels(d);
    return true;
}
