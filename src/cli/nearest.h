/* "Did you mean": the known word nearest to one that is not known. */
#ifndef SONDE_CLI_NEAREST_H
#define SONDE_CLI_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word; /* what was given */
    const char *best; /* the nearest candidate so far; NULL while none is near enough to be meant */
    unsigned distance;
};

/* Begins a search for what `word` (borrowed) may have meant. */
struct nearest nearest_to(const char *word);

/* Offers a candidate (borrowed). The first of equally near ones is kept. */
void nearest_offer(struct nearest *search, const char *candidate);

#endif
