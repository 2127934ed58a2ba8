/* Finding the binaries that a profile names, in the folders where go tool pprof looks. */
#ifndef SONDE_SYMBOL_LOCATE_H
#define SONDE_SYMBOL_LOCATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "profile/profile.h"

struct locate_options {
    struct str path;      /* folders separated by ':' (PPROF_BINARY_PATH) */
    const char *binary;   /* the file of the first mapping, or NULL */
    const char *build_id; /* of the first mapping where it has none; "" for none */
};

/* For every mapping looks in each folder for FOLDER/BUILDID/NAME, FOLDER/BUILDID/ *, FOLDER/PATH/BUILDID,
 * FOLDER/bu/ildid.debug, FOLDER/NAME, FOLDER/PATH, FOLDER/PATH.debug, FOLDER/DIR/.debug/NAME.debug and
 * FOLDER/usr/lib/debug/DIR/NAME.debug, and takes the first that is an ELF file with the mapping's build id (where it
 * has one) as the mapping's file; what has another is told in notes, a line each. A profile without mappings gets one
 * for all its locations. Then the options for the first mapping are applied. False on exhaustion. */
bool locate_binaries(struct profile *profile, const struct locate_options *options, struct buf *notes);

#endif
