/* The merged profile grows in the order in which the samples of the sources, one source after the other, lead to new
 * things; that order is what the ids in -raw and -proto output come from. For each source, columns remember what its
 * functions, mappings and locations became, so each is hashed and compared once; stacks are interned as while reading.
 */
#include "profile/merge.h"

#include <string.h>

#include "base/hash.h"
#include "base/vec.h"
#include "profile/sample_types.h"
#include "profile/scale.h"
#include "profile/stacks.h"

/* A table of indices under a hash; equality is the caller's to tell. */
struct index_table {
    uint64_t *slots; /* hash's high half << 32 | index + 1; 0 for free */
    uint32_t room, n;
};

struct merger {
    struct profile *out;
    struct mem *mem;
    VEC(struct profile_mapping) mappings;
    VEC(struct profile_function) functions;
    VEC(struct profile_location) locations;
    VEC(uint32_t) line_start;
    VEC(struct profile_line) lines;
    VEC(uint32_t) sample_stack;
    VEC(int64_t) values;
    VEC(uint64_t) label_start;
    VEC(struct profile_label) labels;
    VEC(uint32_t) comments;
    struct stacks stacks;
    struct index_table mapping_table, function_table, location_table, sample_table;

    const struct profile *source;
    uint32_t *to_string, *to_function, *to_mapping, *to_location, *to_stack; /* PROFILE_NONE: not met yet */
};

static void table_finish(struct index_table *table, struct mem *mem)
{
    mem_put(mem, table->slots, table->room * sizeof *table->slots);
}

static uint64_t slot_of(uint64_t hash, uint32_t index)
{
    return (hash & 0xffffffff00000000u) | ((uint64_t)index + 1);
}

/* Where the walk over the slots that a hash may be in begins. The tag is the hash's high half, so that is used here
 * too: growing needs no hash anew. */
static uint32_t first_slot(const struct index_table *table, uint64_t slot)
{
    return (uint32_t)(slot >> 32) & (table->room - 1);
}

