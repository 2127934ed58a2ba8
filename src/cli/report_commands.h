/* The report commands: flags of `sonde pprof` and words at its prompt. */
#ifndef SONDE_CLI_REPORT_COMMANDS_H
#define SONDE_CLI_REPORT_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/viewer.h"
#include "report/report.h"

enum report_writer {
    write_report, /* through report_write, as text */
    write_proto,   /* the profile itself, gzipped */
    write_picture, /* of a report in graphviz's language, in the format that file_suffix names */
    write_svg,     /* the same in SVG, to be moved and scaled in a browser */
};

struct report_command {
    const char *name;
    enum report_writer writer;
    enum report_format format;
    bool has_param;          /* takes a regexp */
    const char *file_suffix; /* where the output is binary: of the file that keeps it away from a terminal; or of the
                                file that is shown */
    const char *summary;
    const char *usage;  /* of the prompt, several lines; NULL where the name is all */
    enum viewer viewer; /* what shows the output, unless it is sent somewhere */
};

extern const struct report_command report_commands[];
extern const size_t report_ncommands;

/* The command of that name, or NULL. */
const struct report_command *report_command_find(const char *name);

#endif
