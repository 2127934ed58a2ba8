/* A source goes through three steps: what of it is known is looked up (merged_names); its stacks are interned, in the
 * order in which samples first have them, which enters new locations; its samples are added up. Most samples have no
 * labels: such a one is found by its stack alone, in an array.
 */
#include "profile/merger.h"

#include <string.h>

#include "base/hash.h"
#include "profile/merged_names.h"
#include "profile/stacks.h"

struct merger {
    struct mem *mem;
    struct profile out;
    bool owns_out, has_header;
    struct merged_names names;
    struct stacks stacks;
    VEC(uint32_t) plain; /* per stack: the sample of it without labels, or PROFILE_NONE */
    VEC(uint32_t) sample_stack;
    VEC(int64_t) values;
    VEC(uint64_t) label_start;
    VEC(struct profile_label) labels;
    VEC(uint32_t) comments;
    struct index_table labelled; /* the samples with labels */

    const struct profile *source;
    uint32_t *to_stack; /* per stack of the source; PROFILE_NONE: not met yet */
};

struct merger *merger_create(struct mem *mem)
{
    struct merger *m = mem_get(mem, sizeof *m);
    if (!m)
        return NULL;
    *m = (struct merger){.mem = mem};
    m->owns_out = profile_init(&m->out, mem);
    if (m->owns_out && merged_names_init(&m->names, &m->out, mem) && stacks_init(&m->stacks, mem, 0) &&
        vec_push(&m->label_start, mem, 0))
        return m;
    merger_destroy(m);
    return NULL;
}

void merger_destroy(struct merger *m)
{
    if (!m)
        return;
    if (m->owns_out)
        profile_finish(&m->out);
    if (m->names.mem)
        merged_names_finish(&m->names);
    stacks_finish(&m->stacks);
    vec_finish(&m->plain, m->mem);
    vec_finish(&m->sample_stack, m->mem);
    vec_finish(&m->values, m->mem);
    vec_finish(&m->label_start, m->mem);
    vec_finish(&m->labels, m->mem);
    vec_finish(&m->comments, m->mem);
    index_table_finish(&m->labelled, m->mem);
    mem_put(m->mem, m, sizeof *m);
}

const struct profile *merger_header(const struct merger *m)
{
    return &m->out;
}

static bool is_zero(const int64_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (values[i] != 0)
            return false;
    }
    return true;
}

static const int64_t *source_values(const struct merger *m, uint32_t sample)
{
    return m->source->values + (uint64_t)sample * m->source->nsample_types;
}

/* --- Stacks --- */

/* Brings those of a stack's locations over that are not there yet. */
static bool map_new_locations(struct merger *m, const uint32_t *from, uint64_t depth, uint32_t *to)
{
    for (uint64_t i = 0; i < depth; i++) {
        if (to[i] == PROFILE_NONE)
            merged_names_expect(&m->names, from[i]);
    }
    for (uint64_t i = 0; i < depth; i++) {
        if (to[i] != PROFILE_NONE)
            continue;
        to[i] = merged_names_location(&m->names, from[i]);
        if (to[i] == PROFILE_NONE)
            return false;
    }
    return true;
}

/* Brings a stack of the source over; its number is known when the stacks are settled. */
static bool map_stack(struct merger *m, uint32_t stack)
{
    uint64_t first = m->source->stack_start[stack], depth = m->source->stack_start[stack + 1] - first;
    const uint32_t *from = m->source->frames + first, *known = m->names.to_location;
    uint32_t *to = stacks_reserve(&m->stacks, depth), highest = 0;
    for (uint64_t i = 0; to && i < depth; i++) {
        to[i] = known[from[i]];
        highest = to[i] > highest ? to[i] : highest; /* PROFILE_NONE is the highest number */
    }
    return to && (highest != PROFILE_NONE || map_new_locations(m, from, depth, to)) &&
           stacks_take_later(&m->stacks, depth, &m->to_stack[stack]);
}

/* Brings the stacks of all samples over that have values. */
static bool map_stacks(struct merger *m)
{
    const uint32_t due = PROFILE_NONE - 1; /* has been taken, and gets its number later */
    for (uint32_t i = 0; i < m->source->nsamples; i++) {
        uint32_t *became = &m->to_stack[m->source->stack[i]];
        if (*became != PROFILE_NONE || is_zero(source_values(m, i), m->source->nsample_types))
            continue;
        *became = due;
        if (!map_stack(m, m->source->stack[i]))
            return false;
    }
    if (!stacks_settle(&m->stacks) || !vec_reserve(&m->plain, m->mem, m->stacks.n - m->plain.n))
        return false;
    while (m->plain.n < m->stacks.n)
        m->plain.at[m->plain.n++] = PROFILE_NONE;
    return true;
}

/* --- Samples --- */

/* A sample whose labels are the last ones of merger.labels while it is looked for. */
struct sample_key {
    uint32_t stack;
    uint64_t first_label, nlabels;
};

