/* This process's code as the writers want it: the loaded modules and their symbol tables. */
#ifndef SONDE_RUNTIME_PROCESS_CODE_H
#define SONDE_RUNTIME_PROCESS_CODE_H

#include <stdbool.h>

#include "runtime/code.h"

struct process_code {
    struct code code;
    struct mappings mappings;
};

/* Lists what is loaded at the moment; false on exhaustion (finish all the same). For normal context only. The struct
 * must not move until it is finished. */
bool process_code_read(struct process_code *process, struct mem *mem);
void process_code_finish(struct process_code *process);

#endif
