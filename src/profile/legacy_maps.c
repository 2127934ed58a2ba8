/* The mappings at the end of old profiles: lines of /proc/PID/maps, or shorter ones, with "build=/path" lines between
 * them that later lines refer to as $build. The expressions are google/pprof's own, since what they make of odd lines
 * ends up in the output. */
#include <string.h>

#include "profile/legacy.h"

#define HEX "(?:0x)?([[:xdigit:]]+)"
#define HEX_RANGE "\\s*" HEX "[\\s-]?\\s*" HEX ":?"
#define PERMISSIONS "(?:\\s+([-rwxp]+))?"
#define MAYBE_STRING "(?:\\s+(\\S+))?"
#define MAYBE_HEX "(?:\\s+([[:xdigit:]]+))?"
#define MAYBE_AT_OFFSET "(?:\\s+\\(@([[:xdigit:]]+)\\))?"

static const char proc_line[] =
    "^" HEX_RANGE PERMISSIONS MAYBE_HEX "\\s+[[:xdigit:]]+:[[:xdigit:]]+\\s+[[:digit:]]+" MAYBE_STRING;
static const char brief_line[] = "^" HEX_RANGE PERMISSIONS MAYBE_STRING MAYBE_AT_OFFSET MAYBE_HEX;
static const char log_prefix[] = "^[^\\[\\]]+:[0-9]+]\\s";
static const char library_name[] = "([.]so$|[.]so[._][0-9]+)";

/* $name and what it stands for; both are parts of one block. */
struct attribute {
    struct str name, value;
};

struct maps {
    struct legacy *legacy;
    struct pattern *proc, *brief, *log, *library;
    VEC(struct attribute) attributes;
    struct buf line;
    struct arena texts;
};

/* A mapping line's parts as texts. */
struct map_line {
    struct str start, limit, permissions, file, offset, build_id;
};

static bool split_line(struct maps *maps, struct str line, struct map_line *parts)
{
    struct str groups[7];
    if (pattern_find(maps->proc, line, groups, 6)) {
        *parts = (struct map_line){groups[1], groups[2], groups[3], groups[5], groups[4], {0}};
        return true;
    }
    if (pattern_find(maps->brief, line, groups, 7)) {
        *parts = (struct map_line){groups[1], groups[2], groups[3], groups[4], groups[5], groups[6]};
        return true;
    }
    return false;
}

static bool contains_byte(struct str text, char byte)
{
    return str_find_last_byte(text, byte) < text.n;
}

/* Takes a mapping line; *taken is false where the line is none. False on exhaustion. */
static bool take_mapping(struct maps *maps, struct str line, bool *taken)
{
    struct legacy *l = maps->legacy;
    struct map_line parts;
    struct profile_mapping mapping = {0};
    *taken = split_line(maps, line, &parts);
    if (!*taken || (parts.permissions.n > 0 && !contains_byte(parts.permissions, 'x')))
        return true;
    *taken = legacy_parse_hex(parts.start, &mapping.start) && legacy_parse_hex(parts.limit, &mapping.limit) &&
             (parts.offset.n == 0 || legacy_parse_hex(parts.offset, &mapping.offset));
    if (!*taken)
        return true;
    mapping.file = profile_string(&l->profile, parts.file);
    mapping.build_id = profile_string(&l->profile, parts.build_id);
    return mapping.file != PROFILE_NONE && mapping.build_id != PROFILE_NONE && vec_push(&l->mappings, l->mem, mapping);
}

/* Takes a line "name=value". False on exhaustion. */
static bool take_attribute(struct maps *maps, struct str line)
{
    size_t equals = str_find(line, STR("="), 0);
    if (equals == line.n)
        return true;
    struct attribute attribute = {
        arena_printf(&maps->texts, "$%.*s", STR_ARG(legacy_trim(str_first(line, equals)))),
        arena_str(&maps->texts, legacy_trim(str_skip(line, equals + 1))),
    };
    return attribute.name.p && attribute.value.p && vec_push(&maps->attributes, maps->legacy->mem, attribute);
}

/* The first attribute that a text begins with; NULL where there is none. */
static const struct attribute *attribute_at(const struct maps *maps, struct str text)
{
    for (size_t i = 0; i < maps->attributes.n; i++) {
        if (str_starts_with(text, maps->attributes.at[i].name))
            return &maps->attributes.at[i];
    }
    return NULL;
}

