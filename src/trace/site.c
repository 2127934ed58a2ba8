/* Everything is found by the hash of its content; where two have the same hash, the second is looked for under the next
 * number. */
#include "trace/site.h"

#include "base/hash.h"
#include "trace/lane.h"

bool sites_init(struct sites *s, struct mem *mem)
{
    *s = (struct sites){.mem = mem};
    arena_init(&s->arena, mem);
    str_map_init(&s->name_of_text, mem);
    map_init(&s->frame_of_hash, mem);
    map_init(&s->stack_of_hash, mem);
    map_init(&s->site_of_key, mem);
    if (vec_push(&s->names, mem, STR("")) && str_map_add(&s->name_of_text, STR(""), 0) &&
        vec_push(&s->stacks, mem, (struct site_stack){0}) && vec_push(&s->sites, mem, (struct site){0}) &&
        map_add(&s->site_of_key, 0, 0))
        return true;
    sites_finish(s);
    return false;
}

static void finish_cache(struct site_cache *cache, struct mem *mem)
{
    mem_put(mem, cache->at, cache->room * sizeof *cache->at);
    *cache = (struct site_cache){0};
}

void sites_finish(struct sites *s)
{
    finish_cache(&s->of_strings, s->mem);
    finish_cache(&s->of_frames, s->mem);
    finish_cache(&s->of_stacks, s->mem);
    finish_cache(&s->of_reasons, s->mem);
    finish_cache(&s->of_pairs, s->mem);
    vec_finish(&s->names, s->mem);
    vec_finish(&s->frames, s->mem);
    vec_finish(&s->frames_of_stacks, s->mem);
    vec_finish(&s->stacks, s->mem);
    vec_finish(&s->sites, s->mem);
    str_map_finish(&s->name_of_text);
    map_finish(&s->frame_of_hash);
    map_finish(&s->stack_of_hash);
    map_finish(&s->site_of_key);
    arena_finish(&s->arena);
}

size_t sites_size(const struct sites *s)
{
    size_t texts = 0;
    for (size_t i = 0; i < s->names.n; i++)
        texts += s->names.at[i].n + sizeof s->names.at[i];
    return texts + s->frames.n * sizeof *s->frames.at + s->frames_of_stacks.n * sizeof *s->frames_of_stacks.at +
           s->stacks.n * sizeof *s->stacks.at + s->sites.n * sizeof *s->sites.at;
}