static bool same_label(const struct profile_label *a, const struct profile_label *b)
{
    return a->key == b->key && a->is_num == b->is_num && a->str == b->str && a->unit == b->unit && a->num == b->num;
}

static bool same_sample(const struct merger *m, const struct sample_key *key, uint32_t row)
{
    uint64_t first = m->label_start.at[row], n = m->label_start.at[row + 1] - first;
    if (key->stack != m->sample_stack.at[row] || key->nlabels != n)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (!same_label(&m->labels.at[key->first_label + i], &m->labels.at[first + i]))
            return false;
    }
    return true;
}

static uint64_t sample_hash(const struct merger *m, const struct sample_key *key)
{
    uint64_t hash = hash_u64(key->stack);
    for (uint64_t i = 0; i < key->nlabels; i++) {
        const struct profile_label *label = &m->labels.at[key->first_label + i];
        hash = hash_fold(hash_fold(hash, (uint64_t)label->key << 32 | label->str),
                         (uint64_t)label->num ^ (uint64_t)label->unit << 32);
    }
    return hash_u64(hash);
}

static bool map_labels(struct merger *m, uint32_t sample)
{
    for (uint64_t i = m->source->label_start[sample]; i < m->source->label_start[sample + 1]; i++) {
        struct profile_label label = m->source->labels[i];
        if (!merged_names_string(&m->names, &label.key) || !merged_names_string(&m->names, &label.str) ||
            !merged_names_string(&m->names, &label.unit) || !vec_push(&m->labels, m->mem, label))
            return false;
    }
    return true;
}

/* Appends a sample, whose labels are in merger.labels already. */
static bool append_sample(struct merger *m, uint32_t stack, const int64_t *values)
{
    uint32_t n = m->source->nsample_types;
    if (m->sample_stack.n >= PROFILE_NONE - 1 || !vec_push(&m->sample_stack, m->mem, stack) ||
        !vec_push(&m->label_start, m->mem, m->labels.n) || !vec_reserve(&m->values, m->mem, n))
        return false;
    memcpy(m->values.at + m->values.n, values, n * sizeof *values);
    m->values.n += n;
    return true;
}

static void add_values(struct merger *m, uint32_t row, const int64_t *values)
{
    uint32_t n = m->source->nsample_types;
    for (uint32_t i = 0; i < n; i++) {
        int64_t *sum = &m->values.at[(uint64_t)row * n + i];
        *sum = (int64_t)((uint64_t)*sum + (uint64_t)values[i]);
    }
}

static bool add_plain_sample(struct merger *m, uint32_t stack, const int64_t *values)
{
    uint32_t *row = &m->plain.at[stack];
    if (*row != PROFILE_NONE) {
        add_values(m, *row, values);
        return true;
    }
    *row = (uint32_t)m->sample_stack.n;
    return append_sample(m, stack, values);
}

static bool add_labelled_sample(struct merger *m, uint32_t sample, uint32_t stack, const int64_t *values)
{
    struct sample_key key = {.stack = stack, .first_label = m->labels.n};
    if (!map_labels(m, sample) || !index_table_grow(&m->labelled, m->mem))
        return false;
    key.nlabels = m->labels.n - key.first_label;
    struct index_walk walk = index_walk(&m->labelled, sample_hash(m, &key));
    while (index_walk_next(&walk) && !same_sample(m, &key, walk.row)) {
    }
    if (walk.row == PROFILE_NONE) {
        index_walk_put(&walk, (uint32_t)m->sample_stack.n);
        return append_sample(m, stack, values);
    }
    m->labels.n = key.first_label;
    add_values(m, walk.row, values);
    return true;
}

static bool add_sample(struct merger *m, uint32_t sample)
{
    const struct profile *s = m->source;
    const int64_t *values = source_values(m, sample);
    uint32_t stack = m->to_stack[s->stack[sample]];
    if (is_zero(values, s->nsample_types))
        return true;
    return s->label_start[sample] == s->label_start[sample + 1] ? add_plain_sample(m, stack, values)
                                                                : add_labelled_sample(m, sample, stack, values);
}

/* Asks for what samples need that are soon to be added: first what is kept of the stack, then the values. */
static void expect_sample(const struct merger *m, uint32_t sample)
{
    enum { far = 16, near = 8 };
    const struct profile *s = m->source;
    uint32_t stack = sample + far < s->nsamples ? m->to_stack[s->stack[sample + far]] : PROFILE_NONE;
    if (stack != PROFILE_NONE)
        __builtin_prefetch(&m->plain.at[stack]);
    stack = sample + near < s->nsamples ? m->to_stack[s->stack[sample + near]] : PROFILE_NONE;
    uint32_t row = stack != PROFILE_NONE ? m->plain.at[stack] : PROFILE_NONE;
    if (row != PROFILE_NONE)
        __builtin_prefetch(&m->values.at[(uint64_t)row * s->nsample_types], 1);
}

