/* Entries: what the frames of a profile count as at a granularity. All frames with the same facts are one entry (Go's
 * graph.NodeInfo); entries are numbered densely, and every location knows those of its frames, so that what follows is
 * array work. */
#ifndef SONDE_REPORT_ENTRY_H
#define SONDE_REPORT_ENTRY_H

#include "base/arena.h"
#include "base/map.h"
#include "profile/profile.h"

/* Which facts of a frame count; what does not is 0. */
struct entry_rules {
    bool function, filename, line, column, address;
    bool binary;     /* the file of the mapping and the function's first line, also where the function has a name */
    bool no_inlines; /* of a location's frames only the outermost */
};

struct entry {
    uint32_t name;    /* string of the profile */
    uint32_t file;    /* of entry_table.files */
    uint32_t objfile; /* string of the profile */
    uint64_t address;
    int64_t start_line, line, column;
};

struct entry_table {
    struct mem *mem;
    struct arena arena;
    struct str *files; /* cleaned; files[0] is "" */
    uint32_t nfiles;
    struct entry *at;
    uint32_t n, room;
    bool *inlined;       /* whether the entry is ever a call that was inlined into its caller */
    uint32_t *first;     /* nlocations + 1: the frames of location l are frames[first[l]] .. frames[first[l + 1]] */
    uint32_t *frames;    /* entries, innermost first; never none */
    uint32_t *only;      /* nlocations: the entry of a location with one frame, else PROFILE_NONE */
    uint32_t nlocations; /* of the profile */
    uint32_t nframes;
};

/* Builds the table. `files` holds a name for each function of the profile (trimmed already; not cleaned). False on
 * exhaustion; nothing is owned then. */
bool entry_table_init(struct entry_table *table, const struct profile *profile, const struct entry_rules *rules,
                      const struct str *files, struct mem *mem);
void entry_table_finish(struct entry_table *table);

/* The text that stands for an entry: "address name file:line". Part of the profile, the table or the arena. */
struct str entry_name(const struct entry_table *table, const struct profile *profile, uint32_t entry,
                      struct arena *arena);

/* The parts of such a text, of which there are one to three, with another name and file in it. */
size_t entry_parts(const struct entry_table *table, const struct profile *profile, uint32_t entry, struct str name,
                   struct str file, struct arena *arena, struct str parts[3]);

/* All facts of an entry as Go prints a struct: what decides where everything else is equal. */
struct str entry_facts(const struct entry_table *table, const struct profile *profile, uint32_t entry,
                       struct arena *arena);

#endif
