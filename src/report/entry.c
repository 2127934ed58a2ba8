#include "report/entry.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "report/path.h"

/* What is only needed while a table is built: entries by their facts, file names by their text. */
struct builder {
    struct entry_table *table;
    const struct profile *profile;
    const struct entry_rules *rules;
    uint32_t *slots;   /* entries + 1, open addressing; 0 is free */
    uint32_t nslots;   /* a power of two */
    uint32_t *file_of; /* function: its file in table->files */
};

static bool same_facts(const struct entry *a, const struct entry *b)
{
    return a->name == b->name && a->file == b->file && a->objfile == b->objfile && a->address == b->address &&
           a->start_line == b->start_line && a->line == b->line && a->column == b->column;
}

static uint64_t facts_hash(const struct entry *entry)
{
    uint64_t hash = hash_fold(entry->name, (uint64_t)entry->file << 32 | entry->objfile);
    hash = hash_fold(hash, entry->address);
    hash = hash_fold(hash, (uint64_t)entry->line);
    return hash_fold(hash, (uint64_t)entry->start_line ^ (uint64_t)entry->column << 40);
}

/* The slot with an entry of these facts, or the free one where it belongs. */
static uint32_t *find_slot(const struct builder *builder, const struct entry *entry)
{
    uint32_t mask = builder->nslots - 1;
    for (uint32_t i = (uint32_t)facts_hash(entry) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &builder->slots[i];
        if (*slot == 0 || same_facts(&builder->table->at[*slot - 1], entry))
            return slot;
    }
}

/* The number of the entry with these facts. There is room for one entry a frame from the start. */
static uint32_t intern(struct builder *builder, const struct entry *entry)
{
    uint32_t *slot = find_slot(builder, entry);
    if (*slot == 0) {
        builder->table->at[builder->table->n++] = *entry;
        *slot = builder->table->n;
    }
    return *slot - 1;
}

static struct entry facts_of(const struct builder *builder, uint32_t location, const struct profile_line *line)
{
    const struct profile *profile = builder->profile;
    const struct entry_rules *rules = builder->rules;
    const struct profile_location *at = &profile->locations[location];
    uint32_t objfile = at->mapping == PROFILE_NONE ? 0 : profile->mappings[at->mapping].file;
    struct entry entry = {.address = rules->address ? at->address : 0};
    if (!line || line->function == PROFILE_NONE) {
        entry.objfile = objfile;
        return entry;
    }
    const struct profile_function *function = &profile->functions[line->function];
    entry.name = rules->function ? function->name : 0;
    entry.file = rules->filename ? builder->file_of[line->function] : 0;
    entry.line = rules->line ? line->line : 0;
    entry.column = rules->line && rules->column ? line->column : 0;
    if (rules->binary || entry.name == 0) {
        entry.objfile = objfile;
        entry.start_line = function->start_line;
    }
    return entry;
}

static void add_location(struct builder *builder, uint32_t location)
{
    struct entry_table *table = builder->table;
    uint32_t begin = builder->profile->line_start[location], end = builder->profile->line_start[location + 1];
    table->first[location] = table->nframes;
    if (builder->rules->no_inlines && end - begin > 1)
        begin = end - 1;
    if (begin == end) {
        struct entry bare = facts_of(builder, location, NULL);
        table->frames[table->nframes++] = intern(builder, &bare);
    }
    for (uint32_t i = begin; i < end; i++) {
        struct entry entry = facts_of(builder, location, &builder->profile->lines[i]);
        uint32_t number = intern(builder, &entry);
        table->frames[table->nframes++] = number;
        if (i + 1 < end)
            table->inlined[number] = true;
    }
    bool one = table->nframes - table->first[location] == 1;
    table->only[location] = one ? table->frames[table->nframes - 1] : PROFILE_NONE;
}

/* Numbers the file names of all functions. */
static bool add_files(struct builder *builder, const struct str *files)
{
    struct entry_table *table = builder->table;
    struct str_map numbers;
    str_map_init(&numbers, table->mem);
    bool good = str_map_add(&numbers, STR(""), 0) != NULL;
    table->files[0] = STR("");
    table->nfiles = 1;
    for (uint32_t i = 0; good && i < builder->profile->nfunctions; i++) {
        struct str file = files[i].n > 0 ? path_clean(files[i], &table->arena) : STR("");
        uint32_t *number = file.p ? str_map_add(&numbers, file, table->nfiles) : NULL;
        good = number != NULL;
        if (good) {
            if (*number == table->nfiles)
                table->files[table->nfiles++] = file;
            builder->file_of[i] = *number;
        }
    }
    str_map_finish(&numbers);
    return good;
}

/* How many frames a profile's locations can have: one a line, one for a location without lines. */
static uint64_t frames_at_most(const struct profile *profile)
{
    return (uint64_t)profile->nlocations + (profile->nlocations ? profile->line_start[profile->nlocations] : 0);
}

static uint32_t slots_for(uint64_t entries)
{
    uint64_t slots = 16;
    while (slots < entries * 2)
        slots *= 2;
    return (uint32_t)slots;
}

