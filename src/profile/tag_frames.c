#include "profile/tag_frames.h"

#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/measure.h"
#include "profile/stacks.h"

/* The keys of one end, outermost first. */
struct keys {
    VEC(uint32_t) strings;
    bool matched;
};

struct work {
    struct profile *profile;
    struct keys roots, leaves;
    struct str unit;
    struct stacks stacks;
    struct map locations; /* from (name, key) to a location */
    struct buf text;
    uint64_t last_location_id, last_function_id;
    uint32_t nlines;
};

/* Texts that no label uses as its key are kept too: they become a frame without a name. */
static bool split_keys(struct profile *profile, struct str list, struct keys *keys)
{
    while (list.n > 0) {
        size_t comma = str_find(list, STR(","), 0);
        uint32_t key = comma == 0 ? 0 : profile_string(profile, str_first(list, comma));
        if (key == PROFILE_NONE || (comma > 0 && !vec_push(&keys->strings, profile->mem, key)))
            return false;
        list = str_skip(list, comma + 1);
    }
    return true;
}

/* Writes a sample's values of a key; returns how many there are. A key has units once any of its values has. */
static uint32_t put_values(struct work *work, uint32_t sample, uint32_t key)
{
    const struct profile *profile = work->profile;
    const struct profile_label *label = profile->labels + profile->label_start[sample];
    const struct profile_label *end = profile->labels + profile->label_start[sample + 1];
    bool units = false;
    uint32_t n = 0;
    for (const struct profile_label *l = label; l < end; l++)
        units = units || (l->key == key && l->is_num && l->unit != 0);
    for (work->text.n = 0; label < end; label++) {
        if (label->key != key)
            continue;
        if (n++ > 0)
            buf_byte(&work->text, ',');
        if (!label->is_num)
            buf_str(&work->text, profile_text(profile, label->str));
        else
            measure_put_scaled(&work->text, label->num, units ? profile_text(profile, label->unit) : STR(""),
                               units ? work->unit : STR(""));
    }
    return n;
}

/* Adds a function, a line in it, and a location that has only that line. */
static bool add_location(struct work *work, uint32_t name, uint32_t key)
{
    struct profile *profile = work->profile;
    uint32_t f = profile->nfunctions, l = profile->nlocations;
    if (!profile_resize(profile, &profile->functions, f, (uint64_t)f + 1, sizeof *profile->functions))
        return false;
    profile->functions[f] = (struct profile_function){.name = name, .filename = key, .id = ++work->last_function_id};
    profile->nfunctions = f + 1;
    if (!profile_resize(profile, &profile->lines, work->nlines, (uint64_t)work->nlines + 1, sizeof *profile->lines))
        return false;
    profile->lines[work->nlines++] = (struct profile_line){.function = f};
    profile->line_start[l] = work->nlines; /* keeps the end in step should the next steps fail */
    if (!profile_resize(profile, &profile->locations, l, (uint64_t)l + 1, sizeof *profile->locations) ||
        !profile_resize(profile, &profile->line_start, (uint64_t)l + 1, (uint64_t)l + 2, sizeof *profile->line_start))
        return false;
    profile->locations[l] = (struct profile_location){.mapping = PROFILE_NONE, .id = ++work->last_location_id};
    profile->line_start[l] = work->nlines - 1;
    profile->line_start[l + 1] = work->nlines;
    profile->nlocations = l + 1;
    return true;
}

/* The location that stands for a sample's values of a key; PROFILE_NONE on exhaustion. */
static uint32_t location_of(struct work *work, uint32_t sample, uint32_t key, bool *matched)
{
    if (put_values(work, sample, key) > 0)
        *matched = true;
    uint32_t name = work->text.failed ? PROFILE_NONE : profile_string(work->profile, buf_text(&work->text));
    uint32_t *location =
        name == PROFILE_NONE ? NULL : map_add(&work->locations, ((uint64_t)name << 32) | key, PROFILE_NONE);
    if (!location)
        return PROFILE_NONE;
    if (*location == PROFILE_NONE && add_location(work, name, key))
        *location = work->profile->nlocations - 1;
    return *location;
}