/* Puts values for the attributes' names. */
static struct str replace_attributes(struct maps *maps, struct str line)
{
    if (maps->attributes.n == 0 || !contains_byte(line, '$'))
        return line;
    maps->line.n = 0;
    for (size_t i = 0; i < line.n;) {
        const struct attribute *attribute = attribute_at(maps, str_skip(line, i));
        if (attribute)
            buf_str(&maps->line, attribute->value);
        else
            buf_byte(&maps->line, line.p[i]);
        i += attribute ? attribute->name.n : 1;
    }
    return buf_text(&maps->line);
}

static bool take_line(struct maps *maps, struct str line)
{
    struct str prefix;
    bool taken;
    if (contains_byte(line, ']') && pattern_find(maps->log, line, &prefix, 1))
        line = str_skip(line, prefix.n);
    line = replace_attributes(maps, line);
    return !maps->line.failed && take_mapping(maps, line, &taken) && (taken || take_attribute(maps, line));
}

/* Whether two mappings are one that was split. */
static bool adjacent(const struct profile_mapping *a, const struct profile_mapping *b)
{
    if (a->file != 0 && b->file != 0 && a->file != b->file)
        return false;
    if (a->build_id != 0 && b->build_id != 0 && a->build_id != b->build_id)
        return false;
    if (a->limit != b->start)
        return false;
    return a->offset == 0 || b->offset == 0 || a->offset + (a->limit - a->start) == b->offset;
}

static void join_adjacent(struct legacy *l)
{
    struct profile_mapping *at = l->mappings.at;
    size_t n = 1;
    for (size_t i = 1; i < l->mappings.n; i++) {
        struct profile_mapping *last = &at[n - 1];
        if (!adjacent(last, &at[i])) {
            at[n++] = at[i];
            continue;
        }
        last->limit = at[i].limit;
        last->file = at[i].file != 0 ? at[i].file : last->file;
        last->build_id = at[i].build_id != 0 ? at[i].build_id : last->build_id;
    }
    if (l->mappings.n > 0)
        l->mappings.n = n;
}

/* Whether a mapping may be the program's own: not a library, nor "[heap]" and the like. */
static bool may_be_main(struct maps *maps, const struct profile_mapping *mapping)
{
    struct str file = legacy_trim(maps->legacy->profile.strings[mapping->file]), deleted = STR("(deleted)");
    if (str_starts_with(file, deleted))
        file = legacy_trim(str_skip(file, deleted.n));
    if (str_ends_with(file, deleted))
        file = legacy_trim(str_first(file, file.n - deleted.n));
    return file.n > 0 && file.p[0] != '[' && !pattern_matches(maps->library, file);
}

static void put_main_first(struct maps *maps)
{
    struct profile_mapping *at = maps->legacy->mappings.at;
    for (size_t i = 0; i < maps->legacy->mappings.n; i++) {
        if (may_be_main(maps, &at[i])) {
            struct profile_mapping first = at[0];
            at[0] = at[i];
            at[i] = first;
            return;
        }
    }
}

static bool read_lines(struct maps *maps, struct legacy_lines *lines)
{
    while (legacy_next_line(lines)) {
        if (!take_line(maps, lines->line))
            return false;
    }
    join_adjacent(maps->legacy);
    put_main_first(maps);
    return true;
}

bool legacy_read_maps(struct legacy *l, struct legacy_lines *lines)
{
    if (lines->next >= lines->text.n)
        return true;
    struct maps maps = {.legacy = l,
                        .proc = legacy_pattern(l, proc_line),
                        .brief = legacy_pattern(l, brief_line),
                        .log = legacy_pattern(l, log_prefix),
                        .library = legacy_pattern(l, library_name)};
    buf_init(&maps.line, l->mem);
    arena_init(&maps.texts, l->mem);
    bool ok = maps.proc && maps.brief && maps.log && maps.library && read_lines(&maps, lines);
    pattern_destroy(maps.proc);
    pattern_destroy(maps.brief);
    pattern_destroy(maps.log);
    pattern_destroy(maps.library);
    vec_finish(&maps.attributes, l->mem);
    buf_finish(&maps.line);
    arena_finish(&maps.texts);
    return ok;
}

bool legacy_read_sections(struct legacy *l, struct legacy_lines *lines)
{
    while (!legacy_is_map_sentinel(lines->line)) {
        if (!legacy_next_line(lines))
            break;
    }
    return legacy_read_maps(l, lines);
}
