#include "cli/origins.h"

#include <ctype.h>

#include "base/map.h"
#include "cli/url.h"
#include "symbol/line_edits.h"

enum { answer_timeout = 60 };

void origins_init(struct origins *origins, struct mem *mem)
{
    *origins = (struct origins){.all = {0}};
    arena_init(&origins->arena, mem);
}

void origins_finish(struct origins *origins)
{
    vec_finish(&origins->all, origins->arena.mem);
    arena_finish(&origins->arena);
}

bool origins_add(struct origins *origins, struct profile *profile, struct str url)
{
    url = arena_str(&origins->arena, url);
    for (uint32_t m = 0; m < profile->nmappings; m++) {
        struct profile_mapping *mapping = &profile->mappings[m];
        if (mapping->build_id == 0 && mapping->file == 0)
            mapping->file = profile_string(profile, url);
        uint32_t key = mapping->build_id ? mapping->build_id : mapping->file;
        if (!url.p || key == PROFILE_NONE)
            return false;
        struct origin origin = {arena_str(&origins->arena, profile_text(profile, key)), url, mapping->start};
        if (!vec_push(&origins->all, origins->arena.mem, origin))
            return false;
    }
    return true;
}

void origins_forget(struct profile *profile)
{
    for (uint32_t m = 0; m < profile->nmappings; m++) {
        struct profile_mapping *mapping = &profile->mappings[m];
        struct url url;
        if (mapping->build_id == 0 && url_parse(profile_text(profile, mapping->file), &url) && url.scheme.n > 0)
            mapping->file = 0;
    }
}

/* --- Asking --- */

struct question {
    struct profile *profile;
    uint32_t mapping;
    uint64_t shift;   /* what to add to the profile's addresses for the source's: merging may have moved them */
    struct map lines; /* from an address to the number of its name + 1 */
    VEC(struct str) names;
};

static bool is_asked(const struct question *question, uint32_t location)
{
    const struct profile *profile = question->profile;
    return profile->locations[location].mapping == question->mapping && profile->locations[location].address != 0 &&
           profile->line_start[location] == profile->line_start[location + 1];
}

/* "0x1000+0x1008"; nothing where there is nothing to ask. */
static void put_addresses(const struct question *question, struct buf *out)
{
    for (uint32_t l = 0; l < question->profile->nlocations; l++) {
        if (!is_asked(question, l))
            continue;
        buf_str(out, out->n > 0 ? STR("+0x") : STR("0x"));
        buf_hex(out, question->profile->locations[l].address + question->shift);
    }
}

/* Reads "0x1000 name", wherever in the line it begins. */
static bool read_line(struct question *question, struct str line)
{
    size_t at = str_find(line, STR("0x"), 0), end = at + 2;
    uint64_t address = 0;
    for (; end < line.n && isxdigit((unsigned char)line.p[end]); end++)
        address = address * 16 + (uint64_t)(isdigit((unsigned char)line.p[end])
                                                ? line.p[end] - '0'
                                                : tolower((unsigned char)line.p[end]) - 'a' + 10);
    struct str name = str_skip(line, end);
    while (name.n > 0 && isspace((unsigned char)name.p[0]))
        name = str_skip(name, 1);
    if (at == line.n || end == at + 2 || name.p == line.p + end)
        return true; /* "num_symbols: 1", an empty line */
    uint32_t *number = map_add(&question->lines, address - question->shift, 0);
    if (!number || !vec_push(&question->names, question->profile->mem, name))
        return false;
    *number = (uint32_t)question->names.n;
    return true;
}

static bool read_answer(struct question *question, struct str answer)
{
    while (answer.n > 0) {
        size_t n = str_find(answer, STR("\n"), 0);
        if (n < answer.n && !read_line(question, str_first(answer, n)))
            return false;
        answer = str_skip(answer, n + 1);
    }
    return true;
}

static bool apply_answer(struct question *question)
{
    struct profile *profile = question->profile;
    struct line_edits edits;
    bool fine = true;
    line_edits_init(&edits, profile);
    for (uint32_t l = 0; l < profile->nlocations && fine; l++) {
        if (profile->locations[l].mapping != question->mapping)
            continue;
        const uint32_t *number = map_find(&question->lines, profile->locations[l].address);
        if (!number)
            continue;
        uint32_t name = profile_string(profile, question->names.at[*number - 1]);
        struct profile_function function = {.name = name, .system_name = name};
        fine = name != PROFILE_NONE && line_edits_begin(&edits, l) && line_edits_add(&edits, function, 0, 0);
    }
    fine = fine && line_edits_apply(&edits);
    line_edits_finish(&edits);
    return fine;
}

/* Asks one source about one mapping. */
static bool ask(struct question *question, const char *url, const char *addresses, const struct transfer_tls *tls,
                struct buf *notes)
{
    struct mem *mem = question->profile->mem;
    struct transfer transfer = {.url = url, .post = addresses, .timeout = answer_timeout};
    struct transfer_watch watch = {0};
    bool fine = true;
    buf_init(&transfer.body, mem);
    buf_init(&transfer.error, mem);
    if (!transfers_run(&transfer, 1, tls, &watch, &transfer.error) || transfer.error.n > 0) {
        buf_printf(notes, "remote symbolization: %.*s\n", (int)transfer.error.n, transfer.error.p);
    } else {
        fine = read_answer(question, buf_text(&transfer.body)) && apply_answer(question);
        question->profile->mappings[question->mapping].has_functions = true;
    }
    buf_finish(&transfer.error);
    buf_finish(&transfer.body);
    return fine;
}

static bool ask_origin(const struct origin *origin, struct profile *profile, uint32_t m, const struct transfer_tls *tls,
                       struct buf *notes)
{
    struct question question = {.profile = profile, .mapping = m, .shift = origin->start - profile->mappings[m].start};
    struct buf url, addresses;
    bool fine = true;
    buf_init(&url, profile->mem);
    buf_init(&addresses, profile->mem);
    map_init(&question.lines, profile->mem);
    put_addresses(&question, &addresses);
    if (url_of_symbols(origin->url, &url) && addresses.n > 0) {
        buf_byte(&url, '\0');
        buf_byte(&addresses, '\0');
        fine = !url.failed && !addresses.failed && ask(&question, url.p, addresses.p, tls, notes);
    }
    vec_finish(&question.names, profile->mem);
    map_finish(&question.lines);
    buf_finish(&addresses);
    buf_finish(&url);
    return fine;
}

/* The first source of a mapping, looked for by its file and then by its build id; NULL where it has none. */
static const struct origin *origin_of(const struct origins *origins, const struct profile *profile, uint32_t m)
{
    uint32_t keys[2] = {profile->mappings[m].file, profile->mappings[m].build_id};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < origins->all.n && keys[k] != 0; i++) {
            if (str_equal(origins->all.at[i].key, profile_text(profile, keys[k])))
                return &origins->all.at[i];
        }
    }
    return NULL;
}

bool origins_symbolize(const struct origins *origins, struct profile *profile, bool force,
                       const struct transfer_tls *tls, struct buf *notes)
{
    for (uint32_t m = 0; m < profile->nmappings; m++) {
        const struct origin *origin =
            profile->mappings[m].has_functions && !force ? NULL : origin_of(origins, profile, m);
        if (origin && !ask_origin(origin, profile, m, tls, notes))
            return false;
    }
    return true;
}
