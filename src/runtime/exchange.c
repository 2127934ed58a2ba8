#include "runtime/exchange.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "http/query.h"
#include "http/router.h"
#include "runtime/command_line.h"
#include "runtime/cpu.h"
#include "runtime/index_page.h"
#include "runtime/symbol_table.h"

enum handler { handle_index, handle_cmdline, handle_profile, handle_symbol };

/* As net/http/pprof registers them; symbol takes POST too, which pprof's tools use and programs with a router of their
 * own allow. */
static const struct http_route routes[] = {
    {STR("/debug/pprof/"), http_get, handle_index},
    {STR("/debug/pprof/cmdline"), http_get, handle_cmdline},
    {STR("/debug/pprof/profile"), http_get, handle_profile},
    {STR("/debug/pprof/symbol"), http_get | http_post, handle_symbol},
};

static int64_t monotonic_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void exchange_init(struct exchange *exchange, struct mem *mem)
{
    *exchange = (struct exchange){.response = {.status = 200}};
    buf_init(&exchange->body, mem);
    buf_init(&exchange->location, mem);
}

/* Ends the CPU profile and throws it away. */
static void drop_cpu_profile(struct mem *mem)
{
    struct snapshot snapshot;
    snapshot_init(&snapshot, mem);
    cpu_stop(&snapshot);
    snapshot_finish(&snapshot);
}

void exchange_finish(struct exchange *exchange)
{
    if (exchange->waits == exchange_waits_for_cpu)
        drop_cpu_profile(exchange->body.mem);
    if (exchange->waits == exchange_waits_for_delta)
        profile_moment_finish(&exchange->before);
    buf_finish(&exchange->location);
    buf_finish(&exchange->body);
    exchange->waits = exchange_waits_for_nothing;
}

static void set(struct exchange *exchange, const char *name, struct str value)
{
    http_response_set(&exchange->response, name, value);
}

static void set_plain(struct exchange *exchange)
{
    set(exchange, "Content-Type", STR("text/plain; charset=utf-8"));
}

/* A file to be saved under a name. */
static void set_attachment(struct exchange *exchange, const char *name, const char *suffix)
{
    int n =
        snprintf(exchange->disposition, sizeof exchange->disposition, "attachment; filename=\"%s%s\"", name, suffix);
    set(exchange, "Content-Type", STR("application/octet-stream"));
    set(exchange, "Content-Disposition", (struct str){exchange->disposition, (size_t)n});
}

/* An error of net/http/pprof; the text gets a line's end. */
static void answer_error(struct exchange *exchange, unsigned status, const char *text, const char *detail)
{
    buf_finish(&exchange->body);
    exchange->response.status = status;
    set_plain(exchange);
    set(exchange, "X-Go-Pprof", STR("1"));
    set(exchange, "Content-Disposition", STR(""));
    buf_printf(&exchange->body, "%s%s\n", text, detail);
}

/* An error of the server. */
static void answer_plainly(struct exchange *exchange, unsigned status, struct str text)
{
    exchange->response.status = status;
    set_plain(exchange);
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    buf_str(&exchange->body, text);
    buf_byte(&exchange->body, '\n');
}

static void answer_redirect(struct exchange *exchange, struct str method)
{
    struct str location = buf_text(&exchange->location);
    exchange->response.status = 307;
    set(exchange, "Location", location);
    if (!str_equal(method, STR("GET")) && !str_equal(method, STR("HEAD")))
        return;
    set(exchange, "Content-Type", STR("text/html; charset=utf-8"));
    buf_str(&exchange->body, STR("<a href=\""));
    http_put_html(&exchange->body, location);
    buf_str(&exchange->body, STR("\">Temporary Redirect</a>.\n\n"));
}

/* A parameter of the request; "" where it is not given. `room` gives it a place to live. */
static struct str parameter(const struct http_request *request, const char *name, struct buf *room)
{
    char *to = buf_reserve(room, request->query.n + 1);
    return to ? http_query_value(request->query, str_of(name), to) : STR("");
}

