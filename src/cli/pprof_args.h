/* The command line of `sonde pprof`, read as go tool pprof reads its own. */
#ifndef SONDE_CLI_PPROF_ARGS_H
#define SONDE_CLI_PPROF_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/config.h"
#include "cli/flags.h"
#include "cli/report_commands.h"

/* Strings are borrowed from argv (or the environment) and never NULL but where it says so. */
struct pprof_args {
    char **sources;
    int nsources;
    const char *binary; /* NULL, or the first argument where it is an object file and not the only one */
    const char *base;   /* "" for none */
    bool base_is_diff;
    const char *symbolize, *kallsyms, *build_id, *comment, *tools;
    const char *tls_cert, *tls_key, *tls_ca;
    int64_t seconds, timeout; /* -1 where not given */
    struct config config;
    const struct report_command *command; /* NULL: the prompt */
    const char *param;                    /* of a command that takes one */
};

/* Reads the arguments. flags_help: help was asked for. flags_wrong: one line in error. Warnings (each a line with its
 * newline) are appended to `warnings`. */
enum flags_result pprof_args_parse(struct pprof_args *args, int argc, char **argv, struct buf *error,
                                   struct buf *warnings);

/* Appends the help text. */
void pprof_args_help(struct buf *out);

#endif
