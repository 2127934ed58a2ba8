/* The prompt: commands and options, a line each, on a profile that stays as it is. */
#ifndef SONDE_CLI_PROMPT_H
#define SONDE_CLI_PROMPT_H

#include "cli/config.h"
#include "profile/profile.h"

/* Greets, and carries out lines from the standard input until they end or one says so. Reports go to the standard
 * output, all else to stderr, as in go tool pprof. Each report is made by a process of its own: filters may change the
 * profile there, and Ctrl-C or a want of memory end the report and not the session. The value is an exit status. */
int prompt_run(struct profile *profile, const struct config *config);

#endif
