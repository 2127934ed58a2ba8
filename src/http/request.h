/* The head of an HTTP/1 request, from a stranger. The parser owns no memory: what it finds points into the caller's
 * bytes, which arrive in pieces of any size; it judges as Go's net/http server does, so that a client that gets along
 * with the one gets along with the other. Stricter than it on purpose: no folded header lines, and no request that has
 * both a length and a transfer encoding. */
#ifndef SONDE_HTTP_REQUEST_H
#define SONDE_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* A head of more bytes than this is refused. */
enum { http_head_most = 32768 };

/* The refusal of a request that can't be read at all: what the status line and the body say. */
struct http_refusal {
    unsigned status;
    const char *detail; /* follows the status text (": missing required Host header"); NULL for none */
    const char *body;   /* replaces "<status> <text>[: detail]" as the body; NULL for that */
};

struct http_request {
    struct str method;
    struct str target; /* as it stands in the request line */
    struct str path;   /* of the target; valid percent-encoding, not decoded; begins with '/' or is "*" */
    struct str query;  /* of the target, behind the first '?'; not decoded and not checked */
    unsigned minor;    /* HTTP/1.<minor> */
    bool keep_alive;   /* the client wants to send another request behind this one */
    bool chunked;      /* a body in chunks follows (http/body.h) */
    bool expects_continue;
    bool expects_other; /* an expectation that nobody can meet */
    uint64_t body_size; /* of the body that follows; 0 where chunked */
    size_t head_size;   /* bytes of the head, its empty line included */
};

enum http_parse { http_parse_more, http_parse_done, http_parse_refused };

/* Reads the head of a request from the size bytes received so far. *scanned is 0 for a new request and keeps, from call
 * to call, how far the search for the head's end has come, so that a head costs linear time however it arrives. On
 * done, *request is filled and points into bytes; on refused, *refusal is; more bytes are needed otherwise. */
enum http_parse http_request_parse(const char *bytes, size_t size, size_t *scanned, struct http_request *request,
                                   struct http_refusal *refusal);

/* Splits a request's target ("/path?query", "http://host/path?query" or "*") into path and query; false where Go's
 * url.ParseRequestURI would refuse it. */
bool http_target_split(struct str target, struct str *path, struct str *query);

#endif
