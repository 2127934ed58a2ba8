/* Regular expressions as Go's regexp package understands them: what -focus, -list, drop_frames and the others take. */
#ifndef SONDE_PROFILE_PATTERN_H
#define SONDE_PROFILE_PATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct pattern;

/* Compiles an expression in Go's syntax. On failure returns NULL and appends to `error` what Go's Compile says, with
 * the position: "error parsing regexp: missing closing ): `a(` (at byte 1)". */
struct pattern *pattern_create(struct str expression, struct mem *mem, struct buf *error);

/* As pattern_create, for pattern_find. */
struct pattern *pattern_create_with_groups(struct str expression, struct mem *mem, struct buf *error);

/* Frees a pattern; NULL is allowed. */
void pattern_destroy(struct pattern *pattern);

/* Whether the pattern matches somewhere in the text. Bytes that are not UTF-8 count as U+FFFD each. A pattern that
 * would take too long on a text does not match it and remembers that it gave up. Not for two threads at once. */
bool pattern_matches(struct pattern *pattern, struct str text);

/* As pattern_matches of a pattern with groups; where it matches, also tells what: groups[0] is all of the match,
 * groups[i] the i-th parenthesis' part of it (p is NULL where that took no part), for i < n. Valid until the next
 * match. */
bool pattern_find(struct pattern *pattern, struct str text, struct str *groups, size_t n);

/* Whether any match so far ended at the limit, so that its answer is worth nothing. Ask once, after the last one. */
bool pattern_gave_up(const struct pattern *pattern);

#endif
