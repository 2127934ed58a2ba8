/* The public functions for profiles and for the endpoint. */
#include <errno.h>
#include <time.h>

#include "runtime/exchange.h"
#include "runtime/pages.h"
#include "runtime/profile_output.h"
#include "runtime/profiles.h"
#include "runtime/server.h"
#include "runtime/start.h"
#include "sonde/sonde.h"

int sonde_write_profile_to(const char *name, int debug, sonde_write_fn write, void *context)
{
    enum profile_kind kind;
    struct buf out;
    int saved = errno;
    start_ensure();
    if (!profile_kind_of(str_of(name), &kind))
        return ENOENT;
    buf_init(&out, pages_mem());
    int error = profiles_write(&out, kind, debug);
    if (error == 0)
        error = write(context, out.p, out.n);
    buf_finish(&out);
    errno = saved;
    return error;
}

int sonde_write_profile(const char *name, int debug, int fd)
{
    return sonde_write_profile_to(name, debug, profile_output_to_fd, &fd);
}

int sonde_http_serve(const char *address)
{
    int saved = errno;
    start_ensure();
    int error = server_start(str_of(address));
    errno = saved;
    return error;
}

const char *sonde_http_address(void)
{
    return server_address();
}

static void sleep_until(int64_t due)
{
    struct timespec until = {due / 1000000000, due % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

static bool answer(const struct http_request *request, struct str body, struct buf *out)
{
    struct exchange exchange;
    exchange_init(&exchange, pages_mem());
    exchange_begin(&exchange, request, body);
    if (exchange.waits != exchange_waits_for_nothing) {
        sleep_until(exchange.due);
        exchange_resume(&exchange);
    }
    bool ok = exchange_write(&exchange, out);
    exchange_finish(&exchange);
    return ok;
}

int sonde_http_handle(const char *method, const char *target, const void *body, size_t body_size, sonde_write_fn write,
                      void *context)
{
    static const struct http_refusal bad = {400, NULL, NULL};
    struct http_request request = {
        .method = str_of(method), .target = str_of(target), .minor = 1, .keep_alive = true, .body_size = body_size};
    struct buf out;
    int saved = errno;
    bool ok = true;
    start_ensure();
    buf_init(&out, pages_mem());
    if (http_target_split(request.target, &request.path, &request.query))
        ok = answer(&request, (struct str){body, body_size}, &out);
    else
        http_refusal_write(&out, &bad);
    int error = ok && !out.failed ? write(context, out.p, out.n) : ENOMEM;
    buf_finish(&out);
    errno = saved;
    return error;
}
