#include "cli/url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/config.h"

static bool is_letter(char c)
{
    return isalpha((unsigned char)c);
}

/* The length of the scheme before a colon, 0 where there is none; false where a colon begins the text. */
static bool scheme_length(struct str text, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == ':') {
            *length = i;
            return i > 0;
        }
        bool later = i > 0 && (isdigit((unsigned char)c) || c == '+' || c == '-' || c == '.');
        if (!is_letter(c) && !later)
            return true;
    }
    return true;
}

static struct str cut(struct str *s, char at)
{
    size_t i = str_find(*s, (struct str){&at, 1}, 0);
    struct str rest = i == s->n ? (struct str){s->p + s->n, 0} : str_skip(*s, i + 1);
    *s = str_first(*s, i);
    return rest;
}

static bool escapes_are_whole(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        if (i + 2 >= s.n || !isxdigit((unsigned char)s.p[i + 1]) || !isxdigit((unsigned char)s.p[i + 2]))
            return false;
    }
    return true;
}

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];
        if (c < 0x80 && !isalnum(c) && !strchr("-._~!$&'()*+,;=:[]<>\"%", c))
            return false;
    }
    size_t colon = str_find_last_byte(host, ':');
    if (colon == host.n || (host.n > 0 && host.p[host.n - 1] == ']'))
        return true;
    for (size_t i = colon + 1; i < host.n; i++) {
        if (!isdigit((unsigned char)host.p[i]))
            return false;
    }
    return true;
}

/* Takes "userinfo@host" from after the slashes. */
static bool parse_authority(struct str authority, struct url *url)
{
    size_t at = str_find_last_byte(authority, '@');
    url->has_userinfo = at < authority.n;
    if (url->has_userinfo) {
        url->userinfo = str_first(authority, at);
        authority = str_skip(authority, at + 1);
    }
    url->host = authority;
    return is_host(authority);
}

bool url_parse(struct str text, struct url *url)
{
    struct url u = {.scheme = {text.p, 0}};
    size_t length;
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
            return false;
    }
    struct str rest = text;
    u.fragment = cut(&rest, '#');
    if (!scheme_length(rest, &length))
        return false;
    u.scheme = str_first(rest, length);
    if (length > 0)
        rest = str_skip(rest, length + 1);
    u.query = cut(&rest, '?');
    if (str_starts_with(rest, STR("//"))) {
        struct str authority = str_skip(rest, 2);
        size_t slash = str_find(authority, STR("/"), 0);
        u.path = str_skip(authority, slash);
        if (!parse_authority(str_first(authority, slash), &u))
            return false;
    } else {
        u.path = rest;
        size_t colon = str_find(rest, STR(":"), 0), slash = str_find(rest, STR("/"), 0);
        if (length == 0 && colon < slash)
            return false; /* host:port, not a path */
    }
    if (!escapes_are_whole(u.path))
        return false;
    *url = u;
    return true;
}

static void put_escaped(struct buf *out, char c)
{
    buf_printf(out, "%%%02X", (unsigned char)c);
}

/* Bytes that no URL holds are escaped; what is escaped stays so. */
static void put_path(struct buf *out, struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if (isalnum((unsigned char)c) || strchr("-._~$&+,/:;=@!'()*[]%", c))
            buf_byte(out, c);
        else
            put_escaped(out, c);
    }
}

static void put_query_text(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (isalnum((unsigned char)c) || (c != '\0' && strchr("-._~", c)))
            buf_byte(out, c);
        else if (c == ' ')
            buf_byte(out, '+');
        else
            put_escaped(out, c);
    }
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void put_unescaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n) {
            buf_byte(out, (char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2])));
            i += 2;
        } else {
            buf_byte(out, s.p[i] == '+' ? ' ' : s.p[i]);
        }
    }
}

void url_put_unescaped(struct buf *out, struct str text)
{
    if (escapes_are_whole(text))
        put_unescaped(out, text);
}

/* One key=value of a query, unescaped into a buffer that the query owns. */
struct query_pair {
    size_t key, value, end; /* offsets in the buffer: key up to value, value up to end */
};

enum { most_pairs = 64 };

struct query {
    struct buf text;
    struct query_pair pairs[most_pairs];
    size_t n;
};

static struct str pair_key(const struct query *q, size_t i)
{
    return (struct str){q->text.p + q->pairs[i].key, q->pairs[i].value - q->pairs[i].key};
}

static struct str pair_value(const struct query *q, size_t i)
{
    return (struct str){q->text.p + q->pairs[i].value, q->pairs[i].end - q->pairs[i].value};
}

/* Adds a pair behind those whose key is not greater: Go sorts the keys and keeps the order of one key's values. */
static void query_add(struct query *q, struct str key, struct str value)
{
    if (q->n == most_pairs || !escapes_are_whole(key) || !escapes_are_whole(value))
        return;
    struct query_pair pair = {.key = q->text.n};
    put_unescaped(&q->text, key);
    pair.value = q->text.n;
    put_unescaped(&q->text, value);
    pair.end = q->text.n;
    struct str fresh = {q->text.p + pair.key, pair.value - pair.key};
    size_t at = q->n++;
    for (; at > 0 && str_compare(pair_key(q, at - 1), fresh) > 0; at--)
        q->pairs[at] = q->pairs[at - 1];
    q->pairs[at] = pair;
}