static bool table_grow(struct index_table *table, struct mem *mem)
{
    enum { smallest = 64 };
    if ((uint64_t)table->n * 3 < (uint64_t)table->room * 2)
        return true;
    struct index_table grown = {.room = table->room == 0 ? smallest : table->room * 2, .n = table->n};
    grown.slots = grown.room == 0 ? NULL : mem_get_array(mem, grown.room, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    memset(grown.slots, 0, grown.room * sizeof *grown.slots);
    for (uint32_t i = 0; i < table->room; i++) {
        uint32_t at = first_slot(&grown, table->slots[i]);
        while (table->slots[i] != 0 && grown.slots[at] != 0)
            at = (at + 1) & (grown.room - 1);
        if (table->slots[i] != 0)
            grown.slots[at] = table->slots[i];
    }
    table_finish(table, mem);
    *table = grown;
    return true;
}

/* The index under a hash for which `same` answers true, or `fresh`, which is entered then; PROFILE_NONE on exhaustion.
 */
static uint32_t table_add(struct merger *m, struct index_table *table, uint64_t hash, uint32_t fresh,
                          bool (*same)(const struct merger *m, const void *key, uint32_t index), const void *key)
{
    if (!table_grow(table, m->mem))
        return PROFILE_NONE;
    uint64_t wanted = slot_of(hash, fresh);
    for (uint32_t at = first_slot(table, wanted);; at = (at + 1) & (table->room - 1)) {
        uint64_t slot = table->slots[at];
        if (slot == 0) {
            table->slots[at] = wanted;
            table->n++;
            return fresh;
        }
        uint32_t index = (uint32_t)slot - 1;
        if (slot >> 32 == wanted >> 32 && same(m, key, index))
            return index;
    }
}

/* The merged profile's id for one of the source's strings. */
static bool map_string(struct merger *m, uint32_t *string)
{
    uint32_t *known = &m->to_string[*string];
    if (*known == PROFILE_NONE)
        *known = profile_string(m->out, m->source->strings[*string]);
    *string = *known;
    return *known != PROFILE_NONE;
}

/* What mappings are the same by: their size in pages, since addresses are random; the offset; the build id or file. */
struct mapping_key {
    uint64_t size, offset;
    uint32_t build_id_or_file;
};

static struct mapping_key mapping_key(const struct profile_mapping *mapping)
{
    const uint64_t page = 0x1000;
    uint64_t size = mapping->limit - mapping->start + page - 1;
    return (struct mapping_key){size - size % page, mapping->offset,
                                mapping->build_id != 0 ? mapping->build_id : mapping->file};
}

static bool same_mapping(const struct merger *m, const void *key, uint32_t index)
{
    const struct mapping_key *a = key, b = mapping_key(&m->mappings.at[index]);
    return a->size == b.size && a->offset == b.offset && a->build_id_or_file == b.build_id_or_file;
}

/* Brings a mapping of the source over; false on exhaustion. */
static bool map_mapping(struct merger *m, uint32_t index)
{
    if (m->to_mapping[index] != PROFILE_NONE)
        return true;
    struct profile_mapping mapping = m->source->mappings[index];
    if (!map_string(m, &mapping.file) || !map_string(m, &mapping.build_id))
        return false;
    struct mapping_key key = mapping_key(&mapping);
    uint64_t hash = hash_fold(hash_fold(key.size, key.offset), key.build_id_or_file);
    uint32_t fresh = (uint32_t)m->mappings.n, found = table_add(m, &m->mapping_table, hash, fresh, same_mapping, &key);
    mapping.id = (uint64_t)fresh + 1;
    m->to_mapping[index] = found;
    return found != PROFILE_NONE && (found != fresh || vec_push(&m->mappings, m->mem, mapping));
}

static bool same_function(const struct merger *m, const void *key, uint32_t index)
{
    const struct profile_function *a = key, *b = &m->functions.at[index];
    return a->name == b->name && a->system_name == b->system_name && a->filename == b->filename &&
           a->start_line == b->start_line;
}

static bool map_function(struct merger *m, uint32_t index)
{
    if (m->to_function[index] != PROFILE_NONE)
        return true;
    struct profile_function function = m->source->functions[index];
    if (!map_string(m, &function.name) || !map_string(m, &function.system_name) || !map_string(m, &function.filename))
        return false;
    uint64_t hash = hash_fold((uint64_t)function.name << 32 | function.filename,
                              (uint64_t)function.start_line << 32 ^ function.system_name);
    uint32_t fresh = (uint32_t)m->functions.n,
             found = table_add(m, &m->function_table, hash, fresh, same_function, &function);
    function.id = (uint64_t)fresh + 1;
    m->to_function[index] = found;
    return found != PROFILE_NONE && (found != fresh || vec_push(&m->functions, m->mem, function));
}

/* A location with its lines, which are the last ones of merger.lines while it is looked for. */
struct location_key {
    struct profile_location location;
    uint32_t first_line, nlines;
};

static uint64_t relative_address(const struct merger *m, const struct profile_location *location)
{
    return location->mapping == PROFILE_NONE ? location->address
                                             : location->address - m->mappings.at[location->mapping].start;
}

/* Whether two runs of lines are the same. Go's key has room for only the last line's column. */
static bool same_lines(const struct profile_line *a, const struct profile_line *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (a[i].function != b[i].function || a[i].line != b[i].line)
            return false;
    }
    return n == 0 || a[n - 1].column == b[n - 1].column;
}

static bool same_location(const struct merger *m, const void *key, uint32_t index)
{
    const struct location_key *a = key;
    const struct profile_location *b = &m->locations.at[index];
    uint32_t first = m->line_start.at[index], n = m->line_start.at[index + 1] - first;
    return a->location.mapping == b->mapping && a->location.is_folded == b->is_folded && a->nlines == n &&
           relative_address(m, &a->location) == relative_address(m, b) &&
           (n == 0 || same_lines(&m->lines.at[a->first_line], &m->lines.at[first], n));
}