static bool add_samples(struct merger *m)
{
    /* The first mapping is the main binary's: it stays the first. */
    if (m->names.mappings.n == 0 && m->source->nmappings > 0 && merged_names_mapping(&m->names, 0) == PROFILE_NONE)
        return false;
    if (!map_stacks(m))
        return false;
    for (uint32_t i = 0; i < m->source->nsamples; i++) {
        expect_sample(m, i);
        if (!add_sample(m, i))
            return false;
    }
    return true;
}

/* --- Headers --- */

static bool add_comments(struct merger *m)
{
    for (uint32_t i = 0; i < m->source->ncomments; i++) {
        uint32_t comment = m->source->comments[i];
        if (!merged_names_string(&m->names, &comment))
            return false;
        bool seen = false;
        for (size_t k = 0; k < m->comments.n; k++)
            seen |= m->comments.at[k] == comment;
        if (!seen && !vec_push(&m->comments, m->mem, comment))
            return false;
    }
    return true;
}

static bool map_type(struct merger *m, struct profile_value_type *type)
{
    return merged_names_string(&m->names, &type->type) && merged_names_string(&m->names, &type->unit);
}

/* Takes what is only the first source's: types and frames to drop. */
static bool take_first_header(struct merger *m)
{
    struct profile *out = &m->out;
    const struct profile *s = m->source;
    out->drop_frames = s->drop_frames;
    out->keep_frames = s->keep_frames;
    out->period_type = s->period_type;
    out->has_period_type = s->has_period_type;
    if (!merged_names_string(&m->names, &out->drop_frames) || !merged_names_string(&m->names, &out->keep_frames) ||
        !map_type(m, &out->period_type) ||
        !profile_resize(out, &out->sample_types, 0, s->nsample_types, sizeof *out->sample_types))
        return false;
    out->nsample_types = s->nsample_types;
    for (uint32_t i = 0; i < s->nsample_types; i++) {
        out->sample_types[i] = s->sample_types[i];
        if (!map_type(m, &out->sample_types[i]))
            return false;
    }
    return true;
}

static bool add_header(struct merger *m)
{
    struct profile *out = &m->out;
    const struct profile *s = m->source;
    uint32_t type = s->default_sample_type, url = s->doc_url;
    if (out->time_nanos == 0 || s->time_nanos < out->time_nanos)
        out->time_nanos = s->time_nanos;
    out->duration_nanos = (int64_t)((uint64_t)out->duration_nanos + (uint64_t)s->duration_nanos);
    if (out->period == 0 || out->period < s->period)
        out->period = s->period;
    if (!merged_names_string(&m->names, &type) || !merged_names_string(&m->names, &url))
        return false;
    if (out->default_sample_type == 0)
        out->default_sample_type = type;
    if (out->doc_url == 0)
        out->doc_url = url;
    return add_comments(m);
}

bool merger_add(struct merger *m, const struct profile *source)
{
    m->source = source;
    m->to_stack = mem_get_array(m->mem, (size_t)source->nstacks + 1, sizeof *m->to_stack);
    bool good = m->to_stack && merged_names_begin(&m->names, source);
    if (good) {
        memset(m->to_stack, 0xff, source->nstacks * sizeof *m->to_stack);
        good = (m->has_header || take_first_header(m)) && add_header(m) && add_samples(m);
        m->has_header = true;
    }
    good = merged_names_end(&m->names) && good;
    mem_put(m->mem, m->to_stack, ((size_t)source->nstacks + 1) * sizeof *m->to_stack);
    return good;
}

/* --- The sum --- */

/* Hands a growing array over to the profile, shrunk to its size. */
#define HAND_OVER(vec, array)                                                                                          \
    (profile_resize(out, &m->vec.at, m->vec.room, m->vec.n, sizeof *m->vec.at), out->array = m->vec.at,                \
     m->vec.at = NULL, m->vec.room = 0)

static void hand_over(struct merger *m, struct profile *sum)
{
    struct profile *out = &m->out;
    out->nsamples = (uint32_t)m->sample_stack.n;
    out->ncomments = (uint32_t)m->comments.n;
    out->nstacks = m->stacks.n;
    merged_names_hand_over(&m->names);
    stacks_release(&m->stacks, &out->stack_start, &out->frames);
    HAND_OVER(sample_stack, stack);
    HAND_OVER(values, values);
    HAND_OVER(label_start, label_start);
    HAND_OVER(labels, labels);
    HAND_OVER(comments, comments);
    m->owns_out = false;
    *sum = *out;
}

static bool has_zero_sample(const struct profile *p)
{
    for (uint32_t i = 0; i < p->nsamples; i++) {
        if (is_zero(p->values + (uint64_t)i * p->nsample_types, p->nsample_types))
            return true;
    }
    return false;
}

bool merger_take(struct merger *m, struct profile *out)
{
    struct profile sum;
    hand_over(m, &sum);
    if (!has_zero_sample(&sum)) {
        *out = sum;
        return true;
    }
    /* What cancelled out is dropped, with what only it used, by merging once more. */
    struct merger *again = merger_create(m->mem);
    bool good = again && merger_add(again, &sum);
    if (good)
        hand_over(again, out);
    merger_destroy(again);
    profile_finish(&sum);
    return good;
}
