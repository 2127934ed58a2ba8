/* Getting the profile that a command line names: fetched, merged, compared, with names and lines, and kept. */
#ifndef SONDE_CLI_LOAD_H
#define SONDE_CLI_LOAD_H

#include <stdbool.h>

#include "cli/pprof_args.h"
#include "profile/profile.h"

/* Loads it, saying on stderr what it does and what goes wrong. False where there is no profile to go on with. The
 * caller gives it back with profile_finish. */
bool load_profile(const struct pprof_args *args, struct profile *profile);

#endif
