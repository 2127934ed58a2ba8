/* The commands of the program. Each cmd_*.c holds one; main.c lists them. argv[0] is the command's own name. The value
 * is the exit status: 0, 1 for a failure, 2 for wrong usage. */
#ifndef SONDE_CLI_COMMANDS_H
#define SONDE_CLI_COMMANDS_H

enum { exit_fine = 0, exit_failure = 1, exit_usage = 2 };

int cmd_pprof(int argc, char **argv);

#endif
