#include "http/query.h"

/* Go refuses to look for values in a query of more pairs. */
enum { pairs_most = 10000 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool escape_is_valid(struct str s, size_t at)
{
    return at + 2 < s.n && hex_digit(s.p[at + 1]) >= 0 && hex_digit(s.p[at + 2]) >= 0;
}

bool http_escapes_are_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '%' && !escape_is_valid(s, i))
            return false;
    return true;
}

static struct str unescape(struct str s, char plus, char *to)
{
    size_t n = 0;
    if (!http_escapes_are_valid(s))
        return (struct str){0};
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            to[n++] = (char)((unsigned)hex_digit(s.p[i + 1]) << 4 | (unsigned)hex_digit(s.p[i + 2]));
            i += 2;
        } else {
            to[n++] = s.p[i] == '+' ? plus : s.p[i];
        }
    }
    return (struct str){to, n};
}

struct str http_unescape_path(struct str s, char *to)
{
    return unescape(s, '+', to);
}

struct str http_unescape_query(struct str s, char *to)
{
    return unescape(s, ' ', to);
}

static bool has_too_many_pairs(struct str query)
{
    size_t pairs = 1;
    for (size_t i = 0; i < query.n; i++)
        pairs += query.p[i] == '&';
    return pairs > pairs_most;
}

/* The value of one pair, where its key is the one asked for; p is NULL otherwise. */
static struct str pair_value(struct str pair, struct str key, char *room)
{
    size_t equals = str_find(pair, STR("="), 0);
    if (str_find(pair, STR(";"), 0) < pair.n)
        return (struct str){0};
    struct str found = http_unescape_query(str_first(pair, equals), room);
    if (!found.p || !str_equal(found, key))
        return (struct str){0};
    return http_unescape_query(str_skip(pair, equals + 1), room);
}

struct str http_query_value(struct str query, struct str key, char *room)
{
    if (has_too_many_pairs(query))
        return STR("");
    while (query.n > 0) {
        size_t end = str_find(query, STR("&"), 0);
        struct str pair = str_first(query, end), value = {0};
        if (pair.n > 0)
            value = pair_value(pair, key, room);
        if (value.p)
            return value;
        query = str_skip(query, end + 1);
    }
    return STR("");
}

/* The digits of a number in a base; '_' is passed over where it may stand. As in Go, what follows the digit that makes
 * the number too large is not looked at. */
static enum http_number parse_digits(struct str s, unsigned base, bool underscores, uint64_t *value)
{
    uint64_t n = 0;
    if (s.n == 0)
        return http_number_not_one;
    for (size_t i = 0; i < s.n; i++) {
        int digit = hex_digit(s.p[i]);
        if (s.p[i] == '_' && underscores)
            continue;
        if (digit < 0 || (unsigned)digit >= base)
            return http_number_not_one;
        if (__builtin_mul_overflow(n, (uint64_t)base, &n) || __builtin_add_overflow(n, (uint64_t)digit, &n)) {
            *value = UINT64_MAX;
            return http_number_too_large;
        }
    }
    *value = n;
    return http_number_ok;
}

enum http_number http_parse_int(struct str s, int64_t *value)
{
    uint64_t size = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = str_skip(s, 1);
    *value = 0;
    enum http_number is = parse_digits(s, 10, false, &size);
    if (is == http_number_not_one)
        return is;
    uint64_t most = (uint64_t)INT64_MAX + negative;
    if (size > most) {
        size = most;
        is = http_number_too_large;
    }
    *value = negative ? (int64_t)(0 - size) : (int64_t)size;
    return is;
}

/* Whether every '_' stands between two digits, or between a base prefix and a digit. */
static bool underscores_are_between(struct str digits, bool prefixed)
{
    bool before = prefixed;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] == '_' && !before)
            return false;
        before = digits.p[i] != '_';
    }
    return before;
}

enum http_number http_parse_uint(struct str s, uint64_t *value)
{
    unsigned base = 10;
    uint64_t read;
    *value = 0;
    if (s.n > 0 && s.p[0] == '0') {
        char letter = s.n >= 3 ? (char)(s.p[1] | 0x20) : '0';
        base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
        bool named = letter == 'x' || letter == 'b' || letter == 'o';
        if (named || s.n > 1)
            s = str_skip(s, named ? 2 : 1);
    }
    enum http_number is = parse_digits(s, base, true, &read);
    if (is == http_number_ok && str_find(s, STR("_"), 0) < s.n && !underscores_are_between(s, base != 10))
        is = http_number_not_one;
    if (is != http_number_not_one)
        *value = read;
    return is;
}
