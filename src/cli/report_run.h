/* From a profile and a config to a report: what go tool pprof does between its command line and its printing. */
#ifndef SONDE_CLI_REPORT_RUN_H
#define SONDE_CLI_REPORT_RUN_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/config.h"
#include "cli/report_commands.h"
#include "profile/profile.h"

struct report_run {
    struct profile *profile; /* changed by the filters that the config asks for: a report takes it as its own */
    const struct report_command *command;
    const char *param; /* of a command that takes one */
    const struct config *config;
    bool at_prompt;    /* binary output never goes to the standard output; viewers run on by themselves */
    const char *shown; /* the file to write and then to show, from report_run_prepare; or NULL */
    struct buf *notes; /* lines for stderr, each with its newline */
    struct buf *error; /* one line without newline, on failure */
};

/* Makes the file that a command's viewer is to show, where it has one and its output is not sent elsewhere, and sets
 * run->shown. It is made before the report as a report at the prompt is made by another process, and it is this one
 * that deletes it. False with an error. */
bool report_run_prepare(struct report_run *run, struct shown_files *files);

/* Makes the report and writes it to the standard output, or to where config->output or the rules for binary output say.
 * False with an error. */
bool report_run(const struct report_run *run);

/* Shows the file of report_run_prepare, which report_run has written, in the command's viewer, if there is one. False
 * with an error. */
bool report_run_show(const struct report_run *run);

/* The index of the value that a name or number stands for ("" for the profile's default). False with an error. */
bool report_sample_index(const struct profile *profile, const char *name, uint32_t *index, struct buf *error);

/* Appends the lines that greet at the prompt: the file, the type, when and how long. False with an error where the
 * profile cannot be reported on. */
bool report_greeting(const struct profile *profile, const struct config *config, struct buf *out, struct buf *error);

#endif
