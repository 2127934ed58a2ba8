/* What a merged profile knows besides samples: strings, mappings, functions and locations, and which of them those of
 * the source at hand became. They are numbered in the order in which the samples first lead to them, which is what the
 * ids of -raw and -proto come from; so a source's rows are only looked up ahead, all at once, and entered when asked
 * for.
 */
#ifndef SONDE_PROFILE_MERGED_NAMES_H
#define SONDE_PROFILE_MERGED_NAMES_H

#include "base/vec.h"
#include "profile/index_table.h"
#include "profile/profile.h"

/* The order in which sources list their strings, functions or locations: who lists one that is known mostly goes on
 * with what came behind it before, so that a look is enough to find that, and nothing must be hashed. */
struct sequence {
    VEC(uint32_t) rows;  /* of the merged profile, in the order of the source that brought each */
    VEC(uint32_t) place; /* per row of the merged profile: where it is in rows */
};

struct merged_names {
    struct mem *mem;
    struct profile *out; /* whose strings grow */
    VEC(struct profile_mapping) mappings;
    VEC(struct profile_function) functions;
    VEC(struct profile_location) locations;
    VEC(uint32_t) line_start;
    VEC(struct profile_line) lines;
    struct index_table mapping_table, function_table, location_table;
    struct sequence string_sequence, function_sequence, location_sequence;

    const struct profile *source;
    uint32_t *to_string, *to_function, *to_mapping, *to_location; /* PROFILE_NONE: not met yet */
    size_t columns;                                               /* elements in the block of the four */
};

/* Prepares for the first source. False on exhaustion; nothing is owned then. */
bool merged_names_init(struct merged_names *names, struct profile *out, struct mem *mem);
void merged_names_finish(struct merged_names *names);

/* Begins a source: looks up what of it is known. False on exhaustion. merged_names_end must follow in any case; it is
 * false on exhaustion, too. */
bool merged_names_begin(struct merged_names *names, const struct profile *source);
bool merged_names_end(struct merged_names *names);

/* Puts the merged profile's id in the place of one of the source's strings. False on exhaustion. */
bool merged_names_string(struct merged_names *names, uint32_t *string);

/* What a mapping, or a location, of the source is in the merged profile; PROFILE_NONE on exhaustion. */
uint32_t merged_names_mapping(struct merged_names *names, uint32_t mapping);
uint32_t merged_names_location(struct merged_names *names, uint32_t location);

/* Asks for the memory that merged_names_location will need for a location that has become nothing yet. */
void merged_names_expect(const struct merged_names *names, uint32_t location);

/* Hands all over to the profile. */
void merged_names_hand_over(struct merged_names *names);

#endif
