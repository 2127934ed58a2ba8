/* The page at /debug/pprof/: which profiles there are, how much is in each now, and what they are. */
#ifndef SONDE_RUNTIME_INDEX_PAGE_H
#define SONDE_RUNTIME_INDEX_PAGE_H

#include "base/buf.h"

/* Appends the page, in the structure that net/http/pprof gives it, which readers pick counts from. */
void index_page_write(struct buf *out);

#endif
