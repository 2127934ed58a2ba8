/* Colours for reports on a terminal. The lines of a report that is done are taken apart again: reports know nothing of
 * terminals, and without the colours they are the same bytes.
 *
 * Red is what costs most, yellow what costs something, green what became less; what is nothing is dim, and what one
 * looks for among its neighbours is bold. */
#ifndef SONDE_CLI_COLOURING_H
#define SONDE_CLI_COLOURING_H

#include <stdbool.h>

#include "base/buf.h"
#include "report/report.h"

/* What the option "color" may be, ended by NULL. */
extern const char *const colour_choices[];

/* Whether what goes to a descriptor is to have colours: "always" and "never" say so; else where it is a terminal that
 * knows some (TERM is not dumb), and NO_COLOR is not set (https://no-color.org). */
bool colours_wanted(const char *choice, int fd);

struct colouring {
    enum report_format format;
    struct buf line; /* one that has not ended */
};

void colouring_init(struct colouring *colouring, enum report_format format, struct mem *mem);
void colouring_finish(struct colouring *colouring);

/* Takes a part of a report, and appends the lines that it ends to `out`, with colours where the format has any. */
void colouring_put(struct colouring *colouring, struct str part, struct buf *out);

/* Appends what is left: a line that ended without its newline. */
void colouring_end(struct colouring *colouring, struct buf *out);

#endif
