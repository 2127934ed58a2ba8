/* A request read in one go and in pieces is read the same, what it is made of lies within it, its route is found or
 * not, and its parameters and body are decoded within their bounds. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "http/body.h"
#include "http/query.h"
#include "http/router.h"

static void check(int holds)
{
    if (!holds)
        abort();
}

static int is_within(struct str part, const char *bytes, size_t size)
{
    return part.n == 0 || (part.p >= bytes && part.p + part.n <= bytes + size) || str_equal(part, STR("/"));
}

static enum http_parse parse_in_pieces(const char *bytes, size_t size, struct http_request *request)
{
    struct http_refusal refusal;
    size_t scanned = 0;
    enum http_parse is = http_parse_more;
    for (size_t n = 0; n <= size && is == http_parse_more; n++)
        is = http_request_parse(bytes, n, &scanned, request, &refusal);
    return is;
}

static void use(const struct http_request *request)
{
    static const struct http_route routes[] = {{STR("/debug/pprof/"), http_get, 1},
                                               {STR("/debug/pprof/symbol"), http_get | http_post, 2}};
    static char room[http_head_most];
    struct buf location;
    int handler;
    const char *allow;
    int64_t seconds;
    uint64_t pc;
    buf_init(&location, mem_libc());
    http_route(routes, 2, request, &handler, &allow, &location);
    check(location.n <= 3 * (request->path.n + request->query.n) + 3);
    buf_finish(&location);
    check(http_unescape_path(request->path, room).p != NULL);
    struct str value = http_query_value(request->query, STR("seconds"), room);
    check(value.n <= request->query.n);
    http_parse_int(value, &seconds);
    http_parse_uint(request->query, &pc);
}

static void decode(struct str body)
{
    struct http_chunks whole = {0};
    char *bytes = malloc(body.n + 1);
    size_t size = body.n, eaten;
    if (!bytes)
        return;
    memcpy(bytes, body.p, body.n);
    enum http_parse is = http_chunks_decode(&whole, bytes, &size, &eaten);
    check(size <= eaten && eaten <= body.n && (is != http_parse_more || eaten == body.n));
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct http_request request, again;
    struct http_refusal refusal;
    size_t scanned = 0;
    enum http_parse is = http_request_parse(bytes, size, &scanned, &request, &refusal);
    check(is == parse_in_pieces(bytes, size, &again));
    if (is == http_parse_refused)
        check(refusal.status >= 400 && refusal.status < 600);
    if (is != http_parse_done)
        return 0;
    check(request.head_size == again.head_size && request.body_size == again.body_size && request.head_size <= size);
    check(is_within(request.method, bytes, size) && is_within(request.target, bytes, size));
    check(is_within(request.path, bytes, size) && is_within(request.query, bytes, size));
    use(&request);
    decode((struct str){bytes + request.head_size, size - request.head_size});
    return 0;
}
