/* A line of the prompt that asks for a report: "top10 main -runtime -cum >file | less". */
#ifndef SONDE_CLI_COMMAND_LINE_H
#define SONDE_CLI_COMMAND_LINE_H

#include <stdbool.h>

#include "base/arena.h"
#include "cli/config.h"
#include "cli/report_commands.h"

struct command_line {
    const struct report_command *command;
    const char *param;    /* of a command that takes one, else "" */
    const char *pipe;     /* what a shell is to do with the output, or NULL */
    struct config config; /* the session's, with what the line changes for this report alone */
};

/* Reads a line, as go tool pprof reads its own; only a pipe is known to sonde alone: it begins at a bar that stands by
 * itself. New strings are owned by the arena. False with one line in error. */
bool command_line_parse(const char *line, const struct config *config, struct arena *arena, struct command_line *parsed,
                        struct buf *error);

#endif
