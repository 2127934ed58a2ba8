/* New lines for the locations of a profile. The model keeps lines in one column, so they are gathered and put in at
 * once. */
#ifndef SONDE_SYMBOL_LINE_EDITS_H
#define SONDE_SYMBOL_LINE_EDITS_H

#include <stdbool.h>

#include "base/map.h"
#include "base/vec.h"
#include "profile/profile.h"

/* The lines of one location: n of those gathered, from `from` on. */
struct line_edit {
    uint32_t location, from, n;
};

struct line_edits {
    struct profile *profile;
    VEC(struct line_edit) edits;
    VEC(struct profile_line) lines;
    VEC(struct profile_function) functions; /* new ones; their indices follow those of the profile */
    struct map known;                       /* from a hash of a new function to its number + 1 */
    uint64_t last_id;                       /* of a function */
};

/* Prepares to change a profile, which must outlive it. */
void line_edits_init(struct line_edits *edits, struct profile *profile);
void line_edits_finish(struct line_edits *edits);

/* Begins the lines of a location; those added next are its own, innermost first. At most once for a location. False on
 * exhaustion. */
bool line_edits_begin(struct line_edits *edits, uint32_t location);

/* Adds a line in a function, which is made where these edits have none that is equal (its id is set here). False on
 * exhaustion. */
bool line_edits_add(struct line_edits *edits, struct profile_function function, int64_t line, int64_t column);

/* Puts everything into the profile. False on exhaustion, with the profile as it was. */
bool line_edits_apply(struct line_edits *edits);

#endif
