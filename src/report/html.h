/* Text in HTML. */
#ifndef SONDE_REPORT_HTML_H
#define SONDE_REPORT_HTML_H

#include "base/buf.h"

/* Appends text with what has a meaning in HTML escaped, as Go's html/template does it (it escapes '+' too). */
void html_put(struct buf *out, struct str text);

/* The same as Go's text/template does it. */
void html_put_plain(struct buf *out, struct str text);

#endif
