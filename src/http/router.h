/* Which handler a request is for, decided as Go's http.ServeMux decides: paths are cleaned by a redirection, the
 * longest matching pattern wins, and a method that none of the path's patterns takes is told which are. */
#ifndef SONDE_HTTP_ROUTER_H
#define SONDE_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/request.h"

enum { http_get = 1, http_post = 2 }; /* http_get allows HEAD too */

struct http_route {
    struct str path;  /* decoded; one that ends in '/' stands for all paths below it */
    unsigned methods; /* http_get, http_post */
    int handler;
};

enum http_routing { http_route_found, http_route_redirect, http_route_not_found, http_route_not_allowed };

/* Finds the route of a request: on found, *handler is its handler; on not_allowed, *allow the value of the Allow
 * header; on redirect, the location was appended to `location`, which is left alone otherwise (and failed on
 * exhaustion). */
enum http_routing http_route(const struct http_route *routes, size_t nroutes, const struct http_request *request,
                             int *handler, const char **allow, struct buf *location);

#endif
