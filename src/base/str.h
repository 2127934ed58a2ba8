/* Strings with a length: what comes from a file is not NUL-terminated and may hold any byte. */
#ifndef SONDE_BASE_STR_H
#define SONDE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *p; /* not owned; may be NULL when n is 0 */
    size_t n;      /* bytes */
};

/* A str over a string literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *c_string)
{
    return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Orders by bytes, as Go orders strings: negative, 0 or positive. */
int str_compare(struct str a, struct str b);

static inline bool str_starts_with(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends_with(struct str s, struct str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

/* The bytes from `from` (clamped to the length) on. */
static inline struct str str_skip(struct str s, size_t from)
{
    if (s.n == 0)
        return s; /* C adds nothing to NULL, not even 0 */
    return from > s.n ? (struct str){s.p + s.n, 0} : (struct str){s.p + from, s.n - from};
}

/* The first `length` bytes (clamped to the length). */
static inline struct str str_first(struct str s, size_t length)
{
    return (struct str){s.p, length < s.n ? length : s.n};
}

/* The position of the first needle at or after `from`, or s.n where there is none. */
size_t str_find(struct str s, struct str needle, size_t from);

/* The position of the last byte equal to c, or s.n where there is none. */
size_t str_find_last_byte(struct str s, char c);

#endif
