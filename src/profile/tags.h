/* Labels ("tags"): the filters by them, and the units of numeric ones. */
#ifndef SONDE_PROFILE_TAGS_H
#define SONDE_PROFILE_TAGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "profile/pattern.h"
#include "profile/profile.h"

/* What -tagfocus and -tagignore take: "[key=]range" or "[key=]regexp,regexp,...". A range is "32kb", ":64kb", "4mb:" or
 * "12kb:64mb" and matches numeric labels. Expressions match string labels: with a key, one of them must match a value
 * of that key; without, each of them must match some label's "key:value". */
struct tag_filter;

/* Compiles a filter; `option` ("tagfocus") is for errors. On failure returns NULL and appends a line to error. */
struct tag_filter *tag_filter_create(struct str option, struct str value, struct mem *mem, struct buf *error);

/* Frees a filter; NULL is allowed. */
void tag_filter_destroy(struct tag_filter *filter);

/* Whether the value was understood as a range of numbers, which pprof tells the user: "tagfocus:Interpreted '4mb:' as
 * range, not regexp", where the text between the quotes is what stands behind "key=". */
bool tag_filter_is_range(const struct tag_filter *filter);

/* Whether an expression of the filter gave up on a text, so that what was filtered is worth nothing. */
bool tag_filter_gave_up(const struct tag_filter *filter);

/* The unit of each numeric label key: the first that a sample names. */
struct label_units {
    const struct profile *profile;
    uint32_t *unit; /* by key (a string id): a string id, or 0 where no sample names one */
    uint32_t n;
};

/* Looks through a profile's labels. False on exhaustion; nothing is owned then. */
bool label_units_init(struct label_units *units, const struct profile *profile);
void label_units_finish(struct label_units *units);

/* The unit of a key; where no sample names one: "bytes" for "alignment" and "request", else the key itself. */
struct str label_units_find(const struct label_units *units, uint32_t key);

/* Keeps the samples that match focus and do not match ignore (each may be NULL), and says whether any sample matched
 * each; a filter that is NULL counts as matched. False on exhaustion. */
bool profile_filter_tags(struct profile *profile, const struct label_units *units, struct tag_filter *focus,
                         struct tag_filter *ignore, bool *focus_matched, bool *ignore_matched);

/* Keeps the labels whose key matches show (each, where NULL) and does not match hide, and says whether any key matched
 * each; a pattern that is NULL counts as matched. False on exhaustion. */
bool profile_filter_tag_names(struct profile *profile, struct pattern *show, struct pattern *hide, bool *show_matched,
                              bool *hide_matched);

#endif
