#include "symbol/line_edits.h"

#include <string.h>

#include "base/hash.h"

void line_edits_init(struct line_edits *edits, struct profile *profile)
{
    *edits = (struct line_edits){.profile = profile};
    map_init(&edits->known, profile->mem);
    for (uint32_t i = 0; i < profile->nfunctions; i++) {
        if (profile->functions[i].id > edits->last_id)
            edits->last_id = profile->functions[i].id;
    }
}

void line_edits_finish(struct line_edits *edits)
{
    struct mem *mem = edits->profile->mem;
    map_finish(&edits->known);
    vec_finish(&edits->edits, mem);
    vec_finish(&edits->lines, mem);
    vec_finish(&edits->functions, mem);
}

bool line_edits_begin(struct line_edits *edits, uint32_t location)
{
    struct line_edit edit = {location, (uint32_t)edits->lines.n, 0};
    return vec_push(&edits->edits, edits->profile->mem, edit);
}

static bool is_equal(const struct profile_function *a, const struct profile_function *b)
{
    return a->name == b->name && a->system_name == b->system_name && a->filename == b->filename &&
           a->start_line == b->start_line;
}

/* The index of a function among the new ones, adding it where it is none of them; PROFILE_NONE on exhaustion. */
static uint32_t function_index(struct line_edits *edits, struct profile_function function)
{
    uint64_t hash = hash_fold(((uint64_t)function.name << 32) | function.system_name,
                              ((uint64_t)function.filename << 32) ^ (uint64_t)function.start_line);
    for (;; hash++) {
        uint32_t *number = map_add(&edits->known, hash, 0);
        if (!number)
            return PROFILE_NONE;
        if (*number > 0 && !is_equal(&edits->functions.at[*number - 1], &function))
            continue;
        if (*number == 0) {
            function.id = ++edits->last_id;
            if (!vec_push(&edits->functions, edits->profile->mem, function))
                return PROFILE_NONE;
            *number = (uint32_t)edits->functions.n;
        }
        return edits->profile->nfunctions + *number - 1;
    }
}

bool line_edits_add(struct line_edits *edits, struct profile_function function, int64_t line, int64_t column)
{
    uint32_t index = function_index(edits, function);
    if (index == PROFILE_NONE ||
        !vec_push(&edits->lines, edits->profile->mem, (struct profile_line){index, line, column}))
        return false;
    edits->edits.at[edits->edits.n - 1].n++;
    return true;
}

static bool append_functions(struct line_edits *edits)
{
    struct profile *profile = edits->profile;
    uint32_t n = profile->nfunctions, added = (uint32_t)edits->functions.n;
    if (added == 0)
        return true;
    if (!profile_resize(profile, &profile->functions, n, (uint64_t)n + added, sizeof *profile->functions))
        return false;
    memcpy(profile->functions + n, edits->functions.at, added * sizeof *profile->functions);
    profile->nfunctions = n + added;
    return true;
}

/* Fills edit_of[l] with the number of location l's edit, or PROFILE_NONE, and returns how many lines there will be. */
static uint64_t index_edits(const struct line_edits *edits, uint32_t *edit_of)
{
    const struct profile *profile = edits->profile;
    uint64_t n = profile->line_start[profile->nlocations];
    for (uint32_t l = 0; l < profile->nlocations; l++)
        edit_of[l] = PROFILE_NONE;
    for (uint32_t i = 0; i < edits->edits.n; i++) {
        const struct line_edit *edit = &edits->edits.at[i];
        edit_of[edit->location] = i;
        n += edit->n;
        n -= profile->line_start[edit->location + 1] - profile->line_start[edit->location];
    }
    return n;
}

/* Writes the new column of lines and where each location's begin. */
static void rewrite(const struct line_edits *edits, const uint32_t *edit_of, struct profile_line *lines)
{
    struct profile *profile = edits->profile;
    uint32_t at = 0, from = profile->line_start[0];
    for (uint32_t l = 0; l < profile->nlocations; l++) {
        uint32_t end = profile->line_start[l + 1], n = end - from;
        const struct profile_line *source = n > 0 ? profile->lines + from : NULL;
        if (edit_of[l] != PROFILE_NONE) {
            const struct line_edit *edit = &edits->edits.at[edit_of[l]];
            n = edit->n;
            source = n > 0 ? edits->lines.at + edit->from : NULL;
            profile->locations[l].is_folded = false;
        }
        if (lines && n > 0)
            memcpy(lines + at, source, n * sizeof *lines);
        profile->line_start[l] = at;
        at += n;
        from = end;
    }
    profile->line_start[profile->nlocations] = at;
}

bool line_edits_apply(struct line_edits *edits)
{
    struct profile *profile = edits->profile;
    if (edits->edits.n == 0)
        return true;
    uint32_t *edit_of = mem_get_array(profile->mem, profile->nlocations, sizeof *edit_of);
    if (!edit_of)
        return false;
    uint64_t n = index_edits(edits, edit_of), before = profile->line_start[profile->nlocations];
    struct profile_line *lines = mem_get_array(profile->mem, n, sizeof *lines);
    bool fine = (lines || n == 0) && n < UINT32_MAX && append_functions(edits);
    if (fine) {
        rewrite(edits, edit_of, lines);
        mem_put(profile->mem, profile->lines, before * sizeof *lines);
        profile->lines = lines;
    } else {
        mem_put(profile->mem, lines, n * sizeof *lines);
    }
    mem_put(profile->mem, edit_of, profile->nlocations * sizeof *edit_of);
    return fine;
}
