#include "profile/assembly.h"

#include <string.h>

bool assembly_init(struct assembly *a, struct mem *mem)
{
    *a = (struct assembly){.mem = mem};
    str_map_init(&a->location_index, mem);
    map_init(&a->function_index, mem);
    map_init(&a->mapping_index, mem);
    return profile_init(&a->profile, mem) && stacks_init(&a->stacks, mem, 0) && vec_push(&a->line_start, mem, 0) &&
           vec_push(&a->label_start, mem, 0);
}

void assembly_finish(struct assembly *a)
{
    profile_finish(&a->profile);
    str_map_finish(&a->location_index);
    map_finish(&a->function_index);
    map_finish(&a->mapping_index);
    vec_finish(&a->mappings, a->mem);
    vec_finish(&a->functions, a->mem);
    vec_finish(&a->locations, a->mem);
    vec_finish(&a->lines, a->mem);
    vec_finish(&a->line_start, a->mem);
    vec_finish(&a->sample_stack, a->mem);
    vec_finish(&a->values, a->mem);
    vec_finish(&a->label_start, a->mem);
    vec_finish(&a->labels, a->mem);
    stacks_finish(&a->stacks);
}

static bool set_type(struct profile *p, struct str type, struct str unit, struct profile_value_type *out)
{
    out->type = profile_string(p, type);
    out->unit = profile_string(p, unit);
    return out->type != PROFILE_NONE && out->unit != PROFILE_NONE;
}

bool assembly_add_type(struct assembly *a, struct str type, struct str unit)
{
    struct profile *p = &a->profile;
    uint32_t n = p->nsample_types;
    if (!profile_resize(p, &p->sample_types, n, (uint64_t)n + 1, sizeof *p->sample_types))
        return false;
    p->nsample_types++;
    return set_type(p, type, unit, &p->sample_types[n]);
}

bool assembly_set_period(struct assembly *a, struct str type, struct str unit, int64_t period)
{
    a->profile.period = period;
    return set_type(&a->profile, type, unit, &a->profile.period_type);
}

static uint32_t add_mapping(struct assembly *a, struct str binary)
{
    uint32_t file = profile_string(&a->profile, binary), fresh = (uint32_t)a->mappings.n;
    uint32_t *index = file == PROFILE_NONE ? NULL : map_add(&a->mapping_index, file, fresh);
    struct profile_mapping mapping = {.file = file, .has_functions = true, .id = (uint64_t)fresh + 1};
    if (!index || (*index == fresh && !vec_push(&a->mappings, a->mem, mapping)))
        return PROFILE_NONE;
    return *index;
}

static uint32_t add_function(struct assembly *a, const struct frame *frame)
{
    uint32_t name = profile_string(&a->profile, frame->function), file = profile_string(&a->profile, frame->file);
    uint32_t fresh = (uint32_t)a->functions.n, *index = NULL;
    if (name != PROFILE_NONE && file != PROFILE_NONE)
        index = map_add(&a->function_index, (uint64_t)name << 32 | file, fresh);
    struct profile_function function = {.name = name, .system_name = name, .filename = file, .id = (uint64_t)fresh + 1};
    if (!index || (*index == fresh && !vec_push(&a->functions, a->mem, function)))
        return PROFILE_NONE;
    return *index;
}

/* What locations are the same by. No padding, as it is compared as bytes. */
struct location_key {
    uint64_t address;
    int64_t line, column;
    uint32_t mapping, function;
};

_Static_assert(sizeof(struct location_key) == 32, "a location key without padding");

static uint32_t add_location(struct assembly *a, const struct location_key *key)
{
    struct str bytes = {(const char *)key, sizeof *key};
    uint32_t *known = str_map_find(&a->location_index, bytes), fresh = (uint32_t)a->locations.n;
    if (known)
        return *known;
    struct str copy = arena_str(&a->profile.arena, bytes);
    struct profile_location location = {.address = key->address, .mapping = key->mapping, .id = (uint64_t)fresh + 1};
    struct profile_line line = {key->function, key->line, key->column};
    bool ok = copy.p && str_map_add(&a->location_index, copy, fresh) && vec_push(&a->locations, a->mem, location) &&
              (key->function == PROFILE_NONE || vec_push(&a->lines, a->mem, line)) &&
              vec_push(&a->line_start, a->mem, (uint32_t)a->lines.n);
    return ok ? fresh : PROFILE_NONE;
}

