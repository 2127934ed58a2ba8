/* Names, stacks and places of all generations of a trace, each once, as small numbers. The tables of a generation are
 * gone when the next one is read; here is what outlives them. */
#ifndef SONDE_TRACE_SITE_H
#define SONDE_TRACE_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "trace/table.h"

struct site_frame {
    uint64_t pc, line;
    uint32_t func, file; /* names */
};

/* Frames frames_of_stacks[start .. start + n), leaf first, and the name of the last one's function. */
struct site_stack {
    uint32_t start, n;
    uint32_t outermost;
};

/* Why and where: a name and a stack. */
struct site {
    uint32_t stack, name;
};

/* What is known of an event's stack with its reason to stop. */
struct site_known {
    uint32_t site, outermost; /* outermost: of the stack */
};

/* The index under which something of the generation at hand is known here, plus one; 0 where it was not asked for. */
struct site_cache {
    uint32_t *at;
    size_t room;
};

/* Reasons to stop of a generation whose sites are found by place: Go has some twenty, and a program few of them. */
enum { site_reasons = 8 };

struct sites {
    struct mem *mem;
    struct arena arena;    /* texts of names */
    VEC(struct str) names; /* [0] is "" */
    struct str_map name_of_text;
    VEC(struct site_frame) frames;
    struct map frame_of_hash;
    VEC(uint32_t) frames_of_stacks;
    VEC(struct site_stack) stacks; /* [0] is empty */
    struct map stack_of_hash;
    VEC(struct site) sites; /* [0] is nothing */
    struct map site_of_key;

    uint64_t serial;                   /* of the table that these are about */
    size_t nstrings, nframes, nstacks; /* of that table */
    struct site_cache of_strings, of_frames, of_stacks;
    struct site_cache of_reasons; /* by string: 1 to site_reasons */
    struct site_cache of_pairs;   /* by stack and reason: the site plus one, and the stack's outermost name */
    uint32_t nreasons;
};

#define SITE_NONE UINT32_MAX /* on exhaustion */

/* Prepares empty sites; false on exhaustion. */
bool sites_init(struct sites *sites, struct mem *mem);
void sites_finish(struct sites *sites);

/* The number of a text. */
uint32_t sites_name(struct sites *sites, struct str text);

/* The number of what an id of a table means. */
uint32_t sites_string(struct sites *sites, const struct trace_table *table, uint64_t id);
uint32_t sites_stack(struct sites *sites, const struct trace_table *table, uint64_t id);

/* The site of a stack and a reason, by their ids in a table (0 for none), and what its goroutine is called; false on
 * exhaustion. */
bool sites_find(struct sites *sites, const struct trace_table *table, uint64_t stack, uint64_t reason,
                struct site_known *known);

/* The number of a site: at most 2^28 - 1, else as on exhaustion. */
uint32_t sites_site(struct sites *sites, uint32_t stack, uint32_t name);

static inline const struct site_frame *sites_frame(const struct sites *sites, struct site_stack stack, uint32_t i)
{
    return &sites->frames.at[sites->frames_of_stacks.at[stack.start + i]];
}

/* Bytes that all of it takes. */
size_t sites_size(const struct sites *sites);

#endif
