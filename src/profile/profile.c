/* Life and death of a profile. Strings are found by text in a table that stays with the profile, so that equal texts
 * keep equal ids also for what merging, symbols and tag frames add later. */
#include "profile/profile.h"

#include <string.h>

bool profile_resize(struct profile *profile, void *array, uint64_t old_count, uint64_t new_count, size_t size)
{
    void *block;
    memcpy(&block, array, sizeof block); /* the caller's array is a pointer to whatever type */
    if (new_count > SIZE_MAX / size)
        return false;
    if (old_count == new_count)
        return true;
    if (new_count == 0) {
        mem_put(profile->mem, block, old_count * size);
        block = NULL;
    } else {
        void *resized = profile->mem->resize(profile->mem, block, old_count * size, new_count * size);
        if (!resized)
            return new_count < old_count;
        block = resized;
    }
    memcpy(array, &block, sizeof block);
    return true;
}

bool profile_init(struct profile *profile, struct mem *mem)
{
    *profile = (struct profile){.mem = mem, .has_period_type = true};
    arena_init(&profile->arena, mem);
    buf_init(&profile->text, mem);
    str_map_init(&profile->string_index, mem);
    if (profile_string(profile, (struct str){0}) == 0)
        return true;
    profile_finish(profile);
    return false;
}

#define FREE(array, count) mem_put(profile->mem, profile->array, (size_t)(count) * sizeof *profile->array)

/* How many elements an array has whose rows begin at start[0 .. rows]. */
#define ROWS_END(start, rows) ((start) ? (start)[rows] : 0)

void profile_finish(struct profile *profile)
{
    if (!profile->mem)
        return;
    FREE(lines, ROWS_END(profile->line_start, profile->nlocations));
    FREE(frames, ROWS_END(profile->stack_start, profile->nstacks));
    FREE(labels, ROWS_END(profile->label_start, profile->nsamples));
    FREE(line_start, (size_t)profile->nlocations + 1);
    FREE(stack_start, (size_t)profile->nstacks + 1);
    FREE(label_start, (size_t)profile->nsamples + 1);
    FREE(sample_types, profile->nsample_types);
    FREE(mappings, profile->nmappings);
    FREE(functions, profile->nfunctions);
    FREE(locations, profile->nlocations);
    FREE(stack, profile->nsamples);
    FREE(values, (size_t)profile->nsamples * profile->nsample_types);
    FREE(comments, profile->ncomments);
    FREE(strings, profile->strings_room);
    str_map_finish(&profile->string_index);
    arena_finish(&profile->arena);
    buf_finish(&profile->text);
    *profile = (struct profile){0};
}

/* Makes room for one more string. */
static bool grow_strings(struct profile *profile)
{
    enum { smallest = 64 };
    if (profile->nstrings < profile->strings_room)
        return true;
    uint64_t room = profile->strings_room == 0 ? smallest : (uint64_t)profile->strings_room * 2;
    if (room >= PROFILE_NONE ||
        !profile_resize(profile, &profile->strings, profile->strings_room, room, sizeof *profile->strings))
        return false;
    profile->strings_room = (uint32_t)room;
    return true;
}

uint32_t profile_string(struct profile *profile, struct str text)
{
    uint32_t *known = str_map_find(&profile->string_index, text);
    if (known)
        return *known;
    struct str copy = arena_str(&profile->arena, text);
    if (!copy.p || !grow_strings(profile) || !str_map_add(&profile->string_index, copy, profile->nstrings))
        return PROFILE_NONE;
    profile->strings[profile->nstrings] = copy;
    return profile->nstrings++;
}

/* Copies every string, keeping the ids. */
static bool copy_strings(const struct profile *profile, struct profile *out)
{
    for (uint32_t i = 0; i < profile->nstrings; i++) {
        if (profile_string(out, profile->strings[i]) != i)
            return false;
    }
    return true;
}

/* A copy of an array of count elements in *to; a NULL array stays NULL. */
static bool copy_array(struct mem *mem, const void *from, uint64_t count, size_t size, void *to)
{
    void *copy = NULL;
    if (from && count > 0) {
        copy = mem_get_array(mem, count, size);
        if (!copy)
            return false;
        memcpy(copy, from, count * size);
    }
    memcpy(to, &copy, sizeof copy);
    return true;
}

/* Copies one array of `profile` to `out`, which has the same counts. */
#define COPY(array, count) copy_array(out->mem, profile->array, (count), sizeof *profile->array, &out->array)

static bool copy_arrays(const struct profile *profile, struct profile *out)
{
    return COPY(line_start, (uint64_t)profile->nlocations + 1) && COPY(stack_start, (uint64_t)profile->nstacks + 1) &&
           COPY(label_start, (uint64_t)profile->nsamples + 1) &&
           COPY(lines, ROWS_END(profile->line_start, profile->nlocations)) &&
           COPY(frames, ROWS_END(profile->stack_start, profile->nstacks)) &&
           COPY(labels, ROWS_END(profile->label_start, profile->nsamples)) &&
           COPY(sample_types, profile->nsample_types) && COPY(mappings, profile->nmappings) &&
           COPY(functions, profile->nfunctions) && COPY(locations, profile->nlocations) &&
           COPY(stack, profile->nsamples) && COPY(values, (uint64_t)profile->nsamples * profile->nsample_types) &&
           COPY(comments, profile->ncomments);
}

/* Makes `out`, which holds its own strings, equal to `profile` but for the arrays, which it has none of yet. */
static void copy_header(const struct profile *profile, struct profile *out)
{
    struct profile strings = *out;
    *out = *profile;
    out->mem = strings.mem;
    out->strings = strings.strings;
    out->nstrings = strings.nstrings;
    out->strings_room = strings.strings_room;
    out->string_index = strings.string_index;
    out->arena = strings.arena;
    out->text = strings.text;
    out->line_start = out->comments = out->stack = out->frames = NULL;
    out->stack_start = out->label_start = NULL;
    out->lines = NULL;
    out->labels = NULL;
    out->sample_types = NULL;
    out->mappings = NULL;
    out->functions = NULL;
    out->locations = NULL;
    out->values = NULL;
}

bool profile_copy(const struct profile *profile, struct mem *mem, struct profile *out)
{
    struct profile copy;
    if (!profile_init(&copy, mem))
        return false;
    if (copy_strings(profile, &copy)) {
        copy_header(profile, &copy);
        if (copy_arrays(profile, &copy)) {
            *out = copy;
            return true;
        }
    }
    profile_finish(&copy);
    return false;
}