/* A parameter as strconv.Atoi reads it, errors ignored. */
static int64_t number_parameter(const struct http_request *request, const char *name, struct mem *mem)
{
    struct buf room;
    int64_t value;
    buf_init(&room, mem);
    http_parse_int(parameter(request, name, &room), &value);
    buf_finish(&room);
    return value;
}

static void wait_for(struct exchange *exchange, enum exchange_wait wait, int64_t seconds)
{
    int64_t nanos, due;
    exchange->waits = wait;
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &nanos) ||
        __builtin_add_overflow(nanos, monotonic_nanos(), &due))
        due = INT64_MAX;
    exchange->due = due;
}

static void begin_profile(struct exchange *exchange, const struct http_request *request)
{
    struct buf room;
    int64_t seconds;
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    buf_init(&room, exchange->body.mem);
    if (http_parse_int(parameter(request, "seconds", &room), &seconds) != http_number_ok || seconds <= 0)
        seconds = 30;
    buf_finish(&room);
    set_attachment(exchange, "profile", "");
    int error = cpu_start(cpu_default_hz);
    if (error == 0)
        wait_for(exchange, exchange_waits_for_cpu, seconds);
    else
        answer_error(exchange, 500, "Could not enable CPU profiling: ",
                     error == EBUSY ? "cpu profiling already in use" : strerrordesc_np(error));
}

static void begin_delta(struct exchange *exchange, const struct http_request *request, struct str text)
{
    int64_t seconds;
    if (http_parse_int(text, &seconds) != http_number_ok || seconds <= 0) {
        answer_error(exchange, 400, "invalid value for \"seconds\" - must be a positive integer", "");
        return;
    }
    if (number_parameter(request, "debug", exchange->body.mem) != 0) {
        answer_error(exchange, 400, "seconds and debug params are incompatible", "");
        return;
    }
    if (profile_moment_take(&exchange->before, exchange->body.mem, exchange->kind) == 0) {
        wait_for(exchange, exchange_waits_for_delta, seconds);
        return;
    }
    profile_moment_finish(&exchange->before);
    answer_error(exchange, 500, "failed to collect profile", "");
}

static void answer_named_now(struct exchange *exchange, const struct http_request *request)
{
    struct mem *mem = exchange->body.mem;
    if (exchange->kind == profile_heap && number_parameter(request, "gc", mem) > 0)
        malloc_trim(0); /* what comes nearest to a collection: free memory goes back to the kernel */
    int64_t debug = number_parameter(request, "debug", mem);
    if (debug != 0)
        set_plain(exchange);
    else
        set_attachment(exchange, profile_format_of(exchange->kind)->name, "");
    if (profiles_write(&exchange->body, exchange->kind, debug) != 0)
        answer_error(exchange, 500, "failed to collect profile", "");
}

static void begin_named(struct exchange *exchange, const struct http_request *request, struct str name)
{
    struct buf room;
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    if (!profile_kind_of(name, &exchange->kind)) {
        answer_error(exchange, 404, "Unknown profile", "");
        return;
    }
    buf_init(&room, exchange->body.mem);
    struct str seconds = parameter(request, "seconds", &room);
    if (seconds.n > 0)
        begin_delta(exchange, request, seconds);
    else
        answer_named_now(exchange, request);
    buf_finish(&room);
}

static void answer_index(struct exchange *exchange)
{
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    set(exchange, "Content-Type", STR("text/html; charset=utf-8"));
    index_page_write(&exchange->body);
}

/* The index, or the profile that is named by what follows it in the path. */
static void begin_index(struct exchange *exchange, const struct http_request *request)
{
    struct buf room;
    buf_init(&room, exchange->body.mem);
    char *to = buf_reserve(&room, request->path.n + 1);
    struct str path = to ? http_unescape_path(request->path, to) : STR("");
    struct str name = str_skip(path, routes[handle_index].path.n);
    if (name.n > 0)
        begin_named(exchange, request, name);
    else
        answer_index(exchange);
    buf_finish(&room);
}

