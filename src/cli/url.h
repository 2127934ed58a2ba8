/* The addresses of profiles: what of a source is a URL, and which one is asked. The rules are those of go tool pprof,
 * which are in part those of Go's net/url. */
#ifndef SONDE_CLI_URL_H
#define SONDE_CLI_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* The parts of scheme://userinfo@host/path?query#fragment, as written, without the punctuation around them. Borrowed
 * from the text. */
struct url {
    struct str scheme, userinfo, host, path, query, fragment;
    bool has_userinfo;
};

/* Splits a URL. False where the text is none: characters that no URL holds, a colon in the first path segment, ... A
 * text without scheme or host is a URL with these empty. */
bool url_parse(struct str text, struct url *url);

/* What to fetch for a source. */
struct profile_url {
    struct buf text; /* the whole URL; owned */
    int64_t timeout; /* seconds to wait for an answer */
};

/* Whether a source means a URL (host:port/path does too, and unix:/path/of/socket:/path, which becomes
 * http+unix://%2Fpath%2Fof%2Fsocket/path), and which: an empty path becomes that of the CPU profile,
 * seconds (where above 0) goes into the query, and the timeout (where not above 0) comes from the seconds or is 60. The
 * buffer of `result` must have been prepared by the caller; it is appended to where the value is true. */
bool url_of_profile(const char *source, int64_t seconds, int64_t timeout, struct profile_url *result);

/* The address that names functions for a profile that came from `profile_url`: symbol beside it, or symbolz where it is
 * no /debug/pprof/. False where that is no URL with a host. */
bool url_of_symbols(struct str profile_url, struct buf *out);

/* Appends a text with its %XX undone. */
void url_put_unescaped(struct buf *out, struct str text);

#endif