static bool reserve(struct builder *builder, uint64_t frames)
{
    struct entry_table *table = builder->table;
    if (frames > UINT32_MAX / 4)
        return false;
    builder->nslots = slots_for(frames);
    builder->slots = mem_get_array(table->mem, builder->nslots, sizeof *builder->slots);
    builder->file_of = mem_get_array(table->mem, builder->profile->nfunctions + 1, sizeof *builder->file_of);
    table->files = arena_new(&table->arena, struct str, builder->profile->nfunctions + 1);
    table->room = (uint32_t)frames + 1;
    table->at = mem_get_array(table->mem, table->room, sizeof *table->at);
    table->inlined = arena_new(&table->arena, bool, frames + 1);
    table->first = arena_new(&table->arena, uint32_t, table->nlocations + 1);
    table->only = arena_new(&table->arena, uint32_t, table->nlocations);
    table->frames = arena_new(&table->arena, uint32_t, frames + 1);
    return builder->slots && builder->file_of && table->files && table->at && table->inlined && table->first &&
           table->only && table->frames;
}

bool entry_table_init(struct entry_table *table, const struct profile *profile, const struct entry_rules *rules,
                      const struct str *files, struct mem *mem)
{
    *table = (struct entry_table){.mem = mem, .nlocations = profile->nlocations};
    arena_init(&table->arena, mem);
    struct builder builder = {.table = table, .profile = profile, .rules = rules};
    bool good = reserve(&builder, frames_at_most(profile)) && add_files(&builder, files);
    if (good) {
        memset(builder.slots, 0, builder.nslots * sizeof *builder.slots);
        for (uint32_t i = 0; i < profile->nlocations; i++)
            add_location(&builder, i);
        table->first[profile->nlocations] = table->nframes;
    }
    mem_put(mem, builder.slots, builder.slots ? builder.nslots * sizeof *builder.slots : 0);
    mem_put(mem, builder.file_of, (profile->nfunctions + (size_t)1) * sizeof *builder.file_of);
    if (!good)
        entry_table_finish(table);
    return good;
}

void entry_table_finish(struct entry_table *table)
{
    if (!table->mem)
        return;
    mem_put(table->mem, table->at, table->room * sizeof *table->at);
    arena_finish(&table->arena);
    *table = (struct entry_table){0};
}

/* Puts texts one after the other, into the arena. */
static struct str join(const struct str *parts, size_t nparts, struct arena *arena)
{
    size_t n = 0;
    for (size_t i = 0; i < nparts; i++)
        n += parts[i].n;
    char *text = arena_new(arena, char, n + 1), *to = text;
    if (!text)
        return (struct str){0};
    for (size_t i = 0; i < nparts; i++) {
        if (parts[i].n > 0)
            memcpy(to, parts[i].p, parts[i].n);
        to += parts[i].n;
    }
    return (struct str){text, n};
}

/* ":line" or ":line:column". */
static struct str place(const struct entry *entry, struct arena *arena)
{
    if (entry->column == 0)
        return arena_printf(arena, ":%" PRId64, entry->line);
    return arena_printf(arena, ":%" PRId64 ":%" PRId64, entry->line, entry->column);
}

size_t entry_parts(const struct entry_table *table, const struct profile *profile, uint32_t entry, struct str name,
                   struct str file, struct arena *arena, struct str parts[3])
{
    const struct entry *e = &table->at[entry];
    size_t n = 0;
    if (e->address != 0)
        parts[n++] = arena_printf(arena, "%016" PRIx64, e->address);
    if (name.n > 0)
        parts[n++] = name;
    if (e->line != 0)
        parts[n++] = join((struct str[]){file, place(e, arena)}, 2, arena);
    else if (file.n > 0)
        parts[n++] = file;
    else if (name.n == 0 && e->objfile != 0)
        parts[n++] = join((struct str[]){STR("["), path_base(profile->strings[e->objfile]), STR("]")}, 3, arena);
    else if (name.n == 0)
        parts[n++] = STR("<unknown>");
    return n;
}

struct str entry_name(const struct entry_table *table, const struct profile *profile, uint32_t entry,
                      struct arena *arena)
{
    const struct entry *e = &table->at[entry];
    struct str parts[3], spaced[5], file = table->files[e->file];
    size_t n = entry_parts(table, profile, entry, profile->strings[e->name], file, arena, parts), nspaced = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            spaced[nspaced++] = STR(" ");
        spaced[nspaced++] = parts[i];
    }
    return n == 1 ? parts[0] : join(spaced, nspaced, arena);
}

struct str entry_facts(const struct entry_table *table, const struct profile *profile, uint32_t entry,
                       struct arena *arena)
{
    const struct entry *e = &table->at[entry];
    struct str numbers =
        arena_printf(arena, " %" PRId64 " %" PRId64 " %" PRId64 " ", e->start_line, e->line, e->column);
    return join((struct str[]){STR("{"), profile->strings[e->name], arena_printf(arena, "  %" PRIu64 " ", e->address),
                               table->files[e->file], numbers, profile->strings[e->objfile], STR("}")},
                7, arena);
}