/* Where the number of an index is kept; NULL on exhaustion. */
static uint32_t *cached(struct site_cache *cache, struct mem *mem, size_t index, size_t n)
{
    if (index < cache->room)
        return &cache->at[index];
    size_t room = n > index ? n : index + 1;
    if (room > SIZE_MAX / 2 / sizeof(uint32_t))
        return NULL;
    uint32_t *grown = mem->resize(mem, cache->at, cache->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return NULL;
    memset(grown + cache->room, 0, (room - cache->room) * sizeof *grown);
    cache->at = grown;
    cache->room = room;
    return &cache->at[index];
}

static void forget(struct site_cache *cache, size_t n)
{
    n = n < cache->room ? n : cache->room;
    if (n > 0)
        memset(cache->at, 0, n * sizeof *cache->at);
}

static void turn_to(struct sites *s, const struct trace_table *table)
{
    if (table->serial == s->serial)
        return;
    forget(&s->of_strings, s->nstrings);
    forget(&s->of_frames, s->nframes);
    forget(&s->of_stacks, s->nstacks);
    forget(&s->of_reasons, s->nstrings);
    forget(&s->of_pairs, 2 * site_reasons * s->nstacks);
    s->serial = table->serial;
    s->nstrings = table->strings.n;
    s->nframes = table->frames.n;
    s->nstacks = table->stacks.n;
    s->nreasons = 0;
}

uint32_t sites_name(struct sites *s, struct str text)
{
    uint32_t *known = str_map_find(&s->name_of_text, text);
    if (known)
        return *known;
    uint32_t fresh = (uint32_t)s->names.n;
    struct str copy = arena_str(&s->arena, text);
    if (!copy.p || !vec_push(&s->names, s->mem, copy))
        return SITE_NONE;
    if (str_map_add(&s->name_of_text, copy, fresh))
        return fresh;
    s->names.n--;
    return SITE_NONE;
}

/* The name of the string at an index of a table. */
static uint32_t name_at(struct sites *s, const struct trace_table *table, size_t index)
{
    uint32_t *kept = cached(&s->of_strings, s->mem, index, table->strings.n);
    if (!kept)
        return SITE_NONE;
    if (*kept == 0) {
        uint32_t name = sites_name(s, table->strings.at[index]);
        if (name == SITE_NONE)
            return SITE_NONE;
        *kept = name + 1;
    }
    return *kept - 1;
}

uint32_t sites_string(struct sites *s, const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    turn_to(s, table);
    return trace_ids_find(&table->string_ids, id, &index) ? name_at(s, table, index) : 0;
}

static uint64_t hash_frame(const struct site_frame *frame)
{
    return hash_u64(hash_fold(hash_fold(frame->pc, frame->line), (uint64_t)frame->func << 32 | frame->file));
}

static bool same_frame(const struct site_frame *a, const struct site_frame *b)
{
    return a->pc == b->pc && a->line == b->line && a->func == b->func && a->file == b->file;
}

static uint32_t add_frame(struct sites *s, const struct site_frame *frame)
{
    for (uint64_t hash = hash_frame(frame);; hash++) {
        uint32_t fresh = (uint32_t)s->frames.n, *index = map_add(&s->frame_of_hash, hash, fresh);
        if (!index)
            return SITE_NONE;
        if (*index == fresh)
            return vec_push(&s->frames, s->mem, *frame) ? fresh : SITE_NONE;
        if (same_frame(&s->frames.at[*index], frame))
            return *index;
    }
}

/* The number of a table's frame. */
static uint32_t frame_at(struct sites *s, const struct trace_table *table, uint32_t index)
{
    uint32_t *kept = cached(&s->of_frames, s->mem, index, table->frames.n);
    if (!kept)
        return SITE_NONE;
    if (*kept == 0) {
        const struct trace_frame *frame = &table->frames.at[index];
        /* The strings of a frame of an old trace may be missing. */
        struct site_frame made = {frame->pc, frame->line, 0, 0};
        if (frame->func != TRACE_NO_STRING) {
            made.func = name_at(s, table, frame->func);
            made.file = name_at(s, table, frame->file);
        }
        if (made.func == SITE_NONE || made.file == SITE_NONE)
            return SITE_NONE;
        uint32_t fresh = add_frame(s, &made);
        if (fresh == SITE_NONE)
            return SITE_NONE;
        s->of_frames.at[index] = fresh + 1;
        return fresh;
    }
    return *kept - 1;
}

static bool same_stack(const struct sites *s, struct site_stack a, struct site_stack b)
{
    return a.n == b.n && memcmp(&s->frames_of_stacks.at[a.start], &s->frames_of_stacks.at[b.start],
                                a.n * sizeof *s->frames_of_stacks.at) == 0;
}

/* The number of the stack whose frames were just appended; they are taken away again where it is known. */
static uint32_t add_stack(struct sites *s, struct site_stack stack)
{
    uint64_t hash = hash_bytes(&s->frames_of_stacks.at[stack.start], stack.n * sizeof *s->frames_of_stacks.at);
    for (;; hash++) {
        uint32_t fresh = (uint32_t)s->stacks.n, *index = map_add(&s->stack_of_hash, hash, fresh);
        if (!index)
            return SITE_NONE;
        if (*index == fresh)
            return vec_push(&s->stacks, s->mem, stack) ? fresh : SITE_NONE;
        if (same_stack(s, s->stacks.at[*index], stack)) {
            s->frames_of_stacks.n = stack.start;
            return *index;
        }
    }
}

/* The number of a table's stack that is not cached. */
static uint32_t copy_stack(struct sites *s, const struct trace_table *table, struct trace_stack stack)
{
    struct site_stack copy = {.start = (uint32_t)s->frames_of_stacks.n, .n = stack.n};
    if (s->frames_of_stacks.n + stack.n > UINT32_MAX)
        return SITE_NONE;
    for (uint32_t i = 0; i < stack.n; i++) {
        uint32_t frame = frame_at(s, table, table->stack_frames.at[stack.start + i]);
        if (frame == SITE_NONE || !vec_push(&s->frames_of_stacks, s->mem, frame))
            return SITE_NONE;
        copy.outermost = s->frames.at[frame].func;
    }
    return add_stack(s, copy);
}

uint32_t sites_stack(struct sites *s, const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    turn_to(s, table);
    if (!trace_ids_find(&table->stack_ids, id, &index) || table->stacks.at[index].n == 0)
        return 0;
    uint32_t *kept = cached(&s->of_stacks, s->mem, index, table->stacks.n);
    if (!kept)
        return SITE_NONE;
    if (*kept == 0) {
        uint32_t stack = copy_stack(s, table, table->stacks.at[index]);
        if (stack == SITE_NONE)
            return SITE_NONE;
        *kept = stack + 1;
    }
    return *kept - 1;
}

uint32_t sites_site(struct sites *s, uint32_t stack, uint32_t name)
{
    if (stack == SITE_NONE || name == SITE_NONE)
        return SITE_NONE;
    uint64_t key = (uint64_t)name << 32 | stack;
    uint32_t fresh = (uint32_t)s->sites.n, *index = map_add(&s->site_of_key, key, fresh);
    if (!index ||
        (*index == fresh && (fresh > LANE_REST_MAX || !vec_push(&s->sites, s->mem, (struct site){stack, name}))))
        return SITE_NONE;
    return *index;
}

/* Where what is known of a stack and a reason is kept, by their indices in a table; NULL where there are too many
 * reasons, or on exhaustion. */
static uint32_t *pair_of(struct sites *s, const struct trace_table *table, uint32_t stack, uint32_t reason)
{
    uint32_t *number = cached(&s->of_reasons, s->mem, reason, table->strings.n);
    if (!number || (*number == 0 && s->nreasons == site_reasons))
        return NULL;
    if (*number == 0)
        *number = ++s->nreasons;
    size_t place = (size_t)stack * site_reasons + *number - 1;
    return cached(&s->of_pairs, s->mem, 2 * place, 2 * site_reasons * table->stacks.n);
}

bool sites_find(struct sites *s, const struct trace_table *table, uint64_t stack, uint64_t reason,
                struct site_known *known)
{
    uint32_t stack_index, reason_index;
    turn_to(s, table);
    trace_ids_find(&table->stack_ids, stack, &stack_index);
    trace_ids_find(&table->string_ids, reason, &reason_index);
    uint32_t *pair = pair_of(s, table, stack_index, reason_index);
    if (pair && pair[0] != 0) {
        *known = (struct site_known){pair[0] - 1, pair[1]};
        return true;
    }
    uint32_t name = reason ? sites_string(s, table, reason) : 0, number = stack ? sites_stack(s, table, stack) : 0;
    uint32_t site = sites_site(s, number, name);
    if (site == SITE_NONE)
        return false;
    *known = (struct site_known){site, s->stacks.at[number].outermost};
    if (pair) {
        pair[0] = site + 1;
        pair[1] = known->outermost;
    }
    return true;
}
