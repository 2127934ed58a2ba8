/* A client of the server: reads requests from its socket, has them answered, and writes the answers, one step at a time
 * and never waiting. Whoever is too slow or says nothing is given up. */
#ifndef SONDE_RUNTIME_CONNECTION_H
#define SONDE_RUNTIME_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/request.h"
#include "runtime/exchange.h"

enum connection_state {
    connection_reads_head,
    connection_reads_body,
    connection_waits, /* for the exchange's time */
    connection_writes,
    connection_lingers, /* all is written: until the client has closed its side too */
};

struct connection {
    int fd; /* owned; -1 for none */
    enum connection_state state;
    struct buf in; /* the head, or what came of it */
    struct buf body;
    struct buf out;
    size_t scanned; /* of in (http_request_parse) */
    size_t decoded; /* of body, where it comes in chunks */
    size_t sent;    /* of out */
    size_t counted; /* of out, when the deadline was last put off */
    struct http_chunks chunks;
    struct http_request request;
    struct exchange exchange;
    bool stays;       /* for another request, after this answer */
    bool has_more;    /* bytes of the next request came already */
    bool answered;    /* it has had an answer */
    int64_t deadline; /* nanoseconds of CLOCK_MONOTONIC: when to step at the latest */
};

/* Takes over a non-blocking socket. `now` is in nanoseconds of CLOCK_MONOTONIC, here and below. */
void connection_open(struct connection *connection, int fd, struct mem *mem, int64_t now);

/* Closes the socket and frees everything. */
void connection_close(struct connection *connection);

/* What to poll the socket for. */
short connection_events(const struct connection *connection);

/* Goes on after poll has said `events` of the socket, or the deadline has come; false when the connection is over and
 * is to be closed. Answers at most one request. */
bool connection_step(struct connection *connection, short events, int64_t now);

/* Whether it has made no request for so long that it may have to make room for another client. */
bool connection_is_idle(const struct connection *connection, int64_t now);

#endif
