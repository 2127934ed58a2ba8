/* Huge pages that were given back and are there for the next block. The kernel clears each page that it hands out,
 * which for a program that reads one profile after the other costs more than reading their fields. */
#ifndef SONDE_CLI_SPARE_PAGES_H
#define SONDE_CLI_SPARE_PAGES_H

#include <stddef.h>

/* Any thread may call these. Sizes are whole huge pages; what is in the pages is of no meaning. */

/* A run of pages that is spare; NULL where none is large enough. */
void *spare_pages_take(size_t size);

/* Gives a run back: to be kept, or, beyond what is worth keeping, unmapped. */
void spare_pages_give(void *pages, size_t size);

#endif
