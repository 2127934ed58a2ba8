/* A pattern asked about the names of a profile. Each string is matched once, however many functions, locations and
 * samples have it. */
#ifndef SONDE_PROFILE_NAMES_H
#define SONDE_PROFILE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/pattern.h"
#include "profile/profile.h"

struct names {
    const struct profile *profile;
    struct pattern *pattern;
    uint8_t *known; /* one a string: 0 not asked yet, else 1 + whether it matches */
    uint32_t n;     /* strings when it was made */
    bool simplify;  /* match what is left of a function's name without its argument list */
};

/* Prepares to ask a pattern about a profile's strings. False on exhaustion; nothing is owned then. */
bool names_init(struct names *names, const struct profile *profile, struct pattern *pattern);
void names_finish(struct names *names);

/* Whether the pattern matches a string. */
bool names_match(struct names *names, uint32_t string);

/* Whether it matches a line's function name or file name. */
bool names_match_line(struct names *names, const struct profile_line *line);

/* Whether it matches the file name of a location's mapping. */
bool names_match_mapping(struct names *names, uint32_t location);

/* A function's name without what google/pprof drops before it matches drop_frames: a leading dot, and an argument list
 * (but "(anonymous namespace)" and "operator()" stay). */
struct str simplified_function(struct str name);

#endif
