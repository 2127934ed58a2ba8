/* The report commands: flags of `sonde pprof` and words at its prompt. */
#ifndef SONDE_CLI_REPORT_COMMANDS_H
#define SONDE_CLI_REPORT_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/viewer.h"
#include "report/report.h"

enum report_writer {
    write_report,  /* through report_write, as text */
    write_proto,   /* the profile itself, gzipped */
    write_picture, /* of a report in graphviz's language, in the format that file_suffix names */
    write_svg,     /* the same in SVG, to be moved and scaled in a browser */
};

/* A word that a command takes as its parameter: it chooses the format, and is the suffix of files. */
struct report_choice {
    const char *word;
    enum report_format format;
};

struct report_command { /* NOLINT: in the order in which the table is read, with holes */
    const char *name;
    enum report_writer writer;
    enum report_format format;
    bool has_param;          /* takes a regexp */
    const char *file_suffix; /* where the output is binary: of the file that keeps it away from a terminal; or of the
                                file that is shown */
    const char *summary;
    const char *usage;                   /* of the prompt, several lines; NULL where the name is all */
    enum viewer viewer;                  /* what shows the output, unless it is sent somewhere */
    const struct report_choice *choices; /* of a command whose parameter is a word; ended by one without; else NULL */
};

extern const struct report_command report_commands[];
extern const size_t report_ncommands;

/* Checks the parameter of a command that takes a word; false with a line in error. */
bool report_command_check(const struct report_command *command, const char *param, struct buf *error);

/* The format that a command makes, and the suffix of its files (NULL for text), with a parameter that was checked. */
enum report_format report_command_format(const struct report_command *command, const char *param);
const char *report_command_suffix(const struct report_command *command, const char *param);

/* The command of that name, or NULL. */
const struct report_command *report_command_find(const char *name);

#endif
