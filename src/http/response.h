/* The head of a response, written as Go's net/http server writes it: the handler's headers in the order of their names,
 * then Date, Content-Length and Connection. */
#ifndef SONDE_HTTP_RESPONSE_H
#define SONDE_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/request.h"

enum { http_headers_most = 8 };

struct http_header {
    const char *name; /* lives as long as the program */
    struct str value; /* not owned */
};

struct http_response {
    unsigned status;
    struct http_header headers[http_headers_most];
    unsigned nheaders;
};

/* Sets a header, or replaces it; a value of no bytes removes it. More than http_headers_most is a mistake in the
 * program and ignored. The value must live until the head is written. */
void http_response_set(struct http_response *response, const char *name, struct str value);

/* The words that belong to a status ("Not Found"); "" for one that is not used here. */
const char *http_status_text(unsigned status);

/* Appends status line and headers with the empty line behind them, in answer to a request of HTTP/1.<minor>: `now` is
 * the date in seconds since the epoch, body_size the size of what follows (of what would follow, for HEAD). */
void http_response_write_head(struct buf *out, const struct http_response *response, const struct http_request *request,
                              int64_t now, uint64_t body_size);

/* Appends the whole answer to a request that could not be read; the connection ends with it. */
void http_refusal_write(struct buf *out, const struct http_refusal *refusal);

/* Appends text with & < > " ' as HTML writes them. */
void http_put_html(struct buf *out, struct str text);

#endif
