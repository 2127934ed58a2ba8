/* Letting go of what was read of a mapped file, so that the memory of whoever reads a trace from begin to end does not
 * grow with it. */
#ifndef SONDE_TRACE_PAGES_H
#define SONDE_TRACE_PAGES_H

#include <stdbool.h>

#include "base/str.h"

/* Whether bytes lie in a private mapping of a file that cannot be written to. Only of such a mapping pages can be let
 * go of without anybody noticing: when they are looked at again they come back from the file. */
bool pages_are_of_a_file(struct str bytes);

/* Lets go of the whole pages among bytes of such a mapping. */
void pages_let_go(struct str bytes);

#endif
