#include "profile/edit.h"

#include <string.h>

void profile_keep_lines(struct profile *p, const uint8_t *keep)
{
    uint32_t kept = 0, old = p->line_start[p->nlocations], line = 0;
    for (uint32_t location = 0; location < p->nlocations; location++) {
        uint32_t end = p->line_start[location + 1];
        p->line_start[location] = kept;
        for (; line < end; line++) {
            if (keep[line])
                p->lines[kept++] = p->lines[line];
        }
    }
    p->line_start[p->nlocations] = kept;
    profile_resize(p, &p->lines, old, kept, sizeof *p->lines);
}

/* Keeps sample `from` as sample `to`, its labels as those from *label on. */
static void move_sample(struct profile *p, uint32_t from, uint32_t to, uint64_t *label)
{
    uint64_t first = p->label_start[from], end = p->label_start[from + 1];
    p->stack[to] = p->stack[from];
    memmove(p->values + (uint64_t)to * p->nsample_types, p->values + (uint64_t)from * p->nsample_types,
            p->nsample_types * sizeof *p->values);
    p->label_start[to] = *label;
    for (; first < end; first++)
        p->labels[(*label)++] = p->labels[first];
}

void profile_keep_samples(struct profile *p, bool (*keep)(void *context, uint32_t sample), void *context)
{
    uint32_t kept = 0, old = p->nsamples;
    uint64_t label = 0, old_labels = p->label_start[old];
    for (uint32_t sample = 0; sample < old; sample++) {
        if (keep(context, sample))
            move_sample(p, sample, kept++, &label);
    }
    p->label_start[kept] = label;
    p->nsamples = kept;
    profile_resize(p, &p->stack, old, kept, sizeof *p->stack);
    profile_resize(p, &p->values, (uint64_t)old * p->nsample_types, (uint64_t)kept * p->nsample_types,
                   sizeof *p->values);
    profile_resize(p, &p->label_start, (uint64_t)old + 1, (uint64_t)kept + 1, sizeof *p->label_start);
    profile_resize(p, &p->labels, old_labels, label, sizeof *p->labels);
}

void profile_keep_labels(struct profile *p, bool (*keep)(void *context, const struct profile_label *label),
                         void *context)
{
    uint64_t kept = 0, label = 0, old = p->label_start[p->nsamples];
    for (uint32_t sample = 0; sample < p->nsamples; sample++) {
        uint64_t end = p->label_start[sample + 1];
        p->label_start[sample] = kept;
        for (; label < end; label++) {
            if (keep(context, &p->labels[label]))
                p->labels[kept++] = p->labels[label];
        }
    }
    p->label_start[p->nsamples] = kept;
    profile_resize(p, &p->labels, old, kept, sizeof *p->labels);
}

struct kept_stacks {
    const uint32_t *stack; /* of each sample */
    const uint8_t *keep;   /* one a stack */
};

static bool has_kept_stack(void *context, uint32_t sample)
{
    const struct kept_stacks *kept = context;
    return kept->keep[kept->stack[sample]] != 0;
}

bool profile_edit_stacks(struct profile *p, stack_edit *edit, void *context)
{
    uint8_t *keep = mem_get(p->mem, p->nstacks);
    if (!keep && p->nstacks > 0)
        return false;
    uint64_t kept = 0, old = p->stack_start[p->nstacks], first = 0;
    bool dropped = false;
    for (uint32_t stack = 0; stack < p->nstacks; stack++) {
        uint64_t end = p->stack_start[stack + 1], n = end - first;
        keep[stack] = edit(context, n > 0 ? p->frames + first : NULL, &n);
        dropped |= !keep[stack];
        p->stack_start[stack] = kept;
        if (keep[stack] && n > 0) {
            memmove(p->frames + kept, p->frames + first, n * sizeof *p->frames);
            kept += n;
        }
        first = end;
    }
    p->stack_start[p->nstacks] = kept;
    profile_resize(p, &p->frames, old, kept, sizeof *p->frames);
    if (dropped)
        profile_keep_samples(p, has_kept_stack, &(struct kept_stacks){p->stack, keep});
    mem_put(p->mem, keep, p->nstacks);
    return true;
}

/* Moves the stacks whose new_index is not PROFILE_NONE together, and sets it to what they are then. */
static void renumber_stacks(struct profile *p, uint32_t *new_index)
{
    uint32_t kept = 0, old = p->nstacks;
    uint64_t frames = 0, old_frames = p->stack_start[old], first = 0;
    for (uint32_t stack = 0; stack < old; stack++) {
        uint64_t end = p->stack_start[stack + 1], n = end - first;
        if (new_index[stack] != PROFILE_NONE) {
            if (n > 0)
                memmove(p->frames + frames, p->frames + first, n * sizeof *p->frames);
            p->stack_start[kept] = frames;
            frames += n;
            new_index[stack] = kept++;
        }
        first = end;
    }
    p->stack_start[kept] = frames;
    p->nstacks = kept;
    profile_resize(p, &p->frames, old_frames, frames, sizeof *p->frames);
    profile_resize(p, &p->stack_start, (uint64_t)old + 1, (uint64_t)kept + 1, sizeof *p->stack_start);
}

bool profile_drop_unused_stacks(struct profile *p)
{
    uint32_t old = p->nstacks;
    uint32_t *new_index = mem_get_array(p->mem, old, sizeof *new_index);
    if (old == 0)
        return true;
    if (!new_index)
        return false;
    memset(new_index, 0xff, old * sizeof *new_index);
    for (uint32_t sample = 0; sample < p->nsamples; sample++)
        new_index[p->stack[sample]] = 0;
    renumber_stacks(p, new_index);
    for (uint32_t sample = 0; sample < p->nsamples; sample++)
        p->stack[sample] = new_index[p->stack[sample]];
    mem_put(p->mem, new_index, old * sizeof *new_index);
    return true;
}
