/* What stands in a URL: percent-encoding, form values and numbers, read as Go reads them (net/url.ParseQuery,
 * Request.FormValue, strconv), since a parameter must mean the same to both servers. */
#ifndef SONDE_HTTP_QUERY_H
#define SONDE_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Whether every '%' stands before two hexadecimal digits. */
bool http_escapes_are_valid(struct str s);

/* Decodes a path ('+' stays) or a part of a query ('+' is a space) into `to`, which has room for s.n bytes, and returns
 * the result, which points there; p is NULL where an escape is broken. */
struct str http_unescape_path(struct str s, char *to);
struct str http_unescape_query(struct str s, char *to);

/* The first value of a key in a query; empty where there is none. `room` has room for query.n bytes, and the value
 * points into it. Pairs with a ';' or a broken escape do not count. */
struct str http_query_value(struct str query, struct str key, char *room);

enum http_number { http_number_ok, http_number_not_one, http_number_too_large };

/* strconv.ParseInt(s, 10, 64): *value is 0 where it is no number, and the nearest one where it is too large. */
enum http_number http_parse_int(struct str s, int64_t *value);

/* strconv.ParseUint(s, 0, 64), the base given by a prefix (0x, 0o, 0b, 0) and '_' allowed between digits. */
enum http_number http_parse_uint(struct str s, uint64_t *value);

#endif
