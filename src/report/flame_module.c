#include "report/flame_module.h"

#include "base/hash.h"
#include "report/path.h"

static bool is_opening(char c)
{
    return c == '(' || c == '[' || c == '<' || c == '{' || c == ' ';
}

/* The name without what stands before it in brackets or is a reference, as in "<alloc::vec::Vec<T> as Drop>::drop". */
static struct str bare(struct str name)
{
    while (name.n > 0 && (is_opening(name.p[0]) || name.p[0] == '&' || name.p[0] == '*'))
        name = str_skip(name, 1);
    return name;
}

struct str flame_package(struct str name)
{
    name = bare(name);
    size_t end = 0, slash = 0;
    for (; end < name.n && !is_opening(name.p[end]); end++) {
        if (name.p[end] == '/')
            slash = end + 1;
    }
    for (size_t i = slash; i < end; i++) {
        bool dot = name.p[i] == '.', colons = name.p[i] == ':' && i + 1 < end && name.p[i + 1] == ':';
        if (dot || colons)
            return i > slash ? str_first(name, i) : STR("");
    }
    return STR("");
}

/* What a location's frame belongs to where its name does not tell. */
static struct str place_of(const struct profile *profile, uint32_t location, uint32_t line)
{
    uint32_t mapping = profile->locations[location].mapping;
    struct str file = mapping == PROFILE_NONE ? STR("") : profile->strings[profile->mappings[mapping].file];
    if (file.n == 0 && line < profile->line_start[location + 1])
        file = profile->strings[profile->functions[profile->lines[line].function].filename];
    return file.n > 0 ? path_base(file) : file;
}

struct str *flame_modules(const struct entry_stacks *stacks)
{
    const struct entry_table *entries = &stacks->entries;
    const struct profile *profile = stacks->job->profile;
    struct str *modules = arena_new(&stacks->job->arena, struct str, entries->n);
    for (uint32_t i = 0; modules && i < entries->n; i++)
        modules[i] = flame_package(profile->strings[entries->at[i].name]);
    for (uint32_t location = 0; modules && location < entries->nlocations; location++) {
        for (uint32_t i = entries->first[location]; i < entries->first[location + 1]; i++) {
            struct str *module = &modules[entries->frames[i]];
            if (module->n == 0)
                *module = place_of(profile, location, profile->line_start[location] + i - entries->first[location]);
        }
    }
    return modules;
}

unsigned flame_hue(struct str module)
{
    enum { nhues = 24, step = 15 };
    return module.n == 0 ? flame_no_hue : (unsigned)(hash_bytes(module.p, module.n) >> 40) % nhues * step;
}

unsigned flame_shade(struct str name)
{
    return (unsigned)(hash_bytes(name.p, name.n) >> 48) & 7;
}
