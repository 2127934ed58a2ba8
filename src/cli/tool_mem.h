/* The tool's memory: a command-line program has nothing better to do than to stop when there is none left, so this
 * seam never returns NULL, and the layers above base need no second path for it. */
#ifndef SONDE_CLI_TOOL_MEM_H
#define SONDE_CLI_TOOL_MEM_H

#include "base/mem.h"

/* The seam over the C library's realloc and free. On exhaustion it prints one line on stderr and ends the process with
 * status 1. At the prompt a report runs in a process of its own, so that this ends the report and not the session. The
 * object is immutable and lives for ever. */
struct mem *tool_mem(void);

#endif