static void answer_cmdline(struct exchange *exchange)
{
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    set_plain(exchange);
    buf_str(&exchange->body, command_line());
}

static void answer_symbol(struct exchange *exchange, const struct http_request *request, struct str body)
{
    set(exchange, "X-Content-Type-Options", STR("nosniff"));
    set_plain(exchange);
    symbol_table_write(&exchange->body, str_equal(request->method, STR("POST")) ? body : request->query);
}

static void handle(struct exchange *exchange, enum handler handler, const struct http_request *request, struct str body)
{
    switch (handler) {
    case handle_index:
        begin_index(exchange, request);
        break;
    case handle_cmdline:
        answer_cmdline(exchange);
        break;
    case handle_profile:
        begin_profile(exchange, request);
        break;
    case handle_symbol:
        answer_symbol(exchange, request, body);
        break;
    }
}

/* "OPTIONS *" asks about the server as a whole; nothing else can be asked of it. */
static void answer_star(struct exchange *exchange, const struct http_request *request)
{
    if (str_equal(request->method, STR("OPTIONS")))
        return;
    exchange->response.status = 400;
    exchange->request.keep_alive = false;
}

static void route(struct exchange *exchange, const struct http_request *request, struct str body)
{
    int handler = handle_index;
    const char *allow = NULL;
    switch (http_route(routes, sizeof routes / sizeof *routes, request, &handler, &allow, &exchange->location)) {
    case http_route_found:
        handle(exchange, (enum handler)handler, request, body);
        break;
    case http_route_redirect:
        answer_redirect(exchange, request->method);
        break;
    case http_route_not_allowed:
        set(exchange, "Allow", str_of(allow));
        answer_plainly(exchange, 405, STR("Method Not Allowed"));
        break;
    case http_route_not_found:
        answer_plainly(exchange, 404, STR("404 page not found"));
        break;
    }
}

void exchange_begin(struct exchange *exchange, const struct http_request *request, struct str body)
{
    exchange->request = *request;
    exchange->is_head = str_equal(request->method, STR("HEAD"));
    if (str_equal(request->path, STR("*")))
        answer_star(exchange, request);
    else
        route(exchange, request, body);
}

static void finish_cpu(struct exchange *exchange)
{
    struct snapshot snapshot;
    snapshot_init(&snapshot, exchange->body.mem);
    int error = cpu_stop(&snapshot);
    if (error == 0)
        error = profiles_write_cpu(&exchange->body, &snapshot);
    if (error != 0)
        answer_error(exchange, 500, "failed to collect profile", "");
    snapshot_finish(&snapshot);
}

static void finish_delta(struct exchange *exchange)
{
    if (profiles_write_delta(&exchange->body, exchange->kind, &exchange->before) == 0)
        set_attachment(exchange, profile_format_of(exchange->kind)->name, "-delta");
    else
        answer_error(exchange, 500, "failed to collect profile", "");
    profile_moment_finish(&exchange->before);
}

void exchange_resume(struct exchange *exchange)
{
    enum exchange_wait waited = exchange->waits;
    exchange->waits = exchange_waits_for_nothing;
    if (waited == exchange_waits_for_cpu)
        finish_cpu(exchange);
    else if (waited == exchange_waits_for_delta)
        finish_delta(exchange);
}

void exchange_cancel(struct exchange *exchange)
{
    if (exchange->waits != exchange_waits_for_delta) {
        exchange_resume(exchange);
        return;
    }
    exchange->waits = exchange_waits_for_nothing;
    profile_moment_finish(&exchange->before);
    answer_error(exchange, 500, "context canceled", "");
}

bool exchange_write(const struct exchange *exchange, struct buf *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (exchange->body.failed || exchange->location.failed)
        return false;
    http_response_write_head(out, &exchange->response, &exchange->request, now.tv_sec, exchange->body.n);
    if (!exchange->is_head)
        buf_str(out, buf_text(&exchange->body));
    return !out->failed;
}