static uint64_t location_hash(const struct merger *m, const struct location_key *key)
{
    uint64_t hash =
        hash_fold(relative_address(m, &key->location), (uint64_t)key->location.mapping << 1 | key->location.is_folded);
    for (uint32_t i = 0; i < key->nlines; i++) {
        const struct profile_line *line = &m->lines.at[key->first_line + i];
        hash = hash_fold(hash_fold(hash, line->function), (uint64_t)line->line);
    }
    return hash_u64(hash);
}

/* Appends the lines of the source's location, with functions brought over. */
static bool map_lines(struct merger *m, uint32_t index)
{
    for (uint32_t i = m->source->line_start[index]; i < m->source->line_start[index + 1]; i++) {
        struct profile_line line = m->source->lines[i];
        if (!map_function(m, line.function))
            return false;
        line.function = m->to_function[line.function];
        if (!vec_push(&m->lines, m->mem, line))
            return false;
    }
    return true;
}

/* Puts the location's mapping over and its address where that mapping is in the merged profile. */
static bool relocate(struct merger *m, struct profile_location *location)
{
    uint32_t mapping = location->mapping;
    if (mapping == PROFILE_NONE)
        return true;
    if (!map_mapping(m, mapping))
        return false;
    location->mapping = m->to_mapping[mapping];
    location->address += m->mappings.at[location->mapping].start - m->source->mappings[mapping].start;
    return true;
}

static bool map_location(struct merger *m, uint32_t index)
{
    if (m->to_location[index] != PROFILE_NONE)
        return true;
    struct location_key key = {m->source->locations[index], (uint32_t)m->lines.n, 0};
    if (!relocate(m, &key.location) || !map_lines(m, index) || m->lines.n >= PROFILE_NONE)
        return false;
    key.nlines = (uint32_t)m->lines.n - key.first_line;
    uint32_t fresh = (uint32_t)m->locations.n,
             found = table_add(m, &m->location_table, location_hash(m, &key), fresh, same_location, &key);
    m->to_location[index] = found;
    if (found != fresh) {
        m->lines.n = key.first_line;
        return found != PROFILE_NONE;
    }
    key.location.id = (uint64_t)fresh + 1;
    return vec_push(&m->locations, m->mem, key.location) && vec_push(&m->line_start, m->mem, (uint32_t)m->lines.n);
}

static bool map_stack(struct merger *m, uint32_t index)
{
    if (m->to_stack[index] != PROFILE_NONE)
        return true;
    uint64_t first = m->source->stack_start[index], depth = m->source->stack_start[index + 1] - first;
    for (uint64_t i = 0; i < depth; i++) {
        if (!map_location(m, m->source->frames[first + i]))
            return false;
    }
    uint32_t *frames = stacks_reserve(&m->stacks, depth);
    if (!frames)
        return false;
    for (uint64_t i = 0; i < depth; i++)
        frames[i] = m->to_location[m->source->frames[first + i]];
    m->to_stack[index] = stacks_take(&m->stacks, depth);
    return m->to_stack[index] != PROFILE_NONE;
}

/* A sample whose labels are the last ones of merger.labels while it is looked for. */
struct sample_key {
    uint32_t stack;
    uint64_t first_label, nlabels;
};

static bool same_label(const struct profile_label *a, const struct profile_label *b)
{
    return a->key == b->key && a->is_num == b->is_num && a->str == b->str && a->unit == b->unit && a->num == b->num;
}

static bool same_sample(const struct merger *m, const void *key, uint32_t index)
{
    const struct sample_key *a = key;
    uint64_t first = m->label_start.at[index], n = m->label_start.at[index + 1] - first;
    if (a->stack != m->sample_stack.at[index] || a->nlabels != n)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        if (!same_label(&m->labels.at[a->first_label + i], &m->labels.at[first + i]))
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
        if (!map_string(m, &label.key) || !map_string(m, &label.str) || !map_string(m, &label.unit) ||
            !vec_push(&m->labels, m->mem, label))
            return false;
    }
    return true;
}

static bool add_new_sample(struct merger *m, uint32_t stack, const int64_t *values)
{
    uint32_t n = m->source->nsample_types;
    if (!vec_push(&m->sample_stack, m->mem, stack) || !vec_push(&m->label_start, m->mem, m->labels.n) ||
        !vec_reserve(&m->values, m->mem, n))
        return false;
    memcpy(m->values.at + m->values.n, values, n * sizeof *values);
    m->values.n += n;
    return true;
}

