/* The filters that a config asks for, compiled and applied. */
#ifndef SONDE_CLI_REPORT_FILTERS_H
#define SONDE_CLI_REPORT_FILTERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/config.h"
#include "profile/profile.h"

enum { most_filters = 9 };

/* Drops samples, frames and tags of a profile as the config says. Appends to notes a line for each filter that found
 * nothing and for each tag filter that was read as a range. False, with one line in error, where an expression is
 * broken or takes too long. */
bool report_filters_apply(struct profile *profile, const struct config *config, struct buf *notes, struct buf *error);

/* Lists what headers say about filters ("focus=main"): appends the texts to `text` and fills in at most most_filters
 * of `filters`, which point into it. Returns how many there are. */
uint32_t report_filters_list(const struct config *config, struct buf *text, struct str *filters);

#endif