uint32_t assembly_location(struct assembly *a, const struct frame *frame)
{
    struct location_key key = {frame->address, frame->line, frame->column, PROFILE_NONE, PROFILE_NONE};
    if (frame->binary.n > 0) {
        key.mapping = add_mapping(a, frame->binary);
        if (key.mapping == PROFILE_NONE)
            return PROFILE_NONE;
    }
    if (frame->function.n > 0) {
        key.function = add_function(a, frame);
        if (key.function == PROFILE_NONE)
            return PROFILE_NONE;
    }
    return add_location(a, &key);
}

uint32_t assembly_add_mapping(struct assembly *a, struct profile_mapping mapping)
{
    mapping.id = (uint64_t)a->mappings.n + 1;
    return vec_push(&a->mappings, a->mem, mapping) ? (uint32_t)a->mappings.n - 1 : PROFILE_NONE;
}

uint32_t assembly_address(struct assembly *a, uint64_t address, uint32_t mapping)
{
    struct location_key key = {address, 0, 0, mapping, PROFILE_NONE};
    return add_location(a, &key);
}

uint32_t *assembly_frames(struct assembly *a, uint64_t depth)
{
    return stacks_reserve(&a->stacks, depth);
}

bool assembly_add_sample(struct assembly *a, uint64_t depth, const int64_t *values)
{
    uint32_t stack = stacks_take(&a->stacks, depth);
    if (stack == UINT32_MAX || a->sample_stack.n >= UINT32_MAX - 1 || !vec_push(&a->sample_stack, a->mem, stack) ||
        !vec_push(&a->label_start, a->mem, a->labels.n))
        return false;
    for (uint32_t i = 0; i < a->profile.nsample_types; i++) {
        if (!vec_push(&a->values, a->mem, values[i]))
            return false;
    }
    return true;
}

static bool add_label(struct assembly *a, struct str key, struct profile_label label)
{
    label.key = profile_string(&a->profile, key);
    if (label.key == PROFILE_NONE || !vec_push(&a->labels, a->mem, label))
        return false;
    a->label_start.at[a->label_start.n - 1]++;
    return true;
}

bool assembly_add_text_label(struct assembly *a, struct str key, struct str value)
{
    uint32_t text = profile_string(&a->profile, value);
    return text != PROFILE_NONE && add_label(a, key, (struct profile_label){.str = text});
}

bool assembly_add_number_label(struct assembly *a, struct str key, int64_t value)
{
    return add_label(a, key, (struct profile_label){.is_num = true, .num = value});
}

/* Hands a growing array over to the profile, shrunk to its size. */
#define HAND_OVER(vec, array)                                                                                          \
    (profile_resize(p, &(vec).at, (vec).room, (vec).n, sizeof *(vec).at), p->array = (vec).at, (vec).at = NULL,        \
     (vec).room = 0)

bool assembly_hand_over(struct assembly *a, struct profile *out)
{
    struct profile *p = &a->profile;
    if (!stacks_reserve(&a->stacks, 0))
        return false;
    p->nmappings = (uint32_t)a->mappings.n;
    p->nfunctions = (uint32_t)a->functions.n;
    p->nlocations = (uint32_t)a->locations.n;
    p->nsamples = (uint32_t)a->sample_stack.n;
    p->nstacks = a->stacks.n;
    stacks_release(&a->stacks, &p->stack_start, &p->frames);
    HAND_OVER(a->mappings, mappings);
    HAND_OVER(a->functions, functions);
    HAND_OVER(a->locations, locations);
    HAND_OVER(a->lines, lines);
    HAND_OVER(a->line_start, line_start);
    HAND_OVER(a->sample_stack, stack);
    HAND_OVER(a->values, values);
    HAND_OVER(a->label_start, label_start);
    HAND_OVER(a->labels, labels);
    *out = *p;
    *p = (struct profile){0};
    return true;
}