static bool map_sample(struct merger *m, uint32_t sample)
{
    uint32_t n = m->source->nsample_types, stack = m->source->stack[sample];
    const int64_t *values = m->source->values + (uint64_t)sample * n;
    struct sample_key key = {.first_label = m->labels.n};
    if (!map_stack(m, stack) || !map_labels(m, sample))
        return false;
    key.stack = m->to_stack[stack];
    key.nlabels = m->labels.n - key.first_label;
    uint32_t fresh = (uint32_t)m->sample_stack.n,
             found = table_add(m, &m->sample_table, sample_hash(m, &key), fresh, same_sample, &key);
    if (found == fresh)
        return add_new_sample(m, key.stack, values);
    m->labels.n = key.first_label;
    if (found == PROFILE_NONE)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t *sum = &m->values.at[(uint64_t)found * n + i];
        *sum = (int64_t)((uint64_t)*sum + (uint64_t)values[i]);
    }
    return true;
}

static bool is_zero(const int64_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (values[i] != 0)
            return false;
    }
    return true;
}

/* The columns of what a source's things became, all unknown. One block, at least an element long. */
static uint32_t *new_columns(struct merger *m, size_t *room)
{
    const struct profile *s = m->source;
    *room = (size_t)s->nstrings + s->nfunctions + s->nmappings + s->nlocations + s->nstacks + 1;
    uint32_t *columns = mem_get_array(m->mem, *room, sizeof *columns);
    if (!columns)
        return NULL;
    memset(columns, 0xff, *room * sizeof *columns);
    m->to_string = columns;
    m->to_function = m->to_string + s->nstrings;
    m->to_mapping = m->to_function + s->nfunctions;
    m->to_location = m->to_mapping + s->nmappings;
    m->to_stack = m->to_location + s->nlocations;
    return columns;
}

static bool merge_samples(struct merger *m)
{
    const struct profile *s = m->source;
    /* The first mapping is the main binary's: it stays the first. */
    if (m->mappings.n == 0 && s->nmappings > 0 && !map_mapping(m, 0))
        return false;
    for (uint32_t i = 0; i < s->nsamples; i++) {
        if (!is_zero(s->values + (uint64_t)i * s->nsample_types, s->nsample_types) && !map_sample(m, i))
            return false;
    }
    return true;
}

static bool merge_comments(struct merger *m)
{
    for (uint32_t i = 0; i < m->source->ncomments; i++) {
        uint32_t comment = m->source->comments[i];
        if (!map_string(m, &comment))
            return false;
        bool seen = false;
        for (size_t k = 0; k < m->comments.n; k++)
            seen |= m->comments.at[k] == comment;
        if (!seen && !vec_push(&m->comments, m->mem, comment))
            return false;
    }
    return true;
}

/* Takes what is only the first source's: types and frames to drop. */
static bool take_first_header(struct merger *m)
{
    struct profile *out = m->out;
    const struct profile *s = m->source;
    out->drop_frames = s->drop_frames;
    out->keep_frames = s->keep_frames;
    out->period_type = s->period_type;
    out->has_period_type = s->has_period_type;
    if (!map_string(m, &out->drop_frames) || !map_string(m, &out->keep_frames) ||
        !map_string(m, &out->period_type.type) || !map_string(m, &out->period_type.unit) ||
        !profile_resize(out, &out->sample_types, 0, s->nsample_types, sizeof *out->sample_types))
        return false;
    out->nsample_types = s->nsample_types;
    for (uint32_t i = 0; i < s->nsample_types; i++) {
        out->sample_types[i] = s->sample_types[i];
        if (!map_string(m, &out->sample_types[i].type) || !map_string(m, &out->sample_types[i].unit))
            return false;
    }
    return true;
}

