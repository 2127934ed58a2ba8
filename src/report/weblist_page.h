/* What a page of -weblist has around its listings. */
#ifndef SONDE_REPORT_WEBLIST_PAGE_H
#define SONDE_REPORT_WEBLIST_PAGE_H

#include "base/buf.h"

/* Appends all up to and with <body>: a title, which is escaped here, how it looks, and what a click on a line does. */
void weblist_page_put_head(struct buf *out, struct str title);

#endif
