/* The profile model: profile.proto (https://github.com/google/pprof/blob/main/proto/profile.proto) as columns.
 *
 * Everything is named by dense 32-bit indices from 0, whatever ids the file used, so that every report is array work:
 *
 *     sample i ── stack[i] ──▶ frames[stack_start[s] .. stack_start[s+1])   locations, leaf first
 *          │                        └─▶ location l ──▶ lines[line_start[l] .. line_start[l+1])   innermost inline first
 *          │                                               └─▶ function f ──▶ name, file (string ids)
 *          ├─ values[i * nsample_types ..]
 *          └─ labels[label_start[i] .. label_start[i+1])
 *
 * Samples with equal stacks share one stack, so what depends only on the stack is computed once. Samples stay as many
 * and in the order in which the file has them, as go tool pprof keeps them; only profile_merge joins equal ones.
 *
 * Equal texts have equal string ids, and string 0 is "". Functions, locations and mappings also carry the id that the
 * file gave them: nothing is looked up by it, but -raw and -proto print it. Every array's block is exactly as large as
 * its count says (strings: strings_room), so whoever changes a count resizes the block (profile_resize).
 */
#ifndef SONDE_PROFILE_PROFILE_H
#define SONDE_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

/* "No mapping", "no function", "no string". */
#define PROFILE_NONE UINT32_MAX

struct profile_value_type {
    uint32_t type, unit; /* strings */
};

struct profile_mapping {
    uint64_t start, limit, offset; /* addresses [start, limit) hold the file from byte offset on */
    uint32_t file, build_id;       /* strings */
    bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
    uint64_t id; /* the file's; not 0, unique */
};

struct profile_function {
    uint32_t name, system_name, filename; /* strings */
    int64_t start_line;
    uint64_t id; /* the file's; not 0, unique */
};

struct profile_location {
    uint64_t address;
    uint32_t mapping; /* or PROFILE_NONE */
    bool is_folded;
    uint64_t id; /* the file's; not 0, unique */
};

struct profile_line {
    uint32_t function; /* never PROFILE_NONE in a profile that was read: such lines are refused, as in Go */
    int64_t line, column;
};

/* One label of a sample: a string or a number with a unit. A sample's labels stand in the order in which Go writes
 * them: first the strings, then the numbers, each sorted by the key's bytes; values of one key keep the file's order.
 */
struct profile_label {
    uint32_t key; /* string */
    bool is_num;
    uint32_t str;  /* string, where !is_num */
    uint32_t unit; /* string, where is_num; 0 ("") for none, but a key has units once any of its values has */
    int64_t num;
};

struct profile {
    struct mem *mem; /* every array below comes from it and is owned */

    struct str *strings; /* strings[0] is ""; they point into text blocks owned by the arena */
    uint32_t nstrings, strings_room;
    struct str_map string_index; /* text to string id */
    struct arena arena;
    struct buf text; /* owned; what strings of a raw profile point into (decode.h) */

    struct profile_value_type *sample_types;
    uint32_t nsample_types;
    uint32_t default_sample_type; /* string; 0 for none */

    struct profile_mapping *mappings;
    struct profile_function *functions;
    uint32_t nmappings, nfunctions;

    struct profile_location *locations;
    uint32_t *line_start; /* nlocations + 1 */
    struct profile_line *lines;

    uint64_t *stack_start; /* nstacks + 1 */
    uint32_t *frames;      /* locations */
    uint32_t nlocations, nstacks;

    uint32_t *stack;       /* nsamples */
    int64_t *values;       /* nsamples * nsample_types */
    uint64_t *label_start; /* nsamples + 1 */
    struct profile_label *labels;
    uint32_t nsamples;

    bool has_period_type;                  /* true in every profile that was read, as in Go */
    struct profile_value_type period_type; /* both 0 ("") where the file has none */
    int64_t period;
    int64_t time_nanos, duration_nanos;         /* since the epoch; of the collection */
    uint32_t drop_frames, keep_frames, doc_url; /* strings; 0 for none */
    uint32_t ncomments;
    uint32_t *comments; /* strings */
};

/* Prepares an empty profile over mem whose only string is "". False on exhaustion; nothing is owned then. */
bool profile_init(struct profile *profile, struct mem *mem);

/* Frees everything. A profile of zeroed bytes is allowed. */
void profile_finish(struct profile *profile);

/* Fills `out` with an independent copy of a profile. False on exhaustion; nothing is owned then. */
bool profile_copy(const struct profile *profile, struct mem *mem, struct profile *out);

/* The id of a text, which is copied and added where it is new; PROFILE_NONE on exhaustion. */
uint32_t profile_string(struct profile *profile, struct str text);

/* The text of a string id; valid as long as the profile. */
static inline struct str profile_text(const struct profile *profile, uint32_t string)
{
    return profile->strings[string];
}

/* Makes *array, a block of old_count elements of `size` bytes, one of new_count elements (new ones not zeroed). False
 * on exhaustion or overflow, with the block as it was; where new_count is less than old_count it cannot fail. */
bool profile_resize(struct profile *profile, void *array, uint64_t old_count, uint64_t new_count, size_t size);

#endif