static bool merge_header(struct merger *m)
{
    struct profile *out = m->out;
    const struct profile *s = m->source;
    uint32_t type = s->default_sample_type, url = s->doc_url;
    if (out->time_nanos == 0 || s->time_nanos < out->time_nanos)
        out->time_nanos = s->time_nanos;
    out->duration_nanos = (int64_t)((uint64_t)out->duration_nanos + (uint64_t)s->duration_nanos);
    if (out->period == 0 || out->period < s->period)
        out->period = s->period;
    if (!map_string(m, &type) || !map_string(m, &url))
        return false;
    if (out->default_sample_type == 0)
        out->default_sample_type = type;
    if (out->doc_url == 0)
        out->doc_url = url;
    return merge_comments(m);
}

static bool merge_source(struct merger *m, const struct profile *source, bool is_first)
{
    size_t room;
    m->source = source;
    uint32_t *columns = new_columns(m, &room);
    bool ok = columns && (!is_first || take_first_header(m)) && merge_header(m) && merge_samples(m);
    mem_put(m->mem, columns, room * sizeof *columns);
    return ok;
}

/* Hands a growing array over to the profile, shrunk to its size. */
#define HAND_OVER(vec, array)                                                                                          \
    (profile_resize(out, &(vec).at, (vec).room, (vec).n, sizeof *(vec).at), out->array = (vec).at, (vec).at = NULL,    \
     (vec).room = 0)

static void hand_over(struct merger *m)
{
    struct profile *out = m->out;
    out->nmappings = (uint32_t)m->mappings.n;
    out->nfunctions = (uint32_t)m->functions.n;
    out->nlocations = (uint32_t)m->locations.n;
    out->nsamples = (uint32_t)m->sample_stack.n;
    out->ncomments = (uint32_t)m->comments.n;
    out->nstacks = m->stacks.n;
    stacks_release(&m->stacks, &out->stack_start, &out->frames);
    HAND_OVER(m->mappings, mappings);
    HAND_OVER(m->functions, functions);
    HAND_OVER(m->locations, locations);
    HAND_OVER(m->line_start, line_start);
    HAND_OVER(m->lines, lines);
    HAND_OVER(m->sample_stack, stack);
    HAND_OVER(m->values, values);
    HAND_OVER(m->label_start, label_start);
    HAND_OVER(m->labels, labels);
    HAND_OVER(m->comments, comments);
}

static void merger_finish(struct merger *m)
{
    vec_finish(&m->mappings, m->mem);
    vec_finish(&m->functions, m->mem);
    vec_finish(&m->locations, m->mem);
    vec_finish(&m->line_start, m->mem);
    vec_finish(&m->lines, m->mem);
    vec_finish(&m->sample_stack, m->mem);
    vec_finish(&m->values, m->mem);
    vec_finish(&m->label_start, m->mem);
    vec_finish(&m->labels, m->mem);
    vec_finish(&m->comments, m->mem);
    stacks_finish(&m->stacks);
    table_finish(&m->mapping_table, m->mem);
    table_finish(&m->function_table, m->mem);
    table_finish(&m->location_table, m->mem);
    table_finish(&m->sample_table, m->mem);
}

/* Merges profiles that fit each other; false on exhaustion. */
static bool merge(const struct profile *profiles, size_t n, struct mem *mem, struct profile *out)
{
    struct profile merged;
    if (!profile_init(&merged, mem))
        return false;
    struct merger m = {.out = &merged, .mem = mem};
    bool ok = stacks_init(&m.stacks, mem, profiles[0].nstacks) && vec_push(&m.line_start, mem, 0) &&
              vec_push(&m.label_start, mem, 0);
    for (size_t i = 0; ok && i < n; i++)
        ok = merge_source(&m, &profiles[i], i == 0);
    if (ok) {
        hand_over(&m);
        *out = merged;
    } else {
        profile_finish(&merged);
    }
    merger_finish(&m);
    return ok;
}

static bool has_zero_sample(const struct profile *p)
{
    for (uint32_t i = 0; i < p->nsamples; i++) {
        if (is_zero(p->values + (uint64_t)i * p->nsample_types, p->nsample_types))
            return true;
    }
    return false;
}

