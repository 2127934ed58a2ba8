/* How the program was called. */
#ifndef SONDE_RUNTIME_COMMAND_LINE_H
#define SONDE_RUNTIME_COMMAND_LINE_H

#include "base/str.h"

/* Copies the arguments, before the program changes them; once, at the start. */
void command_line_remember(int argc, char *const *argv);

/* The arguments with a NUL between each two, as net/http/pprof gives them. Lives for ever. */
struct str command_line(void);

#endif
