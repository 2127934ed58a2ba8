#include "http/router.h"

#include "http/query.h"

/* Drops the last element of what was appended to out from `start` on. */
static void drop_element(struct buf *out, size_t start)
{
    while (out->n > start && out->p[out->n - 1] != '/')
        out->n--;
    if (out->n > start)
        out->n--;
}

/* Appends a path without empty, "." and ".." elements; a slash at its end stays. */
static void put_clean_path(struct buf *out, struct str path)
{
    size_t start = out->n;
    bool slash = str_ends_with(path, STR("/"));
    while (path.n > 0) {
        size_t end = str_find(path, STR("/"), 0);
        struct str element = str_first(path, end);
        path = str_skip(path, end + 1);
        if (str_equal(element, STR("..")))
            drop_element(out, start);
        else if (element.n > 0 && !str_equal(element, STR("."))) {
            buf_byte(out, '/');
            buf_str(out, element);
        }
    }
    if (slash || out->n == start)
        buf_byte(out, '/');
}

/* How many bytes of the path, which is still encoded, spell the pattern out; SIZE_MAX where they do not. An encoded
 * slash separates nothing, as in Go, and so spells no slash of a pattern. */
static size_t spelled_length(struct str path, struct str pattern)
{
    size_t at = 0;
    for (size_t i = 0; i < pattern.n; i++) {
        char decoded[3];
        size_t width = at < path.n && path.p[at] == '%' ? 3 : 1;
        struct str byte = http_unescape_path(str_first(str_skip(path, at), width), decoded);
        if (byte.n != 1 || byte.p[0] != pattern.p[i] || (width == 3 && pattern.p[i] == '/'))
            return SIZE_MAX;
        at += width;
    }
    return at;
}

static bool matches(struct str path, struct str pattern)
{
    size_t spelled = spelled_length(path, pattern);
    return spelled != SIZE_MAX && (spelled == path.n || str_ends_with(pattern, STR("/")));
}

static bool allows(unsigned methods, struct str method)
{
    if (str_equal(method, STR("GET")) || str_equal(method, STR("HEAD")))
        return methods & http_get;
    return str_equal(method, STR("POST")) && methods & http_post;
}

static const char *allow_header(unsigned methods)
{
    return methods == http_get ? "GET, HEAD" : methods == http_post ? "POST" : "GET, HEAD, POST";
}

/* Whether a path names one of the trees but for the slash at its end. */
static bool lacks_slash(const struct http_route *routes, size_t nroutes, struct str path, struct str method)
{
    for (size_t i = 0; i < nroutes; i++) {
        struct str tree = routes[i].path;
        if (str_ends_with(tree, STR("/")) && allows(routes[i].methods, method) &&
            spelled_length(path, str_first(tree, tree.n - 1)) == path.n)
            return true;
    }
    return false;
}

static enum http_routing find(const struct http_route *routes, size_t nroutes, const struct http_request *request,
                              int *handler, const char **allow)
{
    const struct http_route *best = NULL;
    unsigned methods = 0;
    for (size_t i = 0; i < nroutes; i++) {
        if (!matches(request->path, routes[i].path))
            continue;
        methods |= routes[i].methods;
        if (allows(routes[i].methods, request->method) && (!best || routes[i].path.n > best->path.n))
            best = &routes[i];
    }
    if (best)
        *handler = best->handler;
    else if (methods)
        *allow = allow_header(methods);
    return best ? http_route_found : methods ? http_route_not_allowed : http_route_not_found;
}

static bool belongs_in_url(char c)
{
    return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

/* Percent-encodes, in what was appended from `start` on, the bytes that no URL has; false on exhaustion. */
static bool escape_from(struct buf *out, size_t start)
{
    size_t n = out->n - start, odd = 0;
    for (size_t i = 0; i < n; i++)
        odd += !belongs_in_url(out->p[start + i]);
    if (odd > 0 && !buf_reserve(out, 2 * odd))
        return false;
    out->n += 2 * odd;
    for (size_t from = start + n, to = out->n; odd > 0;) {
        char c = out->p[--from];
        out->p[--to] = c;
        if (belongs_in_url(c))
            continue;
        out->p[to] = "0123456789ABCDEF"[(unsigned char)c & 15];
        out->p[--to] = "0123456789ABCDEF"[(unsigned char)c >> 4];
        out->p[--to] = '%';
        odd--;
    }
    return !out->failed;
}

enum http_routing http_route(const struct http_route *routes, size_t nroutes, const struct http_request *request,
                             int *handler, const char **allow, struct buf *location)
{
    size_t start = location->n;
    put_clean_path(location, request->path);
    if (location->failed)
        return http_route_not_found;
    struct str clean = str_skip(buf_text(location), start);
    bool slash = lacks_slash(routes, nroutes, clean, request->method);
    if (!slash && str_equal(clean, request->path)) {
        location->n = start;
        return find(routes, nroutes, request, handler, allow);
    }
    if (slash)
        buf_byte(location, '/');
    if (request->query.n > 0) {
        buf_byte(location, '?');
        buf_str(location, request->query);
    }
    return escape_from(location, start) ? http_route_redirect : http_route_not_found;
}
