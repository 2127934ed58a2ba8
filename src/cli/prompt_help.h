/* What `help` says at the prompt. */
#ifndef SONDE_CLI_PROMPT_HELP_H
#define SONDE_CLI_PROMPT_HELP_H

#include "profile/profile.h"

/* Prints on stderr the list of commands and options, or what there is to say about one of them. */
void prompt_help(struct str topic, const struct profile *profile);

#endif