bool profile_merge(const struct profile *profiles, size_t n, struct mem *mem, struct profile *out, struct buf *error)
{
    struct profile merged, again;
    for (size_t i = 1; i < n; i++) {
        if (!profiles_compatible(&profiles[0], &profiles[i], error))
            return false;
    }
    if (!merge(profiles, n, mem, &merged)) {
        buf_str(error, STR("out of memory"));
        return false;
    }
    /* What cancelled out is dropped, with what only it used, by merging once more. */
    if (has_zero_sample(&merged)) {
        bool ok = merge(&merged, 1, mem, &again);
        profile_finish(&merged);
        if (!ok) {
            buf_str(error, STR("out of memory"));
            return false;
        }
        merged = again;
    }
    *out = merged;
    return true;
}

bool profile_combine(struct profile *profiles, size_t n, struct profile *out, struct buf *error)
{
    struct profile combined = {0};
    bool ok = profiles_keep_common_types(profiles, n, error) && profiles_unify_units(profiles, n, error);
    if (ok && n == 1) {
        *out = profiles[0];
        return true;
    }
    ok = ok && profile_merge(profiles, n, profiles[0].mem, &combined, error);
    for (size_t i = 0; i < n; i++)
        profile_finish(&profiles[i]);
    if (ok)
        *out = combined;
    return ok;
}

/* Gives every sample the string label key=value and no other value under that key. */
static bool set_label(struct profile *p, uint32_t key, uint32_t value)
{
    uint64_t next = 0, n = 0, old = p->label_start[p->nsamples], room = old + p->nsamples;
    struct profile_label label = {.key = key, .str = value}, *labels = mem_get_array(p->mem, room, sizeof *labels);
    if (!labels)
        return p->nsamples == 0;
    for (uint32_t sample = 0; sample < p->nsamples; sample++) {
        uint64_t end = p->label_start[sample + 1];
        bool placed = false;
        p->label_start[sample] = n;
        for (; next < end; next++) {
            const struct profile_label *other = &p->labels[next];
            bool behind = other->is_num || str_compare(p->strings[other->key], p->strings[key]) >= 0;
            if (!placed && behind) {
                labels[n++] = label;
                placed = true;
            }
            if (other->is_num || other->key != key)
                labels[n++] = *other;
        }
        if (!placed)
            labels[n++] = label;
    }
    p->label_start[p->nsamples] = n;
    mem_put(p->mem, p->labels, old * sizeof *p->labels);
    profile_resize(p, &labels, room, n, sizeof *labels);
    p->labels = labels;
    return true;
}

/* Marks a profile's samples as those of a diff base. */
static bool mark_as_base(struct profile *p)
{
    uint32_t key = profile_string(p, STR("pprof::base")), value = profile_string(p, STR("true"));
    return key != PROFILE_NONE && value != PROFILE_NONE && set_label(p, key, value);
}

/* Makes the base what is to be added to the profile. */
static bool prepare_base(struct profile *profile, struct profile *base, bool is_diff_base, bool normalize,
                         struct buf *error)
{
    bool ok = !is_diff_base || mark_as_base(base);
    if (ok && normalize) {
        if (!profiles_compatible(profile, base, error))
            return false;
        ok = profile_normalize(profile, base);
    }
    ok = ok && profile_scale(base, -1);
    if (!ok)
        buf_str(error, STR("out of memory"));
    return ok;
}

bool profile_subtract(struct profile *profile, struct profile *base, bool is_diff_base, bool normalize,
                      struct buf *error)
{
    if (!prepare_base(profile, base, is_diff_base, normalize, error)) {
        profile_finish(profile);
        profile_finish(base);
        return false;
    }
    struct profile both[] = {*profile, *base};
    return profile_combine(both, 2, profile, error);
}

bool profile_ensure_mapping(struct profile *p)
{
    if (p->nmappings > 0)
        return true;
    if (!profile_resize(p, &p->mappings, 0, 1, sizeof *p->mappings))
        return false;
    p->nmappings = 1;
    p->mappings[0] = (struct profile_mapping){.id = 1};
    for (uint32_t i = 0; i < p->nlocations; i++)
        p->locations[i].mapping = 0;
    return true;
}
