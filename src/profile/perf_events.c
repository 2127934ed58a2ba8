#include "profile/perf_events.h"

#include <string.h>

void perf_events_init(struct perf_events *e, struct mem *mem)
{
    *e = (struct perf_events){.mem = mem};
    arena_init(&e->texts, mem);
    str_map_init(&e->index, mem);
}

void perf_events_finish(struct perf_events *e)
{
    arena_finish(&e->texts);
    str_map_finish(&e->index);
    vec_finish(&e->names, e->mem);
    vec_finish(&e->amounts, e->mem);
}

uint32_t perf_events_find(struct perf_events *e, struct str name)
{
    const uint32_t *known = str_map_find(&e->index, name);
    if (known)
        return *known;
    struct str copy = arena_str(&e->texts, name);
    uint32_t fresh = (uint32_t)e->names.n;
    bool ok = copy.p && vec_push(&e->names, e->mem, copy) && str_map_add(&e->index, copy, fresh);
    return ok ? fresh : PROFILE_NONE;
}

bool perf_events_count(struct perf_events *e, struct perf_amount amount)
{
    return vec_push(&e->amounts, e->mem, amount);
}

/* Events that count nanoseconds. */
static bool is_clock(struct str event)
{
    return str_equal(event, STR("cpu-clock")) || str_equal(event, STR("task-clock"));
}

static struct str type_of(struct str event)
{
    return is_clock(event) ? STR("cpu") : event;
}

static struct str unit_of(struct str event)
{
    return is_clock(event) ? STR("nanoseconds") : STR("count");
}

/* Adds a sample type for each event and spreads the values over them. */
static bool put_values(struct perf_events *e, struct assembly *a)
{
    size_t ntypes = e->names.n + 1, n = e->amounts.n * ntypes;
    for (size_t i = 0; i < e->names.n; i++) {
        if (!assembly_add_type(a, type_of(e->names.at[i]), unit_of(e->names.at[i])))
            return false;
    }
    if (n == 0)
        return true;
    if (n / ntypes != e->amounts.n || !vec_reserve(&a->values, a->mem, n - a->values.n))
        return false;
    memset(a->values.at, 0, n * sizeof *a->values.at);
    a->values.n = n;
    for (size_t i = 0; i < e->amounts.n; i++) {
        a->values.at[i * ntypes] = 1;
        a->values.at[i * ntypes + 1 + e->amounts.at[i].event] = e->amounts.at[i].value;
    }
    return true;
}

/* The period: what every sample counts, where all count the same. */
static bool put_period(struct perf_events *e, struct assembly *a)
{
    if (e->amounts.n == 0)
        return true;
    struct perf_amount first = e->amounts.at[0];
    struct str name = e->names.at[first.event];
    for (size_t i = 1; i < e->amounts.n; i++) {
        if (e->amounts.at[i].event != first.event || e->amounts.at[i].value != first.value)
            first.value = 0;
    }
    return assembly_set_period(a, type_of(name), unit_of(name), first.value);
}

/* Whether a mapping may be the program's own: not a library, the kernel, or memory without a file. */
static bool may_be_main(const struct assembly *a, uint32_t mapping)
{
    struct str file = a->profile.strings[a->mappings.at[mapping].file];
    return file.n > 0 && file.p[0] == '/' && !str_starts_with(file, STR("//")) &&
           str_find(file, STR(".so"), 0) == file.n;
}

/* The first mapping counts as the program: puts the first one there that may be it. */
static void put_main_first(struct assembly *a)
{
    uint32_t main = 0;
    while (main < a->mappings.n && !may_be_main(a, main))
        main++;
    if (main == 0 || main == a->mappings.n)
        return;
    struct profile_mapping first = a->mappings.at[0];
    a->mappings.at[0] = a->mappings.at[main];
    a->mappings.at[main] = first;
    a->mappings.at[0].id = 1;
    a->mappings.at[main].id = (uint64_t)main + 1;
    for (size_t i = 0; i < a->locations.n; i++) {
        uint32_t *mapping = &a->locations.at[i].mapping;
        *mapping = *mapping == main ? 0 : *mapping == 0 ? main : *mapping;
    }
}

bool perf_events_put(struct perf_events *e, struct assembly *a)
{
    put_main_first(a);
    return put_values(e, a) && put_period(e, a);
}
