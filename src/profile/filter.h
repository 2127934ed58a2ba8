/* Filters by name: -focus, -ignore, -hide, -show, -show_from, -prune_from, and drop_frames. They follow google/pprof's
 * profile package to the letter; each works in place.
 *
 * Order matters. For a report pprof applies
 *
 *     profile_filter_names, profile_show_from, profile_filter_tags, profile_filter_tag_names, profile_prune_from
 *
 * which profile_filter does in one call. */
#ifndef SONDE_PROFILE_FILTER_H
#define SONDE_PROFILE_FILTER_H

#include <stdbool.h>

#include "profile/pattern.h"
#include "profile/profile.h"

struct tag_filter;

/* What to filter by; NULL where not asked. */
struct profile_filters {
    struct pattern *focus, *ignore, *hide, *show, *show_from;
    struct tag_filter *tag_focus, *tag_ignore; /* see tags.h */
    struct pattern *tag_show, *tag_hide;       /* of label keys */
    struct pattern *prune_from;
};

/* Which of the filters found something. False only for a filter that was asked and found nothing: pprof then warns
 * "Focus expression matched no samples", in this order (Focus, Ignore, Hide, Show, ShowFrom, TagFocus, ...). */
struct profile_matched {
    bool focus, ignore, hide, show, show_from, tag_focus, tag_ignore, tag_show, tag_hide;
};

/* Applies all filters in pprof's order and then forgets stacks that no sample has. False on exhaustion, with the
 * profile half filtered; patterns that gave up are the caller's to ask about (pattern_gave_up). */
bool profile_filter(struct profile *profile, const struct profile_filters *filters, struct profile_matched *matched);

/* Keeps the samples with a location that matches focus (any, where NULL) and none that matches ignore, then drops the
 * lines that match hide and those that do not match show. A location matches by the function or file name of any of its
 * lines, or by its mapping's file. */
bool profile_filter_names(struct profile *profile, const struct profile_filters *filters,
                          struct profile_matched *matched);

/* Drops the frames above (towards the root from) the highest one that matches, and samples without one. */
bool profile_show_from(struct profile *profile, struct pattern *pattern, bool *matched);

/* Drops the frames below the lowest one that matches, itself excepted. */
bool profile_prune_from(struct profile *profile, struct pattern *pattern);

/* Drops the frames that the profile itself declares uninteresting (drop_frames but for keep_frames) with all below
 * them. Where its expressions are broken, take too long, or memory runs out, the profile stays as it is, as in pprof.
 */
void profile_remove_uninteresting(struct profile *profile);

#endif