static void query_parse(struct query *q, struct str text)
{
    while (text.n > 0) {
        struct str value = text;
        text = cut(&value, '&');
        struct str key = value;
        if (value.n == 0 || str_find(value, STR(";"), 0) < value.n)
            continue;
        value = cut(&key, '=');
        query_add(q, key, value);
    }
}

static void query_remove(struct query *q, struct str key)
{
    size_t kept = 0;
    for (size_t i = 0; i < q->n; i++) {
        if (!str_equal(pair_key(q, i), key))
            q->pairs[kept++] = q->pairs[i];
    }
    q->n = kept;
}

/* The number of seconds that a query asks for, 0 where it asks for none. */
static int64_t query_seconds(const struct query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        char digits[24];
        struct str value = pair_value(q, i);
        int64_t seconds;
        if (!str_equal(pair_key(q, i), STR("seconds")))
            continue;
        if (value.n >= sizeof digits)
            return 0;
        memcpy(digits, value.p, value.n);
        digits[value.n] = '\0';
        return config_parse_int(digits, false, &seconds) && seconds <= INT32_MAX ? seconds : 0;
    }
    return 0;
}

static void put_query(struct buf *out, const struct query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        buf_byte(out, i == 0 ? '?' : '&');
        put_query_text(out, pair_key(q, i));
        buf_byte(out, '=');
        put_query_text(out, pair_value(q, i));
    }
}

static void put_origin(struct buf *out, const struct url *url)
{
    buf_str(out, url->scheme);
    buf_str(out, STR("://"));
    if (url->has_userinfo) {
        buf_str(out, url->userinfo);
        buf_byte(out, '@');
    }
    buf_str(out, url->host);
}

/* Puts unix:/path/of/socket:/path as a URL whose host is the socket's path. */
static bool put_unix_url(struct str source, struct buf *out)
{
    if (!str_starts_with(source, STR("unix:")))
        return false;
    struct str path = str_skip(source, str_starts_with(source, STR("unix://")) ? 7 : 5);
    struct str rest = cut(&path, ':');
    if (path.n == 0 || path.p[0] != '/' || (rest.n > 0 && rest.p[0] != '/'))
        return false;
    buf_str(out, STR("http+unix://"));
    put_query_text(out, path);
    buf_str(out, rest);
    return true;
}

/* Reads the source as a URL with a host, putting http:// before what looks like host:port; the text is kept in
 * `spare`. */
static bool parse_source(const char *source, struct buf *spare, struct url *url)
{
    if (put_unix_url(str_of(source), spare))
        return url_parse(buf_text(spare), url);
    bool parsed = url_parse(str_of(source), url);
    if (!parsed || (url->host.n == 0 && url->scheme.n > 0 && !str_equal(url->scheme, STR("file")))) {
        buf_printf(spare, "http://%s", source);
        parsed = url_parse(buf_text(spare), url);
    }
    return parsed && url->host.n > 0 && url->scheme.n > 0;
}

bool url_of_profile(const char *source, int64_t seconds, int64_t timeout, struct profile_url *result)
{
    struct buf spare;
    struct url url;
    buf_init(&spare, result->text.mem);
    bool is_url = parse_source(source, &spare, &url);
    if (is_url) {
        struct query query = {.n = 0};
        char digits[24];
        buf_init(&query.text, result->text.mem);
        query_parse(&query, url.query);
        if (seconds > 0) {
            int n = snprintf(digits, sizeof digits, "%lld", (long long)seconds);
            query_remove(&query, STR("seconds"));
            query_add(&query, STR("seconds"), (struct str){digits, (size_t)n});
        } else {
            seconds = query_seconds(&query);
        }
        put_origin(&result->text, &url);
        put_path(&result->text, url.path.n <= 1 ? STR("/debug/pprof/profile") : url.path);
        put_query(&result->text, &query);
        result->timeout = timeout > 0 ? timeout : seconds > 0 ? seconds + seconds / 2 : 60;
        buf_finish(&query.text);
    }
    buf_finish(&spare);
    return is_url;
}

static bool names_by_symbol(struct str path)
{
    static const struct str ends[] = {
        {"/pprof/heap", 11},       {"/pprof/growth", 13},     {"/pprof/profile", 14},
        {"/pprof/pmuprofile", 17}, {"/pprof/contention", 17},
    };
    if (str_find(path, STR("/debug/pprof/"), 0) < path.n)
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (str_ends_with(path, ends[i]))
            return true;
    }
    return false;
}

bool url_of_symbols(struct str profile_url, struct buf *out)
{
    struct url url;
    if (!url_parse(profile_url, &url) || url.host.n == 0)
        return false;
    struct str name = names_by_symbol(url.path) ? STR("symbol") : STR("symbolz");
    size_t slash = str_find_last_byte(url.path, '/');
    put_origin(out, &url);
    put_path(out, str_first(url.path, slash));
    buf_byte(out, '/');
    buf_str(out, name);
    return true;
}
