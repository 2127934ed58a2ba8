/* `sonde trace`: execution traces, as `go tool trace` has them. */
#ifndef SONDE_CLI_CMD_TRACE_H
#define SONDE_CLI_CMD_TRACE_H

int cmd_trace(int argc, char **argv);

#endif
