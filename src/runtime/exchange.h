/* One request to /debug/pprof/ and its answer, as net/http/pprof of Go answers it, without any I/O: an exchange begins,
 * may have to wait for its profile's seconds to pass, and then has its answer. The waiting is the caller's, so that one
 * thread can serve everyone. */
#ifndef SONDE_RUNTIME_EXCHANGE_H
#define SONDE_RUNTIME_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/request.h"
#include "http/response.h"
#include "runtime/profiles.h"

enum exchange_wait { exchange_waits_for_nothing, exchange_waits_for_cpu, exchange_waits_for_delta };

struct exchange {
    struct http_request request; /* its strings are valid only in exchange_begin */
    bool is_head;
    struct http_response response;
    char disposition[64]; /* header values that are made */
    struct buf location;
    struct buf body;
    enum exchange_wait waits;
    int64_t due; /* when the waiting is over: nanoseconds of CLOCK_MONOTONIC */
    enum profile_kind kind;
    struct profile_moment before;
};

/* Prepares an exchange; allocates nothing. exchange_finish gives back what it holds, at any time, and ends a CPU
 * profile that it is waiting for. */
void exchange_init(struct exchange *exchange, struct mem *mem);
void exchange_finish(struct exchange *exchange);

/* Answers a request with its body, or begins to wait (then exchange->waits is not exchange_waits_for_nothing). What is
 * passed is not needed any longer afterwards. */
void exchange_begin(struct exchange *exchange, const struct http_request *request, struct str body);

/* Makes the answer, once the waiting is over. */
void exchange_resume(struct exchange *exchange);

/* Makes the answer at once, because the client has gone: of a CPU profile what there is of it. */
void exchange_cancel(struct exchange *exchange);

/* Appends the answer: status line, headers and, but for HEAD, the body. False on exhaustion. */
bool exchange_write(const struct exchange *exchange, struct buf *out);

#endif
