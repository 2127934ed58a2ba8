/* Looking a string or stack up costs once for each generation; after that it is an index. */
#include "trace/places.h"

#include "trace/spec.h"

enum { first_stacks = 64 };

bool places_init(struct places *p, struct mem *mem)
{
    *p = (struct places){.mem = mem, .serial = UINT64_MAX, .stacks.mem = mem};
    arena_init(&p->arena, mem);
    str_map_init(&p->name_of_text, mem);
    map_init(&p->frame_of_pc, mem);
    if (places_name(p, STR("")) == 0 && stacks_init(&p->stacks, mem, first_stacks) && stacks_reserve(&p->stacks, 1) &&
        stacks_take(&p->stacks, 0) == 0)
        return true;
    places_finish(p);
    return false;
}

void places_finish(struct places *p)
{
    vec_finish(&p->names, p->mem);
    vec_finish(&p->frames, p->mem);
    vec_finish(&p->name_of_string, p->mem);
    vec_finish(&p->stack_of_stack, p->mem);
    str_map_finish(&p->name_of_text);
    map_finish(&p->frame_of_pc);
    stacks_finish(&p->stacks);
    arena_finish(&p->arena);
}

uint32_t places_name(struct places *p, struct str text)
{
    uint32_t *known = str_map_find(&p->name_of_text, text);
    if (known)
        return *known;
    struct str copy = arena_str(&p->arena, text);
    uint32_t fresh = (uint32_t)p->names.n;
    if (!copy.p || !str_map_add(&p->name_of_text, copy, fresh) || !vec_push(&p->names, p->mem, copy))
        return PLACES_NONE;
    return fresh;
}

/* Forgets what was known of another table; false on exhaustion. */
static bool begin_table(struct places *p, const struct trace_table *table)
{
    if (p->serial == table->serial && p->name_of_string.n >= table->strings.n && p->stack_of_stack.n >= table->stacks.n)
        return true;
    p->serial = table->serial;
    p->name_of_string.n = p->stack_of_stack.n = 0;
    if (!vec_reserve(&p->name_of_string, p->mem, table->strings.n) ||
        !vec_reserve(&p->stack_of_stack, p->mem, table->stacks.n))
        return false;
    p->name_of_string.n = table->strings.n;
    p->stack_of_stack.n = table->stacks.n;
    memset(p->name_of_string.at, 0xff, table->strings.n * sizeof *p->name_of_string.at);
    memset(p->stack_of_stack.at, 0xff, table->stacks.n * sizeof *p->stack_of_stack.at);
    return true;
}

/* The name of a string by its place in the table. */
static uint32_t name_at(struct places *p, const struct trace_table *table, uint64_t index)
{
    uint32_t *known = &p->name_of_string.at[index];
    if (*known == PLACES_NONE) {
        uint32_t name = places_name(p, table->strings.at[index]);
        p->name_of_string.at[index] = name;
        return name;
    }
    return *known;
}

uint32_t places_string(struct places *p, const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    trace_ids_find(&table->string_ids, id, &index);
    return begin_table(p, table) ? name_at(p, table, index) : PLACES_NONE;
}

static uint32_t frame_of(struct places *p, const struct trace_table *table, const struct trace_frame *frame)
{
    uint32_t fresh = (uint32_t)p->frames.n, *index = map_add(&p->frame_of_pc, frame->pc, fresh);
    if (!index || *index != fresh)
        return index ? *index : PLACES_NONE;
    bool named = frame->func < table->strings.n && frame->file < table->strings.n;
    struct place place = {.line = frame->line};
    place.func = named ? name_at(p, table, frame->func) : 0;
    place.file = named ? name_at(p, table, frame->file) : 0;
    if (place.func == PLACES_NONE || place.file == PLACES_NONE || !vec_push(&p->frames, p->mem, place))
        return PLACES_NONE;
    return fresh;
}

static uint32_t intern(struct places *p, const struct trace_table *table, struct trace_stack stack)
{
    uint32_t indices[trace_max_stack];
    uint32_t n = stack.n < trace_max_stack ? stack.n : trace_max_stack;
    for (uint32_t i = 0; i < n; i++) {
        indices[i] = frame_of(p, table, trace_stack_frame(table, stack, i));
        if (indices[i] == PLACES_NONE)
            return PLACES_NONE;
    }
    uint32_t *frames = n > 0 ? stacks_reserve(&p->stacks, n) : NULL;
    if (n > 0 && !frames)
        return PLACES_NONE;
    if (n > 0)
        memcpy(frames, indices, n * sizeof *indices);
    return stacks_take(&p->stacks, n);
}

uint32_t places_stack(struct places *p, const struct trace_table *table, uint64_t id)
{
    uint32_t index;
    if (id == 0)
        return 0;
    trace_ids_find(&table->stack_ids, id, &index);
    if (!begin_table(p, table))
        return PLACES_NONE;
    if (p->stack_of_stack.at[index] == PLACES_NONE)
        p->stack_of_stack.at[index] = intern(p, table, table->stacks.at[index]);
    return p->stack_of_stack.at[index];
}
