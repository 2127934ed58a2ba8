/* HTTP requests, many at a time, through libcurl. The library is loaded when the first request is made and not before:
 * it brings in some thirty others, and starting a program with it costs 4 ms that a report on a file does not have to
 * pay. */
#ifndef SONDE_CLI_TRANSFER_H
#define SONDE_CLI_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/url.h"

struct transfer {
    /* The request. */
    const char *url;  /* borrowed; scheme https+insecure asks for no check of certificates */
    const char *post; /* borrowed body of a POST, or NULL for a GET */
    int64_t timeout;  /* seconds without an answer, or without more of it, after which it is given up */

    /* The answer, valid after transfers_run. The buffers must have been prepared by the caller. */
    struct buf body;
    struct buf error; /* one line that says why it failed; empty on success */
    bool done;        /* also while others still run */
};

/* Certificates for https: files, "" for none. */
struct transfer_tls {
    const char *cert, *key, *ca;
};

struct transfer_watch {
    /* Called about five times a second while any request runs, with the seconds since the first began. May be NULL. */
    void (*tick)(void *to, const struct transfer *transfers, size_t n, double seconds);
    void *to;
};

/* Makes all requests at the same time and returns when each is done. A request fails where the server cannot be
 * reached, answers with another status than 200, breaks off, or answers with more than 4 GiB. False, with the reason in
 * `error`, where none could be made at all. */
bool transfers_run(struct transfer *transfers, size_t n, const struct transfer_tls *tls,
                   const struct transfer_watch *watch, struct buf *error);

#endif