/* Writes the locations of one end, those nearer to the leaf first. */
static bool put_frames(struct work *work, uint32_t sample, struct keys *keys, uint32_t *frames)
{
    for (size_t i = 0; i < keys->strings.n; i++) {
        uint32_t key = keys->strings.at[keys->strings.n - 1 - i];
        frames[i] = location_of(work, sample, key, &keys->matched);
        if (frames[i] == PROFILE_NONE)
            return false;
    }
    return true;
}

static bool extend_stack(struct work *work, uint32_t sample)
{
    struct profile *profile = work->profile;
    uint32_t stack = profile->stack[sample];
    const uint32_t *old = profile->frames + profile->stack_start[stack];
    uint64_t n = profile->stack_start[stack + 1] - profile->stack_start[stack];
    size_t leaves = work->leaves.strings.n, roots = work->roots.strings.n;
    uint32_t *frames = stacks_reserve(&work->stacks, leaves + n + roots);
    if (!frames || !put_frames(work, sample, &work->roots, frames + leaves + n) ||
        !put_frames(work, sample, &work->leaves, frames))
        return false;
    if (n > 0)
        memcpy(frames + leaves, old, n * sizeof *frames);
    profile->stack[sample] = stacks_take(&work->stacks, leaves + n + roots);
    return profile->stack[sample] != UINT32_MAX;
}

static void take_stacks(struct work *work)
{
    struct profile *profile = work->profile;
    uint64_t frames = profile->stack_start[profile->nstacks];
    mem_put(profile->mem, profile->frames, frames * sizeof *profile->frames);
    mem_put(profile->mem, profile->stack_start, ((uint64_t)profile->nstacks + 1) * sizeof *profile->stack_start);
    profile->nstacks = work->stacks.n;
    stacks_release(&work->stacks, &profile->stack_start, &profile->frames);
}

static bool extend_stacks(struct work *work)
{
    struct profile *profile = work->profile;
    bool fine = true;
    if (!stacks_init(&work->stacks, profile->mem, profile->nstacks))
        return false;
    map_init(&work->locations, profile->mem);
    buf_init(&work->text, profile->mem);
    for (uint32_t s = 0; s < profile->nsamples && fine; s++)
        fine = extend_stack(work, s);
    if (fine)
        take_stacks(work);
    buf_finish(&work->text);
    map_finish(&work->locations);
    stacks_finish(&work->stacks);
    return fine;
}

static void find_last_ids(struct work *work)
{
    const struct profile *profile = work->profile;
    for (uint32_t l = 0; l < profile->nlocations; l++) {
        if (profile->locations[l].id > work->last_location_id)
            work->last_location_id = profile->locations[l].id;
    }
    for (uint32_t f = 0; f < profile->nfunctions; f++) {
        if (profile->functions[f].id > work->last_function_id)
            work->last_function_id = profile->functions[f].id;
    }
}

bool profile_add_tag_frames(struct profile *profile, struct str root_keys, struct str leaf_keys, struct str unit,
                            bool *roots_matched, bool *leaves_matched)
{
    struct work work = {.profile = profile, .unit = unit, .nlines = profile->line_start[profile->nlocations]};
    bool fine = split_keys(profile, root_keys, &work.roots) && split_keys(profile, leaf_keys, &work.leaves);
    if (fine && work.roots.strings.n + work.leaves.strings.n > 0) {
        find_last_ids(&work);
        fine = extend_stacks(&work);
    }
    if (fine) {
        *roots_matched = work.roots.matched;
        *leaves_matched = work.leaves.matched;
    }
    vec_finish(&work.roots.strings, profile->mem);
    vec_finish(&work.leaves.strings, profile->mem);
    return fine;
}
