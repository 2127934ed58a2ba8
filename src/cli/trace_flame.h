/* `sonde trace -flame=html|svg`: the flame graph of a trace, or of a part of it. */
#ifndef SONDE_CLI_TRACE_FLAME_H
#define SONDE_CLI_TRACE_FLAME_H

#include "cli/trace_answer.h"

/* Whether a form is one of those; says that it is not on the standard error. */
bool trace_flame_check(const char *form);

/* Draws the CPU samples of a trace, or where it has none the time that goroutines ran, as far as the question's filters
 * want it. `out` is a file, NULL for the standard output. The exit status; what is wrong is said on the standard error.
 */
int trace_flame(const struct trace_question *question, const char *form, const char *out, struct str bytes);

#endif
