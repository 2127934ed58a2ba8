/* `sonde run`: a command under the preloaded library. */
#ifndef SONDE_CLI_CMD_RUN_H
#define SONDE_CLI_CMD_RUN_H

int cmd_run(int argc, char **argv);

#endif
