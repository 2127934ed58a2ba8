#include "profile/names.h"

#include <string.h>

bool names_init(struct names *names, const struct profile *profile, struct pattern *pattern)
{
    *names = (struct names){.profile = profile, .pattern = pattern, .n = profile->nstrings};
    names->known = mem_get(profile->mem, names->n);
    if (!names->known)
        return false;
    memset(names->known, 0, names->n);
    return true;
}

void names_finish(struct names *names)
{
    if (names->known)
        mem_put(names->profile->mem, names->known, names->n);
    *names = (struct names){0};
}

struct str simplified_function(struct str name)
{
    if (name.n > 0 && name.p[0] == '.')
        name = str_skip(name, 1);
    const struct str anonymous = STR("(anonymous namespace)"), call = STR("operator()");
    for (size_t i = 0; i < name.n; i++) {
        struct str rest = str_skip(name, i);
        if (str_starts_with(rest, anonymous))
            i += anonymous.n - 1;
        else if (str_starts_with(rest, call))
            i += call.n - 1;
        else if (name.p[i] == '(')
            return str_first(name, i);
    }
    return name;
}

bool names_match(struct names *names, uint32_t string)
{
    uint8_t *known = &names->known[string];
    if (*known == 0) {
        struct str text = names->profile->strings[string];
        *known = 1 + pattern_matches(names->pattern, names->simplify ? simplified_function(text) : text);
    }
    return *known == 2;
}

bool names_match_line(struct names *names, const struct profile_line *line)
{
    const struct profile_function *function = &names->profile->functions[line->function];
    return names_match(names, function->name) || names_match(names, function->filename);
}

bool names_match_mapping(struct names *names, uint32_t location)
{
    uint32_t mapping = names->profile->locations[location].mapping;
    return mapping != PROFILE_NONE && names_match(names, names->profile->mappings[mapping].file);
}
