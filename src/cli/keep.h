/* Keeping a copy of what was fetched: a profile of a running program cannot be fetched again. */
#ifndef SONDE_CLI_KEEP_H
#define SONDE_CLI_KEEP_H

#include "base/buf.h"
#include "profile/profile.h"

/* Writes the profile, gzipped, to pprof.BINARY.TYPES.NNN.pb.gz in PPROF_TMPDIR, in $HOME/pprof or in the folder for
 * temporary files, the first of these that can be had (it is made where it is missing). Appends a line to notes that
 * says where it is, or why it is not. */
void keep_profile(const struct profile *profile, struct buf *notes);

#endif
